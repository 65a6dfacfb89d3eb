"""The pictures of `mathematics.rst`: losses and their gradients against the logit, drawn as the page is built."""

import matplotlib.pyplot as plt
import numpy as np
import torch

from skbalance.datasets import make_long_tailed_multilabel
from skbalance.losses import LabelStatistics, SquaredHingeLoss, get_loss

STYLES = (("#08306b", "-"), ("#e07b00", (0, (5, 1.5))), ("#56b4e9", (0, (1, 1))))


def draw(losses, *, logits=(-6, 6), log_gradient=False):
    """Draw losses for the commonest and the rarest label of a training set, as positives and as negatives.

    Losses are evaluated as they are trained, with their factors and shifts. Rebalanced ones weigh a label by what else
    the sample carries: a positive stands alone here, and a negative is in a sample of the commonest other label.
    """
    _, y = make_long_tailed_multilabel(3000, 90, labels_per_sample=1.5, tail_exponent=1.6, random_state=0)
    statistics = LabelStatistics.from_targets(y)
    by_count = np.argsort(-statistics.counts)
    grid = np.linspace(*logits, 121)
    rows = ("size of the gradient",) if log_gradient else ("loss", "size of the gradient")
    size = (10.2, 2.3 * len(rows) + 0.9)
    figure, axes = plt.subplots(
        len(rows), 4, sharex=True, sharey="row", squeeze=False, figsize=size, layout="constrained"
    )
    for column, (target, label) in enumerate((t, by_count[i]) for t in (1, 0) for i in (0, -1)):
        carried = label if target else by_count[int(label == by_count[0])]
        for (name, loss), (color, dashes) in zip(losses.items(), STYLES):
            curves = evaluate(get_loss(loss), statistics, label, carried, grid)
            for ax, values in zip(axes[:, column], curves[-len(rows) :]):
                ax.plot(grid, np.abs(values), label=name, color=color, linestyle=dashes, linewidth=1.7)
                ax.set_yscale("log" if log_gradient else "linear")
        kind = "positive" if target else "negative"
        axes[0, column].set_title(f"label {label}, n = {statistics.counts[label]:,.0f}\nas a {kind}", fontsize=9)
        axes[-1, column].set_xlabel("logit")
    for ax, row in zip(axes[:, 0], rows):
        ax.set_ylabel(row)
        ax.set_xlim(logits)
    figure.legend(handles=axes[0, 0].get_lines(), loc="outside lower center", ncols=3, fontsize=9)
    return figure


def evaluate(loss, statistics, label, carried, grid):
    """Values and derivatives of one label's element of a loss, in a sample that carries one label."""
    z = torch.tensor(grid, requires_grad=True)
    logits = torch.zeros(grid.size, statistics.n_labels, dtype=torch.float64)
    targets = torch.zeros_like(logits)
    targets[:, carried] = 1
    criterion = loss.bind(statistics, reduction="none")
    element = criterion(logits.index_copy(1, torch.tensor([label]), z[:, None]), targets)[:, label]
    return element.detach().numpy(), torch.autograd.grad(element.sum(), z)[0].numpy()


def focal():
    return draw({"BCE": "bce", "focal": "focal"})


def class_balanced():
    return draw({"focal": "focal", "class-balanced focal": "cb_focal"})


def rebalanced():
    return draw({"focal": "focal", "rebalanced focal": "r_focal"})


def negative_tolerant():
    return draw({"focal": "focal", "negative-tolerant focal": "ntr_focal"})


def easy_negatives():
    return draw({"BCE": "bce", "focal": "focal", "negative-tolerant focal": "ntr_focal"}, log_gradient=True)


def distribution_balanced():
    return draw({"DB, no focal": "db_0fl", "CB-NTR": "cb_ntr", "DB": "db"})


def squared_hinge():
    return draw({"BCE": "bce", "squared hinge": SquaredHingeLoss(scale=1)}, logits=(-2.5, 2.5))


def asymmetric():
    return draw({"asymmetric": "asymmetric", "polynomial": "asymmetric_polynomial", "Hill": "hill"})
