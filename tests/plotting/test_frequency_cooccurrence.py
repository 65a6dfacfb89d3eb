import itertools
import tracemalloc

import matplotlib.pyplot as plt
import numpy as np
import pytest
import scipy.sparse as sp

from skbalance.plotting import LabelCooccurrenceDisplay, _frequency

from .tidy import assert_tidy

#        a  b  c  d: a in 4 rows, b in 2, c in 3, d never
Y = np.array([[1, 1, 1, 0], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]])
NAN = np.nan


def oracle(y, edges):
    """Means of p(i | j) over the pairs i != j of two bins, by loops over the definition."""
    counts = y.sum(axis=0)
    order = np.argsort(-counts, kind="stable")
    bins = [order[a:b] for a, b in itertools.pairwise(edges)]
    means = np.full((len(bins), len(bins)), np.nan)
    for a, rows in enumerate(bins):
        for b, columns in enumerate(bins):
            pairs = [(y[:, i] & y[:, j]).sum() / counts[j] for i in rows for j in columns if i != j and counts[j]]
            if pairs:
                means[a, b] = np.mean(pairs)
    return means


def random_targets(n=300, n_labels=40, seed=0):
    rng = np.random.default_rng(seed)
    y = (rng.random((n, n_labels)) < rng.random(n_labels) ** 4 * 0.5).astype(int)
    y[:, -3:] = 0
    return y


@pytest.mark.parametrize("make", [np.asarray, sp.csr_matrix, sp.coo_array])
def test_by_hand(make):
    display = LabelCooccurrenceDisplay.from_targets(make(Y))
    np.testing.assert_array_equal(display.order, [0, 2, 1, 3])
    expected = [
        # given a  c      b    d
        [NAN, 2 / 3, 1.0, NAN],
        [2 / 4, NAN, 1 / 2, NAN],
        [2 / 4, 1 / 3, NAN, NAN],
        [0.0, 0.0, 0.0, NAN],
    ]
    np.testing.assert_allclose(display.probabilities, expected)
    np.testing.assert_array_equal(display.label_counts, [4, 2, 3, 0])


@pytest.mark.parametrize("max_bins", [2, 3, 7, 20, 39, 40])
def test_bins_against_the_definition(max_bins, monkeypatch):
    monkeypatch.setattr(_frequency, "_MAX_BINS", max_bins)
    y = random_targets()
    display = LabelCooccurrenceDisplay.from_targets(y)
    assert display.probabilities.shape[0] <= max_bins
    np.testing.assert_allclose(display.probabilities, oracle(y, display.bin_edges), atol=1e-14)


def test_no_pair_is_exactly_zero():
    y = np.zeros((90, 30), dtype=int)
    y[np.arange(90), np.arange(90) % 30] = 1
    probabilities = _frequency._bin_probabilities(sp.csr_array(y), y.sum(axis=0).astype(float), np.array([0, 10, 30]))
    np.testing.assert_array_equal(probabilities, np.zeros((2, 2)))


@pytest.mark.parametrize("n_labels", [1, 5, 100, 101, 150, 18211])
def test_rank_bins(n_labels):
    edges = _frequency._rank_bins(n_labels)
    assert edges[0] == 0
    assert edges[-1] == n_labels
    assert (np.diff(edges) > 0).all()
    assert len(edges) <= 101
    if n_labels <= 100:
        np.testing.assert_array_equal(edges, np.arange(n_labels + 1))
    else:
        widths = np.diff(edges)
        assert widths[0] == 1
        assert widths[-10:].mean() > 2 * widths[:10].mean()


def test_cells_show_the_probabilities():
    display = LabelCooccurrenceDisplay.from_targets(Y)
    shown = display.mesh_.get_array()
    np.testing.assert_array_equal(shown.mask, np.isnan(display.probabilities))
    np.testing.assert_allclose(shown.compressed(), display.probabilities[~np.isnan(display.probabilities)])
    assert display.ax_.get_ylim() == (4, 0)
    assert display.colorbar_.ax.get_ylabel() == "p(i | j)"


def test_zero_is_not_drawn_as_missing_on_the_logarithmic_scale():
    display = LabelCooccurrenceDisplay.from_targets(random_targets(n_labels=150))
    colours = display.mesh_.to_rgba(display.mesh_.get_array())
    zero, missing = display.probabilities == 0, np.isnan(display.probabilities)
    assert zero.any()
    assert missing.any()
    assert (colours[zero] == display.mesh_.to_rgba(display.mesh_.norm.vmin)).all()
    np.testing.assert_array_equal(colours[..., 3] == 0, missing)
    assert "log scale" in display.colorbar_.ax.get_ylabel()


def test_names_and_groups():
    display = LabelCooccurrenceDisplay.from_targets(Y, display_labels=list("abcd"), boundaries=(2, 4))
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["a", "c", "b", "d"]
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == ["a", "c", "b", "d"]
    assert [t.get_text() for t in display.ax_.texts] == ["head", "medium", "tail"]


def test_ticks_of_bins_name_the_ranks():
    display = LabelCooccurrenceDisplay.from_targets(random_targets(400, 500))
    bins = (np.array(display.ax_.get_xticks()) - 0.5).astype(int)
    assert bins[0] == 0
    assert bins[-1] == len(display.bin_edges) - 2
    shown = [int(text.get_text().replace(",", "")) for text in display.ax_.get_xticklabels()]
    np.testing.assert_array_equal(shown, display.bin_edges[bins] + 1)


def test_axes_are_reused_and_the_colour_bar_left_out():
    figure, axes = plt.subplots(1, 2)
    display = LabelCooccurrenceDisplay.from_targets(Y, ax=axes[0], colorbar=False, cmap="viridis")
    assert display.ax_ is axes[0]
    assert display.colorbar_ is None
    assert len(figure.axes) == 2
    assert display.mesh_.get_cmap().name == "viridis"


@pytest.mark.parametrize(
    ("n_labels", "named"), [(1, True), (2, False), (30, True), (90, True), (90, False), (2000, False)]
)
def test_tidy(n_labels, named):
    y = random_targets(200, n_labels) if n_labels > 4 else np.ones((5, n_labels), dtype=int)
    names = [f"topic-{i}" for i in range(n_labels)] if named else None
    assert_tidy(LabelCooccurrenceDisplay.from_targets(y, display_labels=names).figure_)


def test_all_labels_of_pubmed_in_little_memory():
    rng = np.random.default_rng(0)
    n, n_labels = 20_000, 18_211
    labels = np.minimum((n_labels ** rng.random((n, 12))).astype(int), n_labels - 1)
    y = sp.coo_array((np.ones(12 * n), (np.repeat(np.arange(n), 12), labels.ravel())), shape=(n, n_labels)).tocsr()
    y.data[:] = 1
    plt.subplots()
    tracemalloc.start()
    display = LabelCooccurrenceDisplay.from_targets(y, boundaries=(15, 50))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert display.probabilities.shape[0] <= 100
    assert peak < 100e6  # a dense matrix of labels by labels takes 2,600e6
    assert_tidy(display.figure_)


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match=r"probabilities must have shape \(4, 4\); got \(2, 2\)"):
        LabelCooccurrenceDisplay(np.ones((2, 2)), [4, 3, 2, 1])
    with pytest.raises(ValueError, match="display_labels"):
        LabelCooccurrenceDisplay.from_targets(Y, display_labels=["a"])


@pytest.mark.usefixtures("no_matplotlib")
def test_missing_matplotlib():
    with pytest.raises(ImportError, match=r"LabelCooccurrenceDisplay.plot needs matplotlib"):
        LabelCooccurrenceDisplay.from_targets(Y)


def test_names_of_narrow_groups_are_left_out():
    counts = np.repeat([50, 20, 3], [29, 1, 30])
    display = LabelCooccurrenceDisplay(np.zeros((60, 60)), counts).plot()
    assert [t.get_text() for t in display.ax_.texts] == ["head", "tail"]
