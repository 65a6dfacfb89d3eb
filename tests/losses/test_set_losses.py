"""Losses whose sums run over the labels of a sample or the samples of a label."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone

from skbalance.losses import LabelStatistics, PositivePairs, SigmoidF1Loss, TwoWayLoss, ZLPRLoss
from skbalance.metrics import group_f1_score

from .variants import SETS

STATISTICS = LabelStatistics([120, 60, 9, 2, 1], 200)

each_set_loss = pytest.mark.parametrize("loss", SETS.values(), ids=SETS.keys())


def batch(seed, n_samples=9, dtype=torch.float64):
    rng = np.random.default_rng(seed)
    targets = torch.tensor(rng.random((n_samples, 5)) < 0.4)
    return torch.tensor(rng.normal(scale=3.0, size=(n_samples, 5)), dtype=dtype), targets


@each_set_loss
def test_reductions_agree(loss):
    logits, targets = batch(0)
    rows = loss.bind(STATISTICS, "row_sum")(logits, targets)
    assert rows.shape == (9,)
    torch.testing.assert_close(loss.bind(STATISTICS, "sum")(logits, targets), rows.sum())
    torch.testing.assert_close(loss.bind(STATISTICS)(logits, targets), rows.mean())


@each_set_loss
def test_there_is_no_loss_of_an_element(loss):
    assert not loss.elementwise
    with pytest.raises(ValueError, match=f"{type(loss).__name__} has no loss of single elements; got reduction='none'"):
        loss.bind(STATISTICS, "none")


@each_set_loss
def test_gradient_agrees_with_finite_differences(loss):
    logits, targets = batch(1)
    weight = torch.tensor([1.0, 2.0, 0.0, 1.0, 0.5, 1.0, 3.0, 1.0, 1.0], dtype=torch.float64)
    criterion = loss.bind(STATISTICS)
    assert torch.autograd.gradcheck(lambda z: criterion(z, targets, weight), logits.requires_grad_())


@each_set_loss
def test_a_weight_is_as_many_samples(loss):
    logits, targets = batch(2)
    copies = torch.tensor([1, 2, 0, 1, 3, 1, 0, 1, 2])
    criterion = loss.bind(STATISTICS)
    weighted = criterion(logits, targets, copies.double())
    repeated = criterion(logits.repeat_interleave(copies, 0), targets.repeat_interleave(copies, 0))
    torch.testing.assert_close(weighted, repeated, rtol=1e-12, atol=0)
    rows = loss.bind(STATISTICS, "row_sum")(logits, targets, copies.double())
    torch.testing.assert_close((rows @ copies.double()) / copies.sum(), weighted, rtol=1e-12, atol=0)


@each_set_loss
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
@pytest.mark.parametrize("targets", ["none", "all", "mixed", "one row"])
def test_edges_stay_finite(loss, dtype, targets):
    logits = torch.tensor([[1e4, -1e4, 0.0, 5.0, -5.0], [-1e4, 1e4, 1e4, 0.0, 0.0]], dtype=dtype)
    y = {"none": [[0] * 5] * 2, "all": [[1] * 5] * 2, "mixed": [[1, 1, 0, 0, 1], [1, 0, 0, 1, 0]]}
    y = torch.tensor(y.get(targets, [[1, 0, 0, 1, 0]]))
    logits = logits[: len(y)].clone().requires_grad_()
    for weight in (None, torch.zeros(len(y)), torch.ones(len(y))):
        value = loss.bind(STATISTICS, "row_sum")(logits, y, weight)
        (gradient,) = torch.autograd.grad(value.sum(), logits)
        assert value.dtype == (torch.float32 if dtype == torch.float16 else dtype)
        assert torch.isfinite(value).all()
        assert torch.isfinite(gradient).all()


@each_set_loss
def test_targets_of_every_kind_agree_and_logits_are_left_alone(loss):
    logits, targets = batch(3)
    before = logits.clone()
    criterion = loss.bind(STATISTICS)
    expected = criterion(logits, targets)
    for other in (targets.long(), targets.float().to_sparse_coo(), PositivePairs.from_targets(targets)):
        torch.testing.assert_close(criterion(logits, other), expected, rtol=0, atol=0)
    assert torch.equal(logits, before)


@each_set_loss
def test_nan_is_not_hidden(loss):
    logits, targets = batch(4)
    logits[0, 0] = torch.nan
    assert loss.bind(STATISTICS)(logits, targets).isnan()


@each_set_loss
def test_clone_pickle_and_scale(loss):
    assert clone(loss).get_params() == loss.get_params()
    logits, targets = batch(5)
    criterion = loss.bind(STATISTICS)
    again = pickle.loads(pickle.dumps(criterion))
    torch.testing.assert_close(again(logits, targets), criterion(logits, targets), rtol=0, atol=0)
    twice = clone(loss).set_params(scale=2 * loss.scale).bind(STATISTICS)
    torch.testing.assert_close(twice(logits, targets), 2 * criterion(logits, targets))
    with pytest.raises(ValueError, match="'scale'"):
        clone(loss).set_params(scale=0).bind(STATISTICS)


def test_zlpr_of_one_label_is_binary_cross_entropy():
    logits, targets = batch(6)
    logits, targets = logits[:, :1], targets[:, :1]
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets.double())
    torch.testing.assert_close(ZLPRLoss().bind(LabelStatistics([1], 2))(logits, targets), expected)


def test_zlpr_of_one_positive_compares_all_pairs_and_zero():
    z = torch.tensor([[2.0, 1.0, -1.0]], dtype=torch.float64)
    pairs = 1 + np.exp(-2.0) + np.exp(1.0) + np.exp(-1.0) + np.exp(1.0 - 2.0) + np.exp(-1.0 - 2.0)
    value = ZLPRLoss().bind(LabelStatistics([1, 1, 1], 4))(z, torch.tensor([[1, 0, 0]]))
    assert value.item() == pytest.approx(np.log(pairs), rel=1e-12)


def test_two_way_is_of_order_only():
    logits, targets = batch(7)
    criterion = TwoWayLoss().bind(STATISTICS)
    torch.testing.assert_close(criterion(logits + 3.0, targets), criterion(logits, targets))
    assert abs(criterion(logits + torch.arange(5), targets) - criterion(logits, targets)) > 1e-3


def test_sigmoid_f1_of_certain_decisions_is_f1():
    logits, targets = batch(8, n_samples=40)
    value = SigmoidF1Loss().bind(STATISTICS)(logits.sign() * 1e4, targets)
    groups = group_f1_score(
        targets.numpy(), (logits > 0).numpy(), label_counts=[99] * 5, average="macro", boundaries=(1, 2)
    )
    assert value.item() == pytest.approx(5 * (1 - groups["head"]))


@pytest.mark.parametrize("loss", [ZLPRLoss(), SigmoidF1Loss()], ids=repr)
def test_bad_weights_of_samples(loss):
    logits, targets = batch(9)
    with pytest.raises(ValueError, match=r"sample_weight must have shape \(n_samples,\) = \(9,\); got \(5,\)"):
        loss.bind(STATISTICS)(logits, targets, torch.ones(5))


def test_temperatures_of_two_way_are_those_of_its_paper():
    assert (TwoWayLoss().pos_temperature, TwoWayLoss().neg_temperature) == (4.0, 1.0)


def test_two_way_loss_where_one_label_alone_has_a_sample():
    logits = torch.tensor([[0.5, -0.2], [1.0, 0.3]], dtype=torch.float64)
    value = TwoWayLoss().bind(LabelStatistics([1, 1], 4))(logits, torch.tensor([[1, 0], [0, 0]]))
    # One pair in its row and one in its column: the label that is absent does not count in the mean over labels.
    torch.testing.assert_close(value, torch.nn.functional.softplus(logits[[0, 1], [1, 0]] - logits[0, 0]).sum())


def test_the_penalty_of_sigmoid_f1_is_the_same_for_all_labels():
    assert SigmoidF1Loss().penalty_exponent == 0
    assert ZLPRLoss().penalty_exponent == 1
