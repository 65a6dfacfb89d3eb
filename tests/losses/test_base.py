"""What every loss must satisfy, for each registered loss and each option."""

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from skbalance.losses import (
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    DistributionBalancedLoss,
    FocalLoss,
    LabelStatistics,
    NegativeTolerantFocalLoss,
    PositivePairs,
    SquaredHingeLoss,
)

from .oracle import elementwise_loss, positive_weight
from .variants import OF_MARGINS, STATISTICS, VARIANTS, batch

each_variant = pytest.mark.parametrize("loss", VARIANTS.values(), ids=VARIANTS.keys())
OF_ONE_MARGIN = {n: v for n, v in OF_MARGINS.items() if {"gamma_pos", "hill", "A"}.isdisjoint(v.get_params())}


@st.composite
def problems(draw):
    """Logits, targets and counts, rows without a label among them."""
    n_samples, n_labels = draw(st.integers(1, 4)), draw(st.integers(3, 5))
    n_total = draw(st.integers(10, 1000))
    counts = draw(st.lists(st.integers(1, n_total - 1), min_size=n_labels, max_size=n_labels))
    logit = st.floats(-15, 15, allow_nan=False)
    logits = draw(
        st.lists(st.lists(logit, min_size=n_labels, max_size=n_labels), min_size=n_samples, max_size=n_samples)
    )
    label = st.integers(0, 1)
    targets = draw(
        st.lists(st.lists(label, min_size=n_labels, max_size=n_labels), min_size=n_samples, max_size=n_samples)
    )
    return np.array(logits, dtype=float), np.array(targets), counts, n_total


@each_variant
@settings(max_examples=25, deadline=None)
@given(problem=problems())
def test_agrees_with_the_oracle(loss, problem):
    logits, targets, counts, n_samples = problem
    criterion = loss.bind(LabelStatistics(counts, n_samples), reduction="none")
    base = "squared_hinge" if isinstance(loss, SquaredHingeLoss) else "focal"
    expected = elementwise_loss(logits, targets, counts, n_samples, loss.get_params(), base)
    actual = criterion(torch.tensor(logits), torch.tensor(targets)).numpy()
    np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-10)


@each_variant
@settings(max_examples=3, deadline=None)
@given(problem=problems())
def test_gradient_agrees_with_finite_differences(loss, problem):
    logits, targets, counts, n_samples = problem
    criterion = loss.bind(LabelStatistics(counts, n_samples), reduction="none")
    logits = torch.tensor(logits, requires_grad=True)
    torch.autograd.gradcheck(lambda z: criterion(z, torch.tensor(targets)), logits, atol=1e-5, rtol=1e-4)


def autograd_loss(logits, targets, loss):
    """Functions of the margin through autograd, from torch's own log-sigmoid and relu."""
    p = loss.get_params()
    base = p.get("base", "focal")
    gamma, alpha = (p.get("gamma", 0.0), p.get("alpha")) if base == "focal" else (0.0, None)
    criterion = loss.bind(STATISTICS)
    pairs = PositivePairs.from_targets(targets)
    weight = criterion.weighting.for_batch(pairs, logits.dtype).block(0, len(logits))
    bias = 0.0 if criterion.logit_bias is None else criterion.logit_bias
    neg_weight = p.get("neg_weight") or 1 / p.get("neg_scale", 1.0)
    s = torch.where(targets, logits - bias, p.get("neg_scale", 1.0) * (logits - bias))
    m = torch.where(targets, s, -s)
    y = targets.to(logits.dtype)
    pos_weight = [positive_weight(p["pos_weight"], n, STATISTICS.n_samples) for n in STATISTICS.counts]
    factor = y * torch.tensor(pos_weight, dtype=logits.dtype) + (1 - y) * neg_weight
    if alpha is not None:
        factor = factor * (y * alpha + (1 - y) * (1 - alpha))
    weight = p["scale"] * weight * factor
    if isinstance(loss, SquaredHingeLoss):
        return weight * torch.relu(1 - m) ** 2
    return weight * torch.sigmoid(-m) ** gamma * -torch.nn.functional.logsigmoid(m)


@pytest.mark.parametrize("loss", OF_ONE_MARGIN.values(), ids=OF_ONE_MARGIN.keys())
def test_gradient_agrees_with_autograd(loss):
    logits, targets = batch(0, n_samples=40)
    one, two = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    loss.bind(STATISTICS, "sum")(one, targets).backward()
    autograd_loss(two, targets, loss).sum().backward()
    np.testing.assert_allclose(one.grad, two.grad, rtol=1e-9, atol=1e-12)


@each_variant
def test_reductions_agree(loss):
    logits, targets = batch(1)
    elements = loss.bind(STATISTICS, "none")(logits, targets)
    torch.testing.assert_close(loss.bind(STATISTICS, "row_sum")(logits, targets), elements.sum(1))
    torch.testing.assert_close(loss.bind(STATISTICS, "sum")(logits, targets), elements.sum())
    torch.testing.assert_close(loss.bind(STATISTICS)(logits, targets), elements.mean())


@each_variant
def test_targets_of_every_kind_agree(loss):
    logits, targets = batch(2)
    criterion = loss.bind(STATISTICS)
    expected = criterion(logits, targets)
    for other in (
        targets.double(),
        targets.long(),
        targets.float().to_sparse_coo(),
        PositivePairs.from_targets(targets),
        PositivePairs.from_targets(targets).to("cpu"),
    ):
        torch.testing.assert_close(criterion(logits, other), expected, rtol=0, atol=0)


def test_class_indices_are_one_hot():
    logits, _ = batch(3)
    index = torch.tensor([0, 4, 1, 2, 3, 0, 1])
    criterion = FocalLoss().bind(STATISTICS)
    torch.testing.assert_close(criterion(logits, index), criterion(logits, torch.eye(5)[index]), rtol=0, atol=0)


@each_variant
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_lower_precision_agrees_with_double(loss, dtype):
    logits, targets = batch(4, dtype=dtype)
    criterion = loss.bind(STATISTICS, "row_sum")
    single, double = logits.clone().requires_grad_(), logits.double().requires_grad_()
    actual, expected = criterion(single, targets), criterion(double, targets)
    assert actual.dtype == torch.float32
    torch.testing.assert_close(actual.double(), expected, rtol=1e-5, atol=1e-5)
    actual.sum().backward()
    expected.sum().backward()
    assert single.grad.dtype == dtype
    eps = max(torch.finfo(dtype).eps, 1e-5)
    torch.testing.assert_close(single.grad.double(), double.grad, rtol=2 * eps, atol=2 * eps)


@each_variant
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
def test_saturated_logits_stay_finite(loss, dtype):
    logits = torch.tensor([[1e4, -1e4, 1e4, -1e4, 0.0], [-1e4, 1e4, -1e4, 1e4, 1e4]], dtype=dtype).requires_grad_()
    targets = torch.tensor([[1, 1, 0, 0, 1], [1, 1, 0, 0, 0]])
    value = loss.bind(STATISTICS, "row_sum")(logits, targets)
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(logits.grad).all()
    assert (value > 0).all()


@pytest.mark.parametrize("gamma", [0.1, 0.5, 0.999])
def test_fractional_gamma_saturated(gamma):
    logits = torch.tensor([[800.0, -800.0]], dtype=torch.float64, requires_grad=True)
    value = FocalLoss(gamma=gamma).bind(LabelStatistics([1, 1], 4), "sum")(logits, torch.tensor([[1, 0]]))
    value.backward()
    assert value.item() == 0
    assert logits.grad.abs().max() == 0


@each_variant
@pytest.mark.parametrize("counts", [[0, 60, 9, 2, 1], [200, 60, 9, 2, 0], [200] * 5, [0] * 5])
def test_labels_without_or_with_only_positives(loss, counts):
    logits, targets = batch(5)
    logits.requires_grad_()
    value = loss.bind(LabelStatistics(counts, 200), "none")(logits, targets)
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(logits.grad).all()


@each_variant
def test_rows_without_positive_label(loss):
    logits, targets = batch(6)
    targets[[0, 3]] = False
    logits[0].clamp_(min=-0.5)  # within every loss's margin
    logits.requires_grad_()
    value = loss.bind(STATISTICS, "none")(logits, targets)
    value.sum().backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(logits.grad).all()
    assert (value[0] > 0).all()


@each_variant
def test_logits_are_left_alone(loss):
    logits, targets = batch(7)
    before = logits.clone()
    loss.bind(STATISTICS)(logits.requires_grad_(), targets).backward()
    assert torch.equal(logits.detach(), before)


def test_graph_can_be_walked_twice():
    logits, targets = batch(9)
    logits.requires_grad_()
    rows = FocalLoss().bind(STATISTICS, "row_sum")(logits, targets)
    (once,) = torch.autograd.grad(rows, logits, torch.ones(7, dtype=torch.float64), retain_graph=True)
    (twice,) = torch.autograd.grad(rows, logits, torch.full((7,), 3.0, dtype=torch.float64))
    torch.testing.assert_close(twice, 3 * once)


def test_no_gradient_is_formed_without_need():
    logits, targets = batch(10)
    with torch.no_grad():
        assert not FocalLoss().bind(STATISTICS)(logits.requires_grad_(), targets).requires_grad


def test_transposed_logits():
    logits, targets = batch(11)
    criterion = DistributionBalancedLoss(mu=0.5).bind(STATISTICS)
    torch.testing.assert_close(criterion(logits.T.contiguous().T, targets), criterion(logits, targets))


def test_a_gradient_scaler_lifts_the_mean_in_half_precision():
    logits, targets = batch(16, n_samples=20_000, dtype=torch.float16)
    half, double = logits.clone().requires_grad_(), logits.double().requires_grad_()
    criterion = FocalLoss().bind(STATISTICS)
    (criterion(half, targets) * 2.0**16).backward()
    (criterion(double, targets) * 2.0**16).backward()
    torch.testing.assert_close(half.grad.double(), double.grad, rtol=2e-3, atol=1e-5)


def test_gamma_zero_is_binary_cross_entropy():
    logits, targets = batch(12)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets.double())
    for loss in (
        FocalLoss(gamma=0, alpha=None),
        BinaryCrossEntropy(),
        NegativeTolerantFocalLoss(neg_scale=1, kappa=0, gamma=0, alpha=None),
        ClassBalancedFocalLoss(beta=0, scale=1, base="sigmoid"),
    ):
        torch.testing.assert_close(loss.bind(STATISTICS)(logits, targets), expected, rtol=1e-12, atol=0)


def test_the_squared_hinge_is_that_of_a_support_vector_machine():
    loss = SquaredHingeLoss(scale=1).bind(STATISTICS, "none")
    logits = torch.tensor([[-3.0, -1.0, 0.0, 1.0, 3.0]], dtype=torch.float64).repeat(2, 1)
    value = loss(logits, torch.tensor([[1] * 5, [0] * 5]))
    assert value.tolist() == [[16, 4, 1, 0, 0], [0, 0, 1, 4, 16]]


@each_variant
def test_clone_pickle_and_params(loss):
    copy = clone(loss)
    assert copy.get_params() == loss.get_params()
    assert repr(copy) == repr(loss)
    logits, targets = batch(14)
    criterion = loss.bind(STATISTICS)
    again = pickle.loads(pickle.dumps(criterion))
    torch.testing.assert_close(again(logits, targets), criterion(logits, targets), rtol=0, atol=0)
    assert not callable(loss)


@each_variant
def test_scale_is_a_factor(loss):
    logits, targets = batch(15)
    twice = clone(loss).set_params(scale=2 * loss.scale)
    torch.testing.assert_close(twice.bind(STATISTICS)(logits, targets), 2 * loss.bind(STATISTICS)(logits, targets))


def test_trains_a_bare_loop():
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.normal(size=(60, 4)), dtype=torch.float32)
    targets = (x @ torch.tensor(rng.normal(size=(4, 3)), dtype=torch.float32)) > 0.5
    model = torch.nn.Linear(4, 3)
    criterion = DistributionBalancedLoss().bind(LabelStatistics.from_targets(targets.numpy()))
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    values = []
    for _ in range(30):
        optimizer.zero_grad()
        value = criterion(model(x), targets)
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < 0.7 * values[0]
