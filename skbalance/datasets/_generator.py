"""Generated long-tailed multi-label data: text or word counts, with linked labels."""

import heapq
from collections.abc import Iterator
from itertools import count, islice, product
from numbers import Integral, Real
from typing import Annotated, Any, Literal

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import csr_matrix, vstack
from sklearn.utils import check_random_state

from skbalance._kinds import Count, CountFromZero, InnerShare, NotNegative, Positive, RandomState, Share
from skbalance._validation import Interval, sparse_kind, validate_params
from skbalance.datasets._base import as_returned

WORDS_PER_LABEL = 20
_BLOCK = 20_000  # rows whose words are drawn at once: bounds the memory
_SYLLABLES = [consonant + vowel for consonant in "bdgklmnprstvz" for vowel in "aiou"]


@validate_params
def make_long_tailed_multilabel(
    n_samples: Count = 1000,
    n_labels: Annotated[int, Interval(Integral, 2, None, closed="left")] = 50,
    *,
    n_features: Annotated[int, Interval(Integral, WORDS_PER_LABEL, None, closed="left")] = 1000,
    labels_per_sample: Positive = 2.5,
    tail_exponent: NotNegative = 1.0,
    max_label_frequency: InnerShare = 0.5,
    linkage: Share = 0.5,
    min_label_count: CountFromZero = 1,
    allow_unlabeled: bool = False,
    length: Annotated[float, Interval(Real, 0, 1e9, closed="right")] = 50,
    noise: Share = 0.5,
    return_text: bool = False,
    sparse: bool = True,
    return_indicator: Literal["sparse", "dense"] = "sparse",
    return_X_y: bool = True,
    random_state: RandomState = None,
) -> Any:
    r"""Generate a multi-label text problem with a long tail of linked labels.

    The expected share of samples that carry label :math:`i = 0, \dots, L - 1` falls as a shifted power law
    (Zipf-Mandelbrot [1]_),

    .. math:: p_i = c \, (i + 1 + q)^{-s},

    with :math:`s` = `tail_exponent`, :math:`c` such that the :math:`p_i` add up to `labels_per_sample`, and
    :math:`q` the smallest shift that keeps :math:`p_0` within `max_label_frequency` (0 where it is anyway).

    *Linkage*: the fewest first labels that hold half of the sum of the :math:`p_i` are the head labels; each
    other label has one head label as its parent and brings it along with probability `linkage`. The draw of
    the head labels alone is lowered by as much, so that the :math:`p_i` hold.

    *Words*: each label has 20 words of its own, drawn from the vocabulary, which other labels may share. A word
    of a sample is, with probability ``1 - noise``, one of the words of one of its labels (the first ones
    oftener), else one of the whole vocabulary by Zipf's law. So a linear model learns the head labels well
    and the tail labels, of which it sees few examples, worse.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of samples.
    n_labels : int, default=50
        Number of labels L, at least 2 (`n_classes` of
        :func:`sklearn.datasets.make_multilabel_classification`).
    n_features : int, default=1000
        Size of the vocabulary, at least 20.
    labels_per_sample : float, default=2.5
        Expected number of labels a sample (`n_labels` of
        :func:`sklearn.datasets.make_multilabel_classification`).
    tail_exponent : float, default=1.0
        Exponent s of the power law; 0 makes all labels equally frequent.
    max_label_frequency : float in (0, 1), default=0.5
        Largest expected share of samples that carry the commonest label.
    linkage : float in [0, 1], default=0.5
        Probability that a tail label brings its head label along. 0 draws all labels independently.
    min_label_count : int, default=1
        Every label gets at least that many samples, more than the power law gives it if need be.
    allow_unlabeled : bool, default=False
        If True, some samples have no label.
    length : float, default=50
        Expected number of words a sample (Poisson); a sample has at least one word.
    noise : float in [0, 1], default=0.5
        Share of words that have nothing to do with the labels.
    return_text : bool, default=False
        If True, X is text, made-up words in random order; else the counts of these words. With the same seed
        both are the same data.
    sparse : bool, default=True
        If True, the counts are a CSR matrix, else a dense array. Has no effect on text.
    return_indicator : {"sparse", "dense"}, default="sparse"
        Kind of the label indicator: a CSR matrix or an ndarray, int64.
    return_X_y : bool, default=True
        If True, return ``(data, target)``, else a Bunch.
    random_state : int, RandomState instance or None, default=None
        Pass an int for the same data on every call.

    Returns
    -------
    (data, target) : tuple
        If `return_X_y` is True.

    dataset : :class:`~sklearn.utils.Bunch`
        If `return_X_y` is False, with the attributes

        - data : csr_matrix or ndarray of shape (n_samples, n_features), dtype=float64, counts; or, with
          `return_text`, ndarray of shape (n_samples,), dtype=object, of str.
        - target : csr_matrix or ndarray of shape (n_samples, n_labels), dtype=int64.
        - target_names : ndarray of shape (n_labels,), dtype=object, the commonest label first.
        - feature_names : ndarray of shape (n_features,), dtype=object. The vocabulary.
        - label_frequencies : ndarray of shape (n_labels,). The :math:`p_i`.
        - label_parents : ndarray of shape (n_labels,), dtype=int64. The head label of each tail label, -1
          for a head label.
        - DESCR : str.

    Raises
    ------
    ValueError
        If a parameter is out of its range, if `labels_per_sample` cannot be reached with the other
        parameters, or if `min_label_count` is above `n_samples`.

    Notes
    -----
    Time and memory go with the number of words and of labels drawn: no array of shape
    ``(n_samples, n_labels)`` or ``(n_samples, n_features)`` is made unless a dense one is asked for.
    ``make_long_tailed_multilabel(224_897, 18_211, n_features=100_000, labels_per_sample=12.3,
    tail_exponent=1.15, length=118)`` is a simulation with the size of the PubMed data of [2]_: about 100 different
    words a sample, 4,300 labels with 50 samples or more and 6,400 with 15 or fewer.

    References
    ----------
    .. [1] B. Mandelbrot, "An informational theory of the statistical structure of language", Communication
       Theory, 1953.
    .. [2] Y. Huang et al., "Balancing Methods for Multi-label Text Classification with Long-Tailed Class
       Distribution", EMNLP 2021.

    Examples
    --------
    >>> from skbalance.datasets import make_long_tailed_multilabel
    >>> X, y = make_long_tailed_multilabel(n_samples=500, n_labels=20, random_state=0)
    >>> X.shape, y.shape
    ((500, 1000), (500, 20))
    >>> text, _ = make_long_tailed_multilabel(length=6, return_text=True, random_state=0)
    >>> text[0]
    'babi dagi kadi babu bagi'
    """
    if min_label_count > n_samples:
        raise ValueError(f"min_label_count={min_label_count} is more than there are samples, n_samples={n_samples}")
    seed = check_random_state(random_state).randint(np.iinfo(np.int32).max)
    rng = np.random.default_rng(seed)
    frequencies = _label_frequencies(n_labels, labels_per_sample, tail_exponent, max_label_frequency)
    parents = _choose_parents(frequencies)
    target = _draw_labels(frequencies, parents, n_samples, linkage, min_label_count, allow_unlabeled, rng)
    vocabulary = _make_vocabulary(n_features)
    blocks = _draw_words(target, n_features, length, noise, rng)
    data: Any = _as_text(blocks, vocabulary) if return_text else _as_counts(blocks, n_features)
    if not return_text and not sparse:
        data = data.toarray()
    if return_indicator == "dense":
        target = target.toarray()
    width = len(str(n_labels - 1))
    return as_returned(
        "long_tailed_multilabel",
        return_X_y,
        data=data,
        target=target,
        target_names=[f"label_{index:0{width}d}" for index in range(n_labels)],
        feature_names=vocabulary,
        label_frequencies=frequencies,
        label_parents=parents,
    )


def _label_frequencies(n_labels: int, mean: float, exponent: float, largest: float) -> np.ndarray:
    """Return the shifted power law with sum `mean` whose first value is at most `largest`."""
    if mean > n_labels * largest:
        raise ValueError(
            f"labels_per_sample={mean} cannot be reached with n_labels={n_labels} labels of a frequency of at "
            f"most max_label_frequency={largest}: at most {n_labels * largest:g}"
        )
    ranks = np.arange(1.0, n_labels + 1)

    def relative(shift: float) -> np.ndarray:
        return ((1.0 + shift) / (ranks + shift)) ** exponent

    goal = min(mean / largest, n_labels)
    shift = 0.0
    if relative(0.0).sum() < goal:
        upper = next(bound for bound in 2.0 ** np.arange(1000) if relative(bound).sum() >= goal)
        shift = brentq(lambda value: relative(value).sum() - goal, 0.0, upper)
    shape = relative(shift)
    return mean * shape / shape.sum()


def _choose_parents(frequencies: np.ndarray) -> np.ndarray:
    """Give each tail label a head label as its parent; head labels have -1.

    Every tail label, the frequent ones first, goes to the head label whose frequency exceeds that of its children
    so far by most. So hardly any head label gets children that are together more frequent than it is.
    """
    mass = np.cumsum(frequencies)
    n_heads = min(int(np.searchsorted(mass, mass[-1] / 2)) + 1, len(frequencies) - 1)
    parents = np.full(len(frequencies), -1)
    room = [(-frequency, head) for head, frequency in enumerate(frequencies[:n_heads])]
    heapq.heapify(room)
    for label in range(n_heads, len(frequencies)):
        left, parents[label] = room[0]
        heapq.heapreplace(room, (left + frequencies[label], parents[label]))
    return parents


def _draw_labels(
    frequencies: np.ndarray,
    parents: np.ndarray,
    n_samples: int,
    linkage: float,
    min_count: int,
    allow_unlabeled: bool,
    rng: np.random.Generator,
) -> csr_matrix:
    """Draw the label indicator; a (label, sample) pair is represented by label * n_samples + sample."""
    n_labels = len(frequencies)
    tail = np.flatnonzero(parents >= 0)
    brought = np.bincount(parents[tail], weights=linkage * frequencies[tail], minlength=n_labels)
    own = np.maximum(frequencies - brought, 0.0)  # what each label is drawn for itself, to first order

    def intensity(scale: float) -> np.ndarray:
        """Return the Poisson intensities of the labels' own draws for the frequencies times `scale`."""
        total = -np.log1p(-scale * frequencies)
        by_children = -np.log1p(-linkage * scale * frequencies[tail])
        return np.maximum(total - np.bincount(parents[tail], weights=by_children, minlength=n_labels), 0.0)

    def topped_up(pairs: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Add random samples to those of `labels` that have fewer than `min_count`."""
        while True:
            counts = np.bincount(pairs // n_samples, minlength=n_labels)[labels]
            missing = np.repeat(labels, np.maximum(min_count - counts, 0))
            if not len(missing):
                return pairs
            pairs = np.union1d(pairs, missing * n_samples + rng.integers(n_samples, size=len(missing)))

    scale = 1.0
    if not allow_unlabeled:
        # A sample without a draw is given one label, drawn in proportion to `own`. That adds the same share to
        # every frequency, so all draws before it are scaled down by that share.
        if own.sum() <= 1.0:
            raise ValueError(
                f"labels_per_sample={frequencies.sum():g} is too few for samples that all carry a label with "
                f"linkage={linkage}: more than {frequencies.sum() / own.sum():.3g} are needed, or less linkage, "
                "or allow_unlabeled=True"
            )
        scale = brentq(lambda value: value + np.exp(-intensity(value).sum()) / own.sum() - 1.0, 0.0, 1.0)

    counts = rng.poisson(n_samples * intensity(scale))
    labels = np.repeat(np.arange(n_labels), counts)
    samples = rng.integers(n_samples, size=len(labels))
    if not allow_unlabeled:
        unlabeled = np.setdiff1d(np.arange(n_samples), samples)
        labels = np.append(labels, rng.choice(n_labels, size=len(unlabeled), p=own / own.sum()))
        samples = np.append(samples, unlabeled)
    pairs = topped_up(np.unique(labels * n_samples + samples), tail)
    bringing = pairs[(parents[pairs // n_samples] >= 0) & (rng.random(len(pairs)) < linkage)]
    pairs = np.union1d(pairs, parents[bringing // n_samples] * n_samples + bringing % n_samples)
    pairs = topped_up(pairs, np.flatnonzero(parents < 0))
    places = (pairs % n_samples, pairs // n_samples)
    return sparse_kind()((np.ones(len(pairs), dtype=np.int64), places), shape=(n_samples, n_labels))


def _draw_words(
    target: csr_matrix, n_features: int, length: float, noise: float, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield, for one block of samples after the other, the word numbers and where each sample's begin."""
    n_samples, n_labels = target.shape
    label_words = rng.integers(n_features, size=(n_labels, WORDS_PER_LABEL), dtype=np.int32)
    for first in range(0, n_samples, _BLOCK):
        begin = target.indptr[first : first + _BLOCK + 1]
        sizes = np.maximum(rng.poisson(length, size=len(begin) - 1), 1)
        indptr = np.append(0, np.cumsum(sizes))
        # P(rank <= k) = log(k + 1) / log(n_features + 1): Zipf's law
        words = ((n_features + 1.0) ** rng.random(indptr[-1])).astype(np.int32) - 1
        np.minimum(words, n_features - 1, out=words)
        samples = np.repeat(np.arange(len(sizes)), sizes)
        n_own = np.diff(begin)[samples]
        topical = np.flatnonzero((rng.random(indptr[-1]) >= noise) & (n_own > 0))
        samples, n_own = samples[topical], n_own[topical]
        labels = target.indices[begin[samples] + (n_own * rng.random(len(topical))).astype(np.int32)]
        slots = (WORDS_PER_LABEL * rng.random(len(topical)) ** 2).astype(np.int32)
        words[topical] = label_words[labels, slots]
        yield words, indptr


def _as_counts(blocks: Iterator[tuple[np.ndarray, np.ndarray]], n_features: int) -> csr_matrix:
    """Count the words of each sample."""
    parts = []
    for words, indptr in blocks:
        part = sparse_kind()((np.ones(len(words)), words, indptr), shape=(len(indptr) - 1, n_features))
        part.sum_duplicates()
        parts.append(part)
    return vstack(parts, format="csr") if len(parts) > 1 else parts[0]


def _as_text(blocks: Iterator[tuple[np.ndarray, np.ndarray]], vocabulary: np.ndarray) -> np.ndarray:
    """Join the words of each sample."""
    texts = [" ".join(part) for words, indptr in blocks for part in np.split(vocabulary[words], indptr[1:-1])]
    return np.array(texts, dtype=object)


def _make_vocabulary(n_features: int) -> np.ndarray:
    """Return made-up words, all different and of one length: the digits of their number as syllables."""
    n_syllables = next(n for n in count(2) if len(_SYLLABLES) ** n >= n_features)
    words = islice(product(_SYLLABLES, repeat=n_syllables), n_features)
    return np.array(["".join(word) for word in words], dtype=object)
