import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.special import expit

from skbalance.losses import (
    BinaryCrossEntropy,
    ClassBalancedFocalLoss,
    DistributionBalancedLoss,
    FocalLoss,
    LabelStatistics,
    NegativeTolerantFocalLoss,
    RebalancedFocalLoss,
    get_loss,
    get_loss_names,
)
from skbalance.plotting import LossDisplay

from .tidy import assert_tidy

Y = (np.arange(1000)[:, None] < [800, 3, 50, 0]).astype(int)
Z = np.linspace(-5, 5, 41)


def show(loss, labels=(0, 1), **kwargs):
    display = LossDisplay.from_targets({"it": loss}, Y, labels=labels, logits=Z, **kwargs)
    return display.losses["it"], display.gradients["it"]


def test_binary_cross_entropy():
    losses, gradients = show(BinaryCrossEntropy())
    for label in (0, 1):
        np.testing.assert_allclose(losses[label], [np.log1p(np.exp(Z)), np.log1p(np.exp(-Z))])
        np.testing.assert_allclose(gradients[label], [expit(Z), expit(Z) - 1])


def test_focal():
    losses, _ = show(FocalLoss(gamma=2.0, alpha=0.25))
    np.testing.assert_allclose(losses[0, 0], 0.75 * expit(Z) ** 2 * np.log1p(np.exp(Z)))
    np.testing.assert_allclose(losses[0, 1], 0.25 * expit(-Z) ** 2 * np.log1p(np.exp(-Z)))


def test_class_balanced_weights_tell_the_labels_apart():
    losses, _ = show(ClassBalancedFocalLoss(beta=0.9, scale=1.0))
    weights = (1 - 0.9) / (1 - 0.9 ** np.array([800, 3]))
    np.testing.assert_allclose(losses[0] / losses[1], np.full((2, Z.size), weights[0] / weights[1]))


def test_negative_tolerance_shifts_the_logit():
    losses, _ = show(NegativeTolerantFocalLoss(gamma=0.0, alpha=None, neg_scale=2.0, kappa=0.5))
    for label, count in enumerate((800, 3)):
        shifted = Z - 0.5 * np.log(1000 / count - 1)
        np.testing.assert_allclose(losses[label], [np.log1p(np.exp(2 * shifted)) / 2, np.log1p(np.exp(-shifted))])


def test_rebalanced_negatives_are_in_a_sample_of_the_most_frequent_other_label():
    loss = RebalancedFocalLoss(gamma=0.0, alpha=None, map_alpha=0.1, map_beta=10.0, mu=0.5)
    losses, _ = show(loss)
    # What label i asks for over what the sample gets: 1 for a positive that stands alone.
    alone = 0.1 + expit(10 * 0.5)
    np.testing.assert_allclose(losses[:, 1], np.tile(alone * np.log1p(np.exp(-Z)), (2, 1)))
    for label, ratio in enumerate(((1 / 800) / (1 / 50), (1 / 3) / (1 / 800))):
        weight = 0.1 + expit(10 * (ratio - 0.5))
        np.testing.assert_allclose(losses[label, 0], weight * np.log1p(np.exp(Z)))


@pytest.mark.parametrize("name", [name for name in get_loss_names() if get_loss(name).elementwise])
def test_gradients_are_those_of_the_curves(name):
    losses, gradients = show(name)
    steps = (losses[..., 2:] - losses[..., :-2]) / (Z[2:] - Z[:-2])
    np.testing.assert_allclose(steps, gradients[..., 1:-1], atol=0.02 * np.abs(gradients).max())


def test_lines_are_the_data():
    display = LossDisplay.from_targets(["bce", "focal"], Y, labels=[0, 2, 1])
    assert display.axes_.shape == (2, 6)
    assert display.lines_.shape == (2, 6, 2)
    for row, data in enumerate((display.losses, display.gradients)):
        for column in range(6):
            for k, name in enumerate(("bce", "focal")):
                drawn = display.lines_[row, column, k].get_ydata()
                np.testing.assert_array_equal(drawn, np.abs(data[name][column % 3, int(column < 3)]))
    titles = [ax.get_title() for ax in display.axes_[0]]
    assert titles[0] == "label 0, n = 800\nas a positive"
    assert titles[5] == "label 1, n = 3\nas a negative"


def test_the_commonest_and_the_rarest_seen_label_are_shown():
    names = ["often", "seldom", "sometimes", "never"]
    display = LossDisplay.from_targets("bce", Y, display_labels=names)
    assert display.label_names == ["often", "seldom"]
    np.testing.assert_array_equal(display.label_counts, [800, 3])
    alone = LossDisplay.from_targets("bce", Y[:, :1])
    assert alone.axes_.shape == (2, 2)


def test_mu_is_taken_from_the_pairs():
    y = (np.random.default_rng(0).random((200, 5)) < [0.6, 0.3, 0.2, 0.1, 0.05]).astype(int)
    mu = LabelStatistics.from_targets(y).rebalance_center
    display = LossDisplay.from_targets({"auto": "db", "given": DistributionBalancedLoss(mu=mu)}, y)
    np.testing.assert_array_equal(display.losses["auto"], display.losses["given"])


def test_names_of_losses():
    assert list(LossDisplay.from_targets(FocalLoss(), Y).losses) == ["FocalLoss()"]
    with pytest.raises(ValueError, match="Two losses have one name"):
        LossDisplay.from_targets(["bce", "bce"], Y)


def test_the_given_loss_stays_as_it_was():
    loss = FocalLoss(gamma=1)
    LossDisplay.from_targets(loss, Y)
    assert loss.get_params() == FocalLoss(gamma=1).get_params()


@pytest.mark.parametrize("rows", ["loss", "gradient", ("gradient", "loss")])
@pytest.mark.parametrize("yscale", ["linear", "log"])
def test_tidy(rows, yscale):
    display = LossDisplay.from_targets(get_loss_names()[:9], Y, rows=rows, yscale=yscale)
    assert display.axes_.shape == (2 if isinstance(rows, tuple) else 1, 4)
    assert_tidy(display.figure_)
    assert len(display.figure_.legends) == 1


def test_curves_are_told_apart_without_colour():
    lines = LossDisplay.from_targets(get_loss_names()[:7], Y).lines_[0, 0]
    assert len({str(line._dash_pattern) for line in lines}) == 7


def test_axes_are_reused():
    given = plt.subplots(1, 4)[1]
    display = LossDisplay.from_targets("bce", Y, rows="loss", ax=given, line_kw={"lw": 5})
    assert list(display.axes_[0]) == list(given)
    assert not display.figure_.legends
    assert given[-1].get_legend() is not None
    assert display.lines_[0, 0, 0].get_linewidth() == 5


@pytest.mark.parametrize(
    ("error", "match", "kwargs"),
    [
        (ValueError, "loss must be one of", {"losses": "foca"}),
        (ValueError, "losses is empty", {"losses": []}),
        (ValueError, "exclude each other", {"losses": ClassBalancedFocalLoss(base="softmax")}),
        (ValueError, "shape", {"y": [1, 2]}),
        (ValueError, r"labels must lie in 0..3; got \[4\]", {"labels": [4]}),
        (ValueError, "labels must be a sequence of columns; got 'all'", {"labels": "all"}),
        (ValueError, "No label has a positive", {"y": np.zeros((5, 2))}),
        (ValueError, "at least two finite numbers", {"logits": [0.0]}),
        (ValueError, "at least two finite numbers", {"logits": [0.0, np.inf]}),
        (ValueError, "rows must be some of", {"rows": ("loss", "slope")}),
        (ValueError, "yscale must be 'linear' or 'log'", {"yscale": "symlog"}),
        (ValueError, "display_labels", {"display_labels": ["a"]}),
    ],
)
def test_what_cannot_be_drawn(error, match, kwargs):
    with pytest.raises(error, match=match):
        LossDisplay.from_targets(**{"losses": "bce", "y": Y, **kwargs})


@pytest.mark.usefixtures("no_matplotlib")
def test_missing_matplotlib():
    with pytest.raises(ImportError, match=r"LossDisplay.plot needs matplotlib"):
        LossDisplay.from_targets("bce", np.eye(3, dtype=int))
