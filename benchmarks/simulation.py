"""Texts and tags of PubMed's size, generated with words, names and co-occurrence, and what methods cost and find there.

Run ``python benchmarks/simulation.py``; with the folder of the corpora in `SKBALANCE_DATA` the simulation is held
beside the sample of BioASQ whose statistics it was made from. What `simulation.csv` and `simulation_check.csv` of
`benchmarks/results` hold already is not run again; ``--fresh`` starts anew. Tables are written to
`benchmarks/results/simulation.md`.

**No text of it comes from PubMed.** Words are made up. Labels follow the power law that was fitted to the sample's
counts (how many labels one article has, two, ..., and how many the commonest ones), for 18,211 labels of which a text
has 12.3. The commonest thirty depend on one hidden quantity of the text, the others come in topics and parts of topics,
of which a text has a few. A label has words of its own, some shared with its topic, and a name of one to three words,
of which an article has as many as it has of the names of its terms in the sample, as they are or with another ending;
and it mentions names of labels of its topics that it does not have.

Each method is fitted in a process of its own and predicts ``--held`` further rows. ``--rows`` and ``--labels`` name the
sizes, by default the whole; fewer labels are the commonest ones, on the same texts. ``--jobs`` is the number of threads
or processes that a method may use, where it can. F1 is over labels that texts of both parts have; groups are those of
the paper, tail up to 15 texts, head from 50. The seconds of `TagClassifier` and of the peers hold the counting of
words, those of omikuji the writing of the file that it reads. Size is that of the pickle, with the vocabulary.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import pickle
import re
import resource
import sys
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from joblib.externals.loky import get_reusable_executor
from scipy.stats import norm
from tables import Table, add_options, markdown_table, parse, write

N_ROWS, N_LABELS, N_WORDS, LABELS_A_ROW, LENGTH, N_SAMPLE = 224_897, 18_211, 100_000, 12.3, 118, 1_250
# Power law of the sample's counts, by rank: its exponent, where it bends down, and how sharply.
EXPONENT, BEND, SHARPNESS = 0.869, 11_500.0, 2.34
N_GENERAL, N_TOPICS, PART_SIZE = 30, 64, 24
# Where a label comes from: a part of a topic that the row has, the whole topic, or anywhere.
FROM_PART, FROM_TOPIC = 0.5, 0.3
# Where a word comes from: a label of the row, a part of a topic; else from the language.
FROM_LABEL, FROM_PART_WORDS, REPEATS, SILENT = 0.15, 0.15, 0.35, 0.42
OWN_WORDS, SHARED_WORDS, WORDS_OF_PART = 12, 8, 80
NAME_LENGTHS = (0.36, 0.43, 0.21)
# Share of a name's words in texts with the label, of rare ones and of the commonest; of the rest with another ending.
HEARD, HEARD_COMMONER, HEARD_COMMONEST, OTHER_ENDING, HEARD_SPREAD = 0.45, 0.03, 0.15, 0.25, 0.15
MENTIONS = 8.0
_BLOCK, _PILOT = 8_192, 20_000


def label_frequencies(n_labels=N_LABELS, labels_a_row=LABELS_A_ROW):
    """Share of the texts that each label is expected in, the commonest first."""
    ranks = np.arange(1.0, n_labels + 1)
    shape = ranks**-EXPONENT * np.exp(-((ranks / BEND) ** SHARPNESS))
    return np.minimum(labels_a_row * shape / shape.sum(), 0.66)


class Simulation:
    """A language, labels with words, names and topics, and texts of them, drawn in blocks of rows.

    Parameters
    ----------
    seed : int, default=0
        Of everything.

    Attributes
    ----------
    names : list of str
        What each label is called, the commonest first.
    """

    def __init__(self, seed=0):
        self.seed = seed
        rng = np.random.default_rng([seed, 0])
        self.frequencies = label_frequencies()
        self.part_of = rng.permutation(N_LABELS) % (N_LABELS // PART_SIZE)
        self.topic_of = rng.permutation(self.part_of.max() + 1) % N_TOPICS
        self._make_words(rng)
        self._calibrate()

    def _make_words(self, rng):
        ranks = np.arange(N_WORDS)
        language = (ranks + 40.0) ** -1.2
        self._language = np.cumsum(language / language.sum())

        def rare(low, *shape):
            return np.exp(rng.uniform(np.log(low), np.log(N_WORDS), shape)).astype(np.int32)

        n_parts = len(self.topic_of)
        of_topic = rare(100, N_TOPICS, 300)
        from_topic = of_topic[self.topic_of[:, None], rng.integers(300, size=(n_parts, WORDS_OF_PART // 2))]
        self._words_of_part = np.hstack([from_topic, rare(300, n_parts, WORDS_OF_PART // 2)])
        shared = rng.integers(WORDS_OF_PART, size=(N_LABELS, SHARED_WORDS))
        self._words_of_label = np.hstack(
            [rare(1_000, N_LABELS, OWN_WORDS), self._words_of_part[self.part_of[:, None], shared]]
        )
        self._words_of_label = rng.permuted(self._words_of_label, axis=1)
        # Of a name each word is the label's own, or one of its part's, or of a few that are in many names.
        sizes = 1 + rng.choice(3, N_LABELS, p=NAME_LENGTHS)
        kind, common = rng.random((N_LABELS, 3)), rare(100, 300)
        of_part = self._words_of_part[self.part_of[:, None], rng.integers(12, size=(N_LABELS, 3))]
        of_many = common[(len(common) * rng.random((N_LABELS, 3)) ** 2).astype(int)]
        kind[sizes == 1, 0] = 0
        words = np.where(kind < 0.45, rare(1_000, N_LABELS, 3), np.where(kind < 0.75, of_part, of_many))
        words[np.arange(3) >= sizes[:, None]] = -1
        _, first = np.unique(words, axis=0, return_index=True)
        again = np.setdiff1d(np.arange(N_LABELS), first)
        words[again, 0] = rng.choice(np.setdiff1d(np.arange(1_000, N_WORDS), words), len(again), replace=False)
        self._name_words = words
        mean = HEARD - HEARD_COMMONER * np.log(np.maximum(self.frequencies * N_SAMPLE, 1))
        mean[:15] = HEARD_COMMONEST
        self._heard = rng.beta(mean / HEARD_SPREAD, (1 - mean) / HEARD_SPREAD)
        # A word with another ending has a number of its own.
        self._other = np.zeros(N_WORDS, dtype=np.int32)
        used = np.unique(words[words >= 0])
        self._other[used] = N_WORDS + np.arange(len(used))
        spelled = _spell(rng, N_WORDS)
        endings = np.array(["s", "s", "s", "ed", "al", "ic"], dtype=object)[rng.integers(6, size=len(used))]
        self._spelled = np.concatenate([spelled, spelled[used] + endings])
        self.names = [" ".join(spelled[each[each >= 0]]).capitalize() for each in words]

    def _calibrate(self):
        """Intensities with which the labels have their frequencies although a text has none twice."""
        self._intensity, goal = self.frequencies.copy(), self.frequencies * _PILOT
        for _ in range(4):
            self._prepare()
            pairs = np.concatenate([part for part, _ in self._labels_of_blocks(_PILOT, part=2)])
            found = np.bincount(pairs[:, 1], minlength=N_LABELS)
            often = goal > 50
            often[:N_GENERAL] = False
            rest = ~often & (np.arange(N_LABELS) >= N_GENERAL)
            self._intensity[often] *= np.clip(goal[often] / np.maximum(found[often], 1), 0.5, 3)
            self._intensity[rest] *= np.clip(goal[rest].sum() / found[rest].sum(), 0.5, 3)
        self._prepare()

    def _prepare(self):
        """Labels in the order of parts of topics, with the sums of their intensities."""
        specific = np.arange(N_GENERAL, N_LABELS)
        part_order = np.argsort(self.topic_of, kind="stable")
        place = np.argsort(part_order)
        self._order = specific[np.argsort(place[self.part_of[specific]], kind="stable")]
        self._sums = np.append(0, np.cumsum(self._intensity[self._order]))
        parts = place[self.part_of[self._order]]
        ends = np.searchsorted(parts, np.arange(len(part_order) + 1))
        self._part_ends = self._sums[ends]
        self._topic_ends = self._sums[ends[np.searchsorted(self.topic_of[part_order], np.arange(N_TOPICS + 1))]]
        self._part_order = part_order

    def _labels_of_blocks(self, n_rows, part):
        """Unique pairs of a row and a label, sorted, and the parts of topics that each row has, block by block."""
        for block, first in enumerate(range(0, n_rows, _BLOCK)):
            rng = np.random.default_rng([self.seed, part, block])
            pairs, parts = self._labels(rng, _BLOCK)
            n_left = min(_BLOCK, n_rows - first)
            yield pairs[pairs[:, 0] < n_left] + [first, 0], parts[:n_left]

    def _labels(self, rng, n_rows):
        hidden = rng.standard_normal((n_rows, 1))
        noise = rng.standard_normal((n_rows, N_GENERAL))
        general = np.argwhere(0.6 * hidden + 0.8 * noise < norm.ppf(self.frequencies[:N_GENERAL]))

        def within(ends, group):
            """A point in the sums of a group."""
            return ends[group] + rng.random(group.shape) * (ends[group + 1] - ends[group])

        # Two topics, two parts of the first and one of the second.
        topics = np.searchsorted(self._topic_ends, rng.random((n_rows, 2)) * self._sums[-1], side="right") - 1
        points = within(self._topic_ends, topics[:, [0, 0, 1]])
        parts = np.searchsorted(self._part_ends, points, side="right") - 1
        mean = self._intensity[N_GENERAL:].sum()
        sizes = np.maximum(rng.poisson(mean * rng.gamma(6, 1 / 6, n_rows)), 1)
        rows = np.repeat(np.arange(n_rows), sizes)
        source, which = rng.random(len(rows)), rng.integers(3, size=len(rows))
        point = np.where(
            source < FROM_PART,
            within(self._part_ends, parts[rows, which]),
            np.where(
                source < FROM_PART + FROM_TOPIC,
                within(self._topic_ends, topics[rows, which // 2]),
                rng.random(len(rows)) * self._sums[-1],
            ),
        )
        labels = self._order[np.minimum(np.searchsorted(self._sums, point, side="right") - 1, len(self._order) - 1)]
        pairs = np.vstack([general, np.column_stack([rows, labels])])
        return np.unique(pairs, axis=0), self._part_order[parts]

    def draw(self, n_rows, part=0):
        """Draw texts and an indicator of their labels.

        Parameters
        ----------
        n_rows : int
            Texts. The first ones are the same whatever their number.
        part : int, default=0
            Another part has other texts of the same language and labels.

        Returns
        -------
        texts : list of str
        y : csr_array of shape (n_rows, 18211)
        """
        texts, places = [], []
        for block, (pairs, parts) in enumerate(self._labels_of_blocks(n_rows, part)):
            rng = np.random.default_rng([self.seed, part, block, 1])
            rows, words = self._words(rng, pairs - [block * _BLOCK, 0], parts)
            ends = np.cumsum(np.bincount(rows, minlength=len(parts)))[:-1]
            texts += [" ".join(each) for each in np.split(self._spelled[words], ends)]
            places.append(pairs)
        rows, labels = np.concatenate(places).T
        y = sp.csr_array((np.ones(len(rows), dtype=np.int8), (rows, labels)), shape=(n_rows, N_LABELS))
        return texts, y

    def _words(self, rng, pairs, parts):
        """Rows and numbers of all words, in order of rows."""
        n_rows = len(parts)
        pairs = pairs[rng.random(len(pairs)) >= SILENT]  # of the others a text does not speak
        rows, words = self._named(rng, *pairs.T, 1 / (1 - SILENT))
        # Names of labels of its topics that a text does not have, in whole or in part.
        others = rng.poisson(MENTIONS, n_rows)
        of_rows = np.repeat(np.arange(n_rows), others)
        labels_of_part = np.argsort(self.part_of, kind="stable")
        starts = np.searchsorted(self.part_of[labels_of_part], np.arange(len(self.topic_of) + 1))
        part = parts[of_rows, rng.integers(3, size=len(of_rows))]
        at = starts[part] + (rng.random(len(part)) * (starts[part + 1] - starts[part])).astype(int)
        more_rows, more_words = self._named(rng, of_rows, labels_of_part[at], 1.0)
        rows, words = np.append(rows, more_rows), np.append(words, more_words)
        # The other words.
        sizes = np.maximum(rng.poisson(LENGTH * rng.gamma(7, 1 / 7, n_rows)) - np.bincount(rows, minlength=n_rows), 10)
        rest = np.repeat(np.arange(n_rows), np.ceil(sizes / (1 + REPEATS)).astype(int))
        source, drawn = rng.random(len(rest)), np.searchsorted(self._language, rng.random(len(rest)))
        drawn = np.minimum(drawn, N_WORDS - 1)
        of_label, starts = np.flatnonzero(source < FROM_LABEL), np.searchsorted(pairs[:, 0], np.arange(n_rows + 1))
        order = np.lexsort((rng.random(len(pairs)), pairs[:, 0]))  # which labels a text says most of
        own = rest[of_label]
        n_own = starts[own + 1] - starts[own]
        at = order[np.minimum(starts[own] + (n_own * rng.random(len(own)) ** 1.5).astype(int), len(order) - 1)]
        slots = (self._words_of_label.shape[1] * rng.random(len(own)) ** 2).astype(int)
        drawn[of_label] = np.where(n_own > 0, self._words_of_label[pairs[at, 1], slots], drawn[of_label])
        of_part = np.flatnonzero((source >= FROM_LABEL) & (source < FROM_LABEL + FROM_PART_WORDS))
        part = parts[rest[of_part], rng.integers(3, size=len(of_part))]
        drawn[of_part] = self._words_of_part[part, (WORDS_OF_PART * rng.random(len(part)) ** 1.5).astype(int)]
        times = 1 + rng.poisson(REPEATS, len(rest))
        rows, words = np.append(rows, np.repeat(rest, times)), np.append(words, np.repeat(drawn, times))
        order = np.lexsort((rng.random(len(rows)), rows))
        return rows[order], words[order]

    def _named(self, rng, rows, labels, factor):
        """Rows and words of what texts have of the names of labels."""
        words = self._name_words[labels]
        heard = np.minimum(factor * self._heard[labels], 1)[:, None]
        chance = rng.random(words.shape)
        words = np.where(
            chance < heard, words, np.where(chance < heard + OTHER_ENDING * (1 - heard), self._other[words], -1)
        )
        words[self._name_words[labels] < 0] = -1
        at, column = np.nonzero(words >= 0)
        times = 1 + rng.poisson(0.4, len(at))
        return np.repeat(rows[at], times), np.repeat(words[at, column], times)


def _spell(rng, n_words):
    """Made-up words, all different, the first ones shorter."""
    onsets = np.array([*"bcdfghlmnprstvz", "br", "ch", "cl", "gr", "ph", "pl", "st", "th", "tr", ""], dtype=object)
    vowels, codas = (
        np.array([*"aeiouy", "ia", "eo", "io"], dtype=object),
        np.array(["", "", "n", "r", "l", "s", "t", "x"], dtype=object),
    )
    n_drawn = n_words + n_words // 4
    words = np.full(n_drawn, "", dtype=object)
    for syllable in range(4):
        more = rng.random(n_drawn) < (1, 1, 0.6, 0.4)[syllable]
        part = onsets[rng.integers(len(onsets), size=n_drawn)] + vowels[rng.integers(len(vowels), size=n_drawn)]
        words = np.where(more, words + part, words)
    words = words + codas[rng.integers(len(codas), size=n_drawn)]
    _, first = np.unique(words.astype(str), return_index=True)
    found = words[np.sort(first)]
    found = found[np.char.str_len(found.astype(str)) > 2]
    lengths = np.char.str_len(found.astype(str)) + rng.normal(0, 2, len(found))
    return found[np.argsort(lengths)][:n_words]


# --- The sample beside the simulation ---------------------------------------------------------------------------------

CHECK_FIELDS = ("quantity", "sample", "simulation")
TOP = 12


def statistics(texts, y, names):
    """What texts and labels are like, in numbers; of texts without the commonest English words."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = [[w for w in re.findall(r"(?u)\b\w\w+\b", text.lower()) if w not in ENGLISH_STOP_WORDS] for text in texts]
    sizes, sets = [len(each) for each in words], [set(each) for each in words]
    frequencies = Counter(word for each in sets for word in each)
    y = sp.csr_array(y)
    counts = np.asarray(y.sum(axis=0, dtype=np.int64)).ravel()
    y, names, counts = y[:, counts > 0], [name for name, n in zip(names, counts) if n], counts[counts > 0]
    found = {
        "words a text": np.mean(sizes),
        "standard deviation of it": np.std(sizes),
        "different words a text": np.mean([len(each) for each in sets]),
        "different words": len(frequencies),
        "different words in two texts or more": sum(n > 1 for n in frequencies.values()),
        "labels": len(counts),
        **{f"labels of {n} texts": (counts == n).sum() for n in (1, 2, 3)},
        "labels a text": y.nnz / y.shape[0],
        "standard deviation of labels a text": np.diff(y.indptr).std(),
        "texts of the commonest label": counts.max(),
        "texts of the tenth label": np.sort(counts)[-10],
    }
    of_names = [[w for w in re.findall(r"\w+", name.lower()) if len(w) > 1] for name in names]
    columns = y.tocsc()
    shares = np.full((len(names), 3), np.nan)
    for label, of_name in enumerate(of_names):
        if of_name:
            rows = columns.indices[columns.indptr[label] : columns.indptr[label + 1]]
            has = np.array([[word in sets[row] for word in of_name] for row in rows])
            begin = [[any(w.startswith(word[:5]) for w in sets[row]) for word in of_name] for row in rows[:20]]
            shares[label] = has.all(axis=1).mean(), has.mean(), np.mean(begin)
    kinds = ("share of texts with all words of a name", "share of a name's words", "share of their first five letters")
    for group, mask in {"of labels of one text": counts == 1, "of labels of nine texts or more": counts > 8}.items():
        found |= {f"{kind}, {group}": value for kind, value in zip(kinds, np.nanmean(shares[mask], axis=0))}
    whole = [sum(bool(name) and all(w in words for w in name) for name in of_names) for words in sets[::10]]
    together = (y.T @ y).toarray() * (y.shape[0] / np.outer(counts, counts))
    np.fill_diagonal(together, 0)
    often = counts >= 8
    return found | {
        "whole names that a text has, its own or not": np.mean(whole),
        "median of the largest lift of two labels of eight texts or more": np.median(
            together[np.ix_(often, often)].max(axis=1)
        ),
    }


def scores(texts, y, names):
    """F1 of the labels of two texts or more, three folds: a row's twelve best by two scorers, and `TagClassifier`."""
    from decisions import evaluate
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.svm import LinearSVC

    from skbalance import TagClassifier
    from skbalance.memory import CosineCentroidClassifier
    from skbalance.model_selection import MultilabelStratifiedKFold

    warnings.simplefilter("ignore")
    y = sp.csr_array(y).toarray()
    often = y.sum(axis=0) >= 2
    texts, names, y = np.array(texts, dtype=object), np.array(names, dtype=object)[often].tolist(), y[:, often]
    splits = list(MultilabelStratifiedKFold(3, shuffle=True, random_state=0).split(texts, y))
    found = {}
    for name, scorer in {"centroid": CosineCentroidClassifier(), "LinearSVC": LinearSVC(random_state=0)}.items():
        predicted = np.zeros_like(y)
        for train, held in splits:
            words = TfidfVectorizer(sublinear_tf=True, min_df=2, dtype=np.float32)
            X, seen = words.fit_transform(texts[train]), y[train].any(axis=0)
            model = OneVsRestClassifier(scorer) if name == "LinearSVC" else scorer
            values = np.where(seen, model.fit(X, y[train]).decision_function(words.transform(texts[held])), -np.inf)
            predicted[held[:, None], np.argsort(-values, axis=1)[:, :TOP]] = 1
        found[f"{name}, best {TOP}"] = evaluate(y, predicted, y.sum(axis=0))
    predicted = np.zeros_like(y)
    for train, held in splits:
        model = TagClassifier(classes=names, random_state=0).fit(list(texts[train]), tag_lists(y[train], names))
        predicted[held] = model.estimator_.predict(list(texts[held])).toarray()
    found["TagClassifier()"] = evaluate(y, predicted, y.sum(axis=0))
    return {f"{method}: {group}": 100 * value for method, each in found.items() for group, value in each.items()}


def tag_lists(y, names):
    """The names of each row's labels."""
    return [[names[label] for label in row] for row in np.split(*row_parts(sp.csr_array(y)))]


def row_parts(y):
    """The labels of all rows, and where each row but the first begins."""
    return y.indices, y.indptr[1:-1]


def check(folder):
    """Rows of the table of the sample beside as many rows of the simulation."""
    from skbalance.datasets import load_bioasq

    sample = load_bioasq(folder / "bioasq_sample.json.gz")
    simulation = Simulation()
    texts, y = simulation.draw(len(sample.data))
    both = (list(sample.data), sample.target, list(sample.target_names)), (texts, y, simulation.names)
    (real, drawn) = ({**statistics(*each), **scores(*each)} for each in both)
    return [(quantity, float(real[quantity]), float(drawn[quantity])) for quantity in real]


# --- Methods ----------------------------------------------------------------------------------------------------------

TAGS, HIDDEN, OMIKUJI = METHODS = "TagClassifier()", "hidden layer of 256, thresholds", "omikuji, three trees"
SCORES = ("micro", "macro", "head", "medium", "tail")
COSTS = ("fit_cpu", "fit_wall", "predict_cpu", "peak_mib", "size_mib")
FIELDS = ("rows", "labels", "method", *SCORES, *COSTS)
BOUNDARIES = (15, 50)
EPOCHS = 20


class Tags:
    """`TagClassifier` at default settings."""

    def fit(self, texts, y, names, jobs):
        """Fit, with so many threads or processes."""
        from skbalance import TagClassifier

        self.names = names
        self.model = TagClassifier(random_state=0, n_jobs=jobs).fit(texts, tag_lists(y, names))
        return self

    def predict(self, texts):
        """The indicator that is predicted."""
        place = {name: label for label, name in enumerate(self.names)}
        labels = np.array([place[tag] for tag in self.model.classes_])
        found = sp.coo_array(self.model.estimator_.predict(texts))
        return sp.csr_array((found.data, (found.row, labels[found.col])), shape=(len(texts), len(self.names)))

    def size(self):
        """Bytes of the model in a file."""
        return len(pickle.dumps(self.model, protocol=5))


class Words:
    """Base of methods on TF-IDF of words."""

    def features(self, texts):
        """Words of the texts to train on."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        self.words = TfidfVectorizer(sublinear_tf=True, min_df=2, dtype=np.float32)
        return self.words.fit_transform(texts)

    def size(self):
        """Bytes of the model in a file."""
        return len(pickle.dumps((self.words, self.model), protocol=5))


class Hidden(Words):
    """A hidden layer as in `pubmed.py`, with thresholds that are set on a tenth of the rows."""

    def fit(self, texts, y, names, jobs):
        """Fit, with so many threads or processes."""
        from pubmed import LOSSES, model_of

        from skbalance import TunedThresholdMultiLabelClassifierCV

        layer = model_of(LOSSES["db"], max_iter=EPOCHS)
        self.model = TunedThresholdMultiLabelClassifierCV(layer, cv=0.1, refit=False, random_state=0)
        self.model.fit(self.features(texts), sp.csr_matrix(y, dtype=np.int64))
        return self

    def predict(self, texts):
        """The indicator that is predicted."""
        return sp.csr_array(self.model.predict(self.words.transform(texts)))


class Omikuji(Words):
    """Trees of labels; the number of labels or the one threshold that is best for micro-F1 on a tenth of the rows."""

    def fit(self, texts, y, names, jobs):
        """Fit, with so many threads or processes."""
        from skbalance.omikuji import OmikujiClassifier

        X, n_held = self.features(texts), len(texts) // 10
        self.model = OmikujiClassifier(n_jobs=jobs).fit(X[n_held:], y[n_held:])
        (labels, scores), truth = self._best(X[:n_held]), sp.csr_array(y[:n_held])
        hits = truth[np.arange(n_held)[:, None], labels].toarray() > 0
        tried = []
        for kind, values in (("k", range(1, 31)), ("threshold", np.linspace(0.02, 0.8, 79))):
            for value in values:
                chosen = _chosen(scores, kind, value)
                tried.append((2 * (hits & chosen).sum() / (chosen.sum() + truth.sum()), kind, value))
        self.rule = max(tried)[1:]
        return self

    def _best(self, X, n=30):
        """Labels of each row with the highest scores, and these; 0 where there are fewer."""
        found = self.model.predict_topk(X, min(n, self.model.n_labels_))
        rows = np.repeat(np.arange(X.shape[0]), np.diff(found.indptr))
        order = np.lexsort((-found.data, rows))
        places = np.arange(len(rows)) - found.indptr[rows]
        labels, scores = np.zeros((X.shape[0], n), dtype=int), np.zeros((X.shape[0], n))
        labels[rows, places], scores[rows, places] = found.indices[order], found.data[order]
        return labels, scores

    def predict(self, texts):
        """The indicator that is predicted."""
        labels, scores = self._best(self.words.transform(texts))
        rows, places = np.nonzero(_chosen(scores, *self.rule))
        shape = len(texts), self.model.n_labels_
        return sp.csr_array((np.ones(len(rows)), (rows, labels[rows, places])), shape=shape)


def _chosen(scores, kind, value):
    return (scores > 0) & ((np.arange(scores.shape[1]) < value) if kind == "k" else scores > value)


def measure(n_rows, n_labels, method, n_held, jobs):
    """A row of the table."""
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    simulation = Simulation()
    (texts, y), (held, truth) = simulation.draw(n_rows), simulation.draw(n_held, part=1)
    y, truth, names = y[:, :n_labels], truth[:, :n_labels], simulation.names[:n_labels]
    start = _cpu(), time.perf_counter()
    model = {TAGS: Tags, HIDDEN: Hidden, OMIKUJI: Omikuji}[method]().fit(texts, y, names, jobs)
    wall = time.perf_counter() - start[1]
    get_reusable_executor().shutdown(wait=True)  # the time and memory of processes count once they have ended
    spent = _cpu() - start[0], wall
    start = _cpu()
    predicted = model.predict(held)
    predicting = _cpu() - start
    peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    found = f1_by_group(truth, predicted, np.asarray(y.sum(axis=0, dtype=np.int64)).ravel())
    return n_rows, n_labels, method, *found, *spent, predicting, peak, model.size() / 2**20


def _cpu():
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def f1_by_group(truth, predicted, counts):
    """Micro-F1, and the means over labels, and over those of a group, that texts of both parts have."""
    truth, predicted = (sp.csr_array(each > 0, dtype=np.int64) for each in (truth, predicted))
    hits, n_true, n_found = (np.asarray(each.sum(axis=0)).ravel() for each in (truth * predicted, truth, predicted))
    f1 = 2 * hits / np.maximum(n_true + n_found, 1)
    known, (low, high) = (counts > 0) & (n_true > 0), BOUNDARIES
    groups = known, known & (counts >= high), known & (counts > low) & (counts < high), known & (counts <= low)
    micro = 2 * hits.sum() / max((n_true + n_found).sum(), 1)
    return float(micro), *(float(f1[group].mean()) if group.any() else float("nan") for group in groups)


# --- Tables -----------------------------------------------------------------------------------------------------------


def exponents(rows):
    """Growth of the CPU seconds of a fit with the labels, as the exponent of a power, for each number of rows."""
    for key in dict.fromkeys((row["rows"], row["method"]) for row in rows):
        mine = [row for row in rows if (row["rows"], row["method"]) == key]
        labels, seconds = (np.log([float(row[name]) for row in mine]) for name in ("labels", "fit_cpu"))
        exponent = f"{np.polyfit(labels, seconds, 1)[0]:.2f}" if len(mine) > 2 else "–"
        yield [f"{int(key[0]):,}", key[1], len(mine), exponent]


def markdown(table, checked):
    lines = ["# A simulation with structure", "", "## Methods", ""]
    lines += ["No text of it comes from PubMed. F1 in per cent on further texts; groups are macro-F1.", ""]
    head = "texts", "labels", "method", *SCORES, "fit, CPU s", "fit, wall s", "predict, CPU s", "peak, MiB", "size, MiB"
    rows = [
        [
            *(f"{int(row[name]):,}" for name in ("rows", "labels")),
            row["method"],
            *(f"{100 * float(row[name]):.1f}".replace("nan", "–") for name in SCORES),
            *(f"{float(row[name]):,.0f}" for name in COSTS),
        ]
        for row in sorted(table.rows, key=lambda row: (int(row["rows"]), int(row["labels"]), row["method"]))
    ]
    lines += markdown_table(head, rows)
    lines += ["", "## Growth", "", "The CPU seconds of a fit grow as the number of labels to the power of:", ""]
    lines += markdown_table(("texts", "method", "sizes", "exponent"), exponents(table.rows))
    if checked.rows:
        lines += ["", "## The sample beside the simulation", ""]
        lines += ["1,250 articles, and as many texts; three folds for F1, labels of two texts or more.", ""]
        forms = [(row["quantity"], *(f"{float(row[name]):,.4g}" for name in CHECK_FIELDS[1:])) for row in checked.rows]
        lines += markdown_table(CHECK_FIELDS, forms)
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[N_ROWS])
    parser.add_argument("--labels", type=int, nargs="+", default=[N_LABELS])
    parser.add_argument("--held", type=int, default=10_000, help="further rows to predict")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    add_options(parser, "simulation.csv", "simulation_check.csv")
    arguments = parse(parser)
    table, checked = Table("simulation.csv", FIELDS, n_keys=3), Table("simulation_check.csv", CHECK_FIELDS, n_keys=1)
    if not arguments.tables:
        if not checked.rows and "SKBALANCE_DATA" in os.environ:
            for row in check(Path(os.environ["SKBALANCE_DATA"])):
                checked.add(*row)
        for key in [(n, m, method) for n in arguments.rows for m in arguments.labels for method in arguments.methods]:
            if not table.has(*key):
                print(*key, flush=True)
                # A process of its own, for its peak of memory.
                with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
                    table.add(*pool.submit(measure, *key, arguments.held, arguments.jobs).result())
                print(*table.rows[-1].values(), flush=True)
    write("simulation.md", markdown(table, checked))


if __name__ == "__main__":
    sys.exit(main())
