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
    RebalancedFocalLoss,
    SquaredHingeLoss,
    TwoWayLoss,
    get_loss,
    get_loss_names,
)

from .oracle import elementwise_loss, positive_weight
from .variants import OF_MARGINS, VARIANTS

STATISTICS = LabelStatistics([120, 60, 9, 2, 1], 200)

each_variant = pytest.mark.parametrize("loss", VARIANTS.values(), ids=VARIANTS.keys())
OF_ONE_MARGIN = {n: v for n, v in OF_MARGINS.items() if {"gamma_pos", "hill", "A"}.isdisjoint(v.get_params())}
each_of_margins = pytest.mark.parametrize("loss", OF_MARGINS.values(), ids=OF_MARGINS.keys())


def batch(seed, n_samples=7, n_labels=5, spread=4.0, dtype=torch.float64):
    rng = np.random.default_rng(seed)
    logits = torch.tensor(rng.normal(scale=spread, size=(n_samples, n_labels)), dtype=dtype)
    targets = rng.random((n_samples, n_labels)) < 0.4
    targets[np.arange(n_samples), rng.integers(n_labels, size=n_samples)] = True
    return logits, torch.tensor(targets)


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


def test_row_without_positive_label_has_the_limiting_weight():
    targets, logits = torch.zeros(1, 5, dtype=torch.bool), torch.zeros(1, 5, dtype=torch.float64)
    plain = FocalLoss().bind(STATISTICS, "none")(logits, targets)
    rebalanced = RebalancedFocalLoss(mu=0.5, map_alpha=0.2).bind(STATISTICS, "none")(logits, targets)
    torch.testing.assert_close(rebalanced, 1.2 * plain)
    for mode in ("average_n", "average_w", "min_n"):
        loss = ClassBalancedFocalLoss(beta=0.99, mode=mode, scale=1)
        torch.testing.assert_close(loss.bind(STATISTICS, "none")(logits, targets), 0.01 * plain)


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


def test_pos_weight_is_that_of_torch():
    logits, targets = batch(13)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, targets.double(), pos_weight=torch.full((5,), 2.5, dtype=torch.float64)
    )
    torch.testing.assert_close(BinaryCrossEntropy(pos_weight=2.5).bind(STATISTICS)(logits, targets), expected)


def test_pos_weight_label_by_label():
    logits, targets = batch(13)
    weight = [0.5, 1.0, 20.0, 3.0, 1e3]
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, targets.double(), pos_weight=torch.tensor(weight, dtype=torch.float64), reduction="none"
    )
    for form in (weight, np.array(weight), np.array(weight, dtype=np.float32)):
        actual = BinaryCrossEntropy(pos_weight=form).bind(STATISTICS, "none")(logits, targets)
        torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-12)


def test_balanced_positives_weigh_as_much_as_the_negatives():
    y = torch.tensor(np.random.default_rng(0).random((50, 4)) < [0.5, 0.2, 0.1, 0.9])
    value = BinaryCrossEntropy(pos_weight="balanced").bind(LabelStatistics.from_targets(y.numpy()), "none")
    value = value(torch.zeros(50, 4, dtype=torch.float64), y)
    torch.testing.assert_close((value * y).sum(0), (value * ~y).sum(0))


@pytest.mark.parametrize("name", [name for name in get_loss_names() if "pos_weight" in get_loss(name).get_params()])
def test_pos_weight_is_a_factor_of_the_positives_in_every_loss(name):
    logits, targets = batch(17)
    loss = VARIANTS[name]
    plain = clone(loss).set_params(pos_weight=1.0).bind(STATISTICS, "none")(logits, targets)
    weighted = clone(loss).set_params(pos_weight=[0.5, 1, 2, 4, 8]).bind(STATISTICS, "none")(logits, targets)
    factor = torch.where(targets, torch.tensor([0.5, 1, 2, 4, 8], dtype=torch.float64), 1.0)
    torch.testing.assert_close(weighted, plain * factor, rtol=1e-13, atol=0)


def test_balanced_positives_have_a_stronger_penalty():
    strengths = [
        BinaryCrossEntropy(pos_weight=weight).penalty_strength for weight in (3.0, "sqrt_balanced", "balanced")
    ]
    assert strengths[1] == strengths[2] == 10 * strengths[0] > 0


def test_the_penalty_follows_what_the_positive_weights_leave_of_the_variance():
    for loss, usual in ((BinaryCrossEntropy(), 1.0), (DistributionBalancedLoss(), 1.0), (SquaredHingeLoss(), 0.25)):
        for weight, left in ((1.0, 1), (3.0, 1), ([1, 2], 1), ("sqrt_balanced", 0.5), ("balanced", 0)):
            assert clone(loss).set_params(pos_weight=weight).penalty_exponent == usual * left


@pytest.mark.parametrize("counts", [[0, 200], [200, 0], [0, 0]])
def test_balanced_weights_of_constant_labels_are_those_of_one_sample(counts):
    statistics = LabelStatistics(counts, 200)
    logits = torch.zeros(1, 2, dtype=torch.float64)
    value = BinaryCrossEntropy(pos_weight="balanced").bind(statistics, "none")(logits, torch.ones(1, 2)) / np.log(2)
    np.testing.assert_allclose(value[0], [199.0 if n == 0 else 1 / 199 for n in counts], rtol=1e-12)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ([1, 2], r"pos_weight must have shape \(n_labels,\) = \(5,\); got \(2,\)"),
        ([[1, 2, 3, 4, 5]], r"got \(1, 5\)"),
        ([1, 2, 0, 4, -5], r"above 0; got \[0.0, -5.0\]"),
        ([1, 2, 3, 4, np.nan], r"finite numbers above 0; got \[nan\]"),
        (["a", "b", "c", "d", "e"], "must hold numbers"),
        ("balance", "'sqrt_balanced'.*Got 'balance'"),
    ],
)
def test_bad_pos_weight(weight, message):
    with pytest.raises(ValueError, match=message):
        FocalLoss(pos_weight=weight).bind(STATISTICS)


def test_exclusive_classes_have_no_positive_weight():
    with pytest.raises(ValueError, match=r"pos_weight must be 1\.0 with base='softmax'.*got 'balanced'"):
        ClassBalancedFocalLoss(base="softmax", pos_weight="balanced").bind(STATISTICS)


def test_beta_near_one_is_exact():
    beta = 1 - 1e-8
    loss = ClassBalancedFocalLoss(beta=beta, gamma=0, alpha=None, scale=1)
    criterion = loss.bind(LabelStatistics([1, 1000, 10**7], 10**8), "none")
    weight = criterion(torch.zeros(1, 3, dtype=torch.float64), torch.ones(1, 3)) / np.log(2)
    gap = 1 - beta  # as float64 holds it
    expected = [1.0, 1.0 / (1000 * (1 - 999 / 2 * gap)), gap / -np.expm1(1e7 * np.log1p(-gap))]
    np.testing.assert_allclose(weight[0], expected, rtol=1e-9)


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


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (FocalLoss(gamma=-1), "'gamma'.*FocalLoss.*Got -1"),
        (FocalLoss(alpha=1.5), "'alpha'.*Got 1.5"),
        (FocalLoss(reweight="inv"), "'reweight'.*'inverse'.*Got 'inv'"),
        (FocalLoss(reweight_norm="by_instance"), "'reweight_norm'.*'batch'"),
        (BinaryCrossEntropy(pos_weight=0), "'pos_weight'"),
        (ClassBalancedFocalLoss(beta=1.0), "'beta'"),
        (ClassBalancedFocalLoss(mode="average"), "'mode'.*'average_n'.*Got 'average'"),
        (ClassBalancedFocalLoss(base="hinge"), "'base'"),
        (NegativeTolerantFocalLoss(neg_scale=0), "'neg_scale'"),
        (NegativeTolerantFocalLoss(neg_scale=1e-320), "'neg_scale'"),
        (TwoWayLoss(neg_temperature=1e-320), "'neg_temperature'"),
        (NegativeTolerantFocalLoss(kappa=float("nan")), "'kappa'"),
        (RebalancedFocalLoss(mu="mean"), "'mu'"),
        (DistributionBalancedLoss(map_beta=-1), "'map_beta'"),
        (DistributionBalancedLoss(scale=0), "'scale'"),
    ],
)
def test_bad_hyperparameters_raise_at_bind(loss, message):
    with pytest.raises(ValueError, match=message):
        loss.bind(STATISTICS)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.float16, np.float32, np.longdouble])
def test_numbers_of_numpy_are_read_as_pythons(kind):
    logits, targets = torch.randn(2, 5, generator=torch.Generator().manual_seed(0)), torch.ones(2, 5)
    of_numpy, plain = (RebalancedFocalLoss(map_beta=number, mu=kind(1)) for number in (kind(10), 10))
    losses = [loss.bind(STATISTICS, "none")(logits, targets) for loss in (of_numpy, plain)]
    torch.testing.assert_close(losses[0], losses[1], rtol=0, atol=0)
    assert type(of_numpy.map_beta) is kind
    NegativeTolerantFocalLoss(neg_scale=kind(1)).bind(STATISTICS)


@pytest.mark.parametrize("neg_scale", [1e-30, 1e30])
def test_extreme_scales_of_negatives_are_finite(neg_scale):
    logits = torch.tensor([[-3.0, 0.0, 3.0, 1.0, -1.0]], requires_grad=True)
    loss = NegativeTolerantFocalLoss(neg_scale=neg_scale).bind(STATISTICS)(logits, torch.eye(5)[:1])
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_the_smallest_beta_weights_all_labels_alike():
    losses = [
        ClassBalancedFocalLoss(beta=beta).bind(STATISTICS, "none")(torch.zeros(1, 5), torch.ones(1, 5))
        for beta in (0.0, 5e-324)
    ]
    torch.testing.assert_close(losses[0], losses[1], rtol=0, atol=0)


def test_bad_bind_and_call():
    with pytest.raises(TypeError, match="LabelStatistics; got list"):
        FocalLoss().bind([1, 2])
    with pytest.raises(ValueError, match=r"'row_sum'.*got 'average'"):
        FocalLoss().bind(STATISTICS, reduction="average")
    with pytest.raises(ValueError, match="reduction must be one of"):
        FocalLoss().bind(STATISTICS, reduction=np.array(["mean", "sum"]))
    with pytest.raises(ValueError, match="three or more exclusive classes; got 2"):
        ClassBalancedFocalLoss(base="softmax").bind(LabelStatistics([1, 2], 3))
    criterion = FocalLoss().bind(STATISTICS)
    with pytest.raises(ValueError, match=r"logits must have shape \(n_samples, 5\); got \(2, 3\)"):
        criterion(torch.zeros(2, 3), torch.zeros(2, 3))
    with pytest.raises(ValueError, match="shape of the logits"):
        criterion(torch.zeros(2, 5), torch.zeros(3, 5))
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\], or be NaN or -100 where unknown; got \[1.5"):
        criterion(torch.zeros(2, 5), torch.full((2, 5), 1.5))
    with pytest.raises(ValueError, match=r"\[0, 5\)"):
        criterion(torch.zeros(2, 5), torch.tensor([0, 5]))
    with pytest.raises(ValueError, match="integer class indices"):
        criterion(torch.zeros(2, 5), torch.zeros(2))


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
