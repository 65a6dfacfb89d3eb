"""What a fitted `TagClassifier` learns later: further texts, further tags, and to do without some."""

import hashlib
from collections.abc import Mapping
from copy import copy, deepcopy
from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from skbalance._packing import move_columns, pack, unpack
from skbalance._tag_lists import column_items, read_classes, read_tag_lists, short
from skbalance._validation import validate_hyperparameters
from skbalance.decisions import label_vectors
from skbalance.text._tag_names import read_tag_names
from skbalance.text._tag_pipeline import grown_features, last_step, used_rows
from skbalance.text._texts import check_texts


class TagUpdatesMixin:
    """The methods of `TagClassifier` that change a fitted model, by all or nothing."""

    def partial_fit(self: Any, X, y, **fit_params):
        """Learn from further texts; the first ones are fitted.

        Words and tags that are new are taken up. What the model makes of the texts before it learns from them is
        evidence for its decisions, as texts left out of a fold are in `fit`. A `fit` on all texts is a little better.

        Parameters
        ----------
        X : list of str, or any
            What `fit` takes, one text or more.
        y : list, Series or 1-D array, of length n_samples
            Lists of tags, or with `sep` strings. Where `classes` is given, or an `estimator`, tags of these only.
        **fit_params
            As in `fit`. An `estimator` needs a `partial_fit`, or to be a pipeline whose last step has one: the steps
            before it stay as they are.

        Returns
        -------
        self : TagClassifier
            The classifier, which has learnt from all texts so far.

        Raises
        ------
        TypeError, ValueError
            If there is no text, a text or a tag is not what is allowed, or nothing is kept (``keep_rows=0``). The
            classifier is then as it was before.
        AttributeError
            If the `estimator` has no `partial_fit`.

        Examples
        --------
        >>> from skbalance import TagClassifier
        >>> texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
        >>> tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
        >>> model = TagClassifier(random_state=0).fit(texts, tags)
        >>> model = model.partial_fit(["a shipment of coffee", "wheat for export"], [["coffee"], ["wheat"]])
        >>> model.predict(["coffee beans"])
        [('coffee',)]
        """
        if not hasattr(self, "estimator_"):
            return self.fit(X, y, **fit_params)
        validate_hyperparameters(self)
        X, rows, tags = self._read_fitted(X), read_tag_lists(y, sep=self.sep), self.classes_.tolist()
        if self.estimator is None:
            rows, used = used_rows(X, rows, fit_params)
        new = sorted(set().union(*rows).difference(tags), key=str)
        if new and (self.classes is not None or self.estimator is not None):
            raise ValueError(f"y has tags that are not in classes_: {short(new[:10])}. Announce them in `classes`.")
        if new and self._hierarchy.edges:
            raise ValueError(f"Tags that have parents can grow by a new fit only; y has new ones: {short(new[:10])}.")
        read_classes([*tags, *new], sep=self.sep)
        if self.estimator is None:
            learner = self._grown([X[i] for i in used], new)
        else:
            learner = copy(self)
            learner.estimator_ = deepcopy(self.estimator_)
        features, y = learner._features(X), self._indicator(rows, [*tags, *new], self._hierarchy)
        last_step(learner.estimator_).partial_fit(features, y, **fit_params)
        if self.estimator is None:
            learner._keep(X, features, used)
        self.__dict__ = vars(learner)
        return self

    def add_tags(self: Any, tags):
        """Learn further tags, from texts that have them; the others stay as they are.

        A new tag is learnt from its texts against the texts that are kept of those before (`keep_rows`). Its threshold
        is that of tags of similar frequency until :meth:`partial_fit` brings more texts that have it. The models and
        thresholds of the other tags stay as they are, and the new ones do not compete with them. Words and pieces of
        names that come with them take a part of the length of a text that has them.

        Parameters
        ----------
        tags : mapping from str or int to list of str or list of int
            For each new tag the texts that have it, one or more: texts, or numbers of texts that the model was given
            (counted on from `fit` through each :meth:`partial_fit`) and keeps.

        Returns
        -------
        self : TagClassifier
            The classifier; `classes_` has the new tags at its end.

        Raises
        ------
        TypeError, ValueError
            If there is an `estimator`, a tag is there already, a text or its number is not what is allowed, or nothing
            is kept. The classifier is then as it was before.

        Examples
        --------
        >>> from skbalance import TagClassifier
        >>> texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
        >>> tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
        >>> model = TagClassifier(random_state=0).fit(texts, tags)
        >>> model = model.add_tags({"coffee": ["a shipment of coffee", "coffee beans"], "prices": [0, 5]})
        >>> model.predict(["coffee beans"])
        [('coffee',)]
        """
        self._check_own("add_tags")
        if not isinstance(tags, Mapping) or not tags:
            raise TypeError(f"tags must map each new tag to the texts that have it; got {short(tags)}.")
        new, old = read_classes(list(tags), sep=self.sep, name="tags"), self.classes_.tolist()
        if there := [tag for tag in new if tag in old]:
            raise ValueError(f"tags must be new ones; classes_ has {short(there)} already.")
        read_classes([*old, *new], sep=self.sep)  # all are of one kind
        places: dict = {number: place for place, number in enumerate(self._kept_numbers.tolist())}
        examples = [self._read_examples(tag, given, places) for tag, given in zip(new, tags.values())]
        texts = list(dict.fromkeys(each for its_own in examples for each in its_own if isinstance(each, str)))
        kept, n_rows = dict(zip(self._kept_digests.tolist(), places.values())), len(places)
        places |= zip(texts, map(kept.get, _digests(texts).tolist()))
        unkept = [text for text in texts if places[text] is None]
        places |= zip(unkept, range(n_rows, n_rows + len(unkept)))
        pairs = {(places[each], column) for column, its_own in enumerate(examples) for each in its_own}
        ones, shape = np.ones(len(pairs), dtype=np.int64), (n_rows + len(unkept), len(new))
        learner = self._grown(texts, new, unkept, sp.csr_matrix((ones, tuple(zip(*pairs))), shape=shape))
        self.__dict__ = vars(learner)
        return self

    def remove_tags(self: Any, tags):
        """Do without some tags: the model forgets them.

        Where one was the best of a text, the next best gains by it.

        Parameters
        ----------
        tags : list of str or int
            Some of `classes_`, not all.

        Returns
        -------
        self : TagClassifier
            The classifier.

        Raises
        ------
        ValueError
            If there is an `estimator`, one is none of `classes_`, or too few would be left.

        Examples
        --------
        >>> from skbalance import TagClassifier
        >>> texts = ["wheat and corn prices", "crude oil", "wheat harvest", "oil and gas", "corn", "gas prices"] * 5
        >>> tags = [["wheat", "corn"], ["crude"], ["wheat"], ["crude", "gas"], ["corn"], ["gas"]] * 5
        >>> model = TagClassifier(random_state=0).fit(texts, tags).remove_tags(["gas"])
        >>> model.classes_.tolist()
        ['corn', 'crude', 'wheat']
        """
        self._check_own("remove_tags")
        gone, old = read_classes(tags, sep=self.sep, name="tags"), self.classes_.tolist()
        if strange := [tag for tag in gone if tag not in old]:
            raise ValueError(f"tags must be some of classes_; got {short(strange)}.")
        left = np.array([i for i, tag in enumerate(old) if tag not in gone], dtype=int)
        tuner = self.estimator_[-1]
        if len(left) < max(1, tuner.min_labels_, tuner.k_ or 0):
            raise ValueError(f"Of {len(old)} tags {len(left)} would be left, too few; got {short(gone)}.")
        classes = [old[i] for i in left]
        learner = self._relabelled(classes, self._names_again(classes), self.estimator_[0], labels=left)
        self.__dict__ = vars(learner)
        return self

    def _check_own(self: Any, method):
        check_is_fitted(self)
        if self.estimator is not None:
            raise ValueError(
                f"{method} is for TagClassifier without an estimator; got {type(self.estimator).__name__}."
            )
        if self._hierarchy.edges:
            raise ValueError(f"{method} is for tags without parents: fit anew with the parents of all tags.")

    def _read_examples(self: Any, tag, given, places):
        """Texts of a new tag, or numbers of kept ones, which have places."""
        name = f"tags[{tag!r}]"
        given = column_items(given, name, "texts", "For one text, pass [text].")
        if not given or not all(isinstance(each, Integral) and not isinstance(each, bool) for each in given):
            return check_texts(given, name)
        if strange := [int(number) for number in given if number not in places]:
            raise ValueError(
                f"{name} must hold texts, or numbers of texts that the model keeps (keep_rows={self.keep_rows}); "
                f"it has none of {short(strange[:10])}."
            )
        return given

    def _keep(self: Any, texts, features, used):
        """Keep the newest of the used rows, or of the first ones some at equal distances."""
        before, features, numbers = self._n_texts, sp.csr_array(features)[used], self._n_texts + used
        digests = _digests([texts[i] for i in used])
        if before:
            features = sp.vstack([self._kept_features, features], format="csr")
            numbers, digests = np.append(self._kept_numbers, numbers), np.append(self._kept_digests, digests)
        n_rows = min(self.keep_rows, len(numbers))
        first = len(numbers) - n_rows if before else 0
        some = np.linspace(first, len(numbers) - 1, n_rows).astype(int)
        self._kept, self._kept_numbers, self._kept_digests = _packed(features[some]), numbers[some], digests[some]
        self._n_texts = before + len(texts)
        if not n_rows:
            self.estimator_[-1].decisions_ = replace(self.estimator_[-1].decisions_, kept=None)

    @property
    def _kept_features(self: Any):
        if not len(self._kept_numbers):
            raise ValueError("The model keeps nothing to learn on from (keep_rows=0): fit it anew, with keep_rows.")
        return sp.csr_array(unpack(self._kept), dtype=np.float32)

    def _grown(self: Any, texts, new, unkept=(), y=None):
        """A copy that takes words of further texts and tags, learnt from y: of texts that are kept, then unkept.

        Without y, the tags are yet to be learnt.
        """
        classes, kept = [*self.classes_.tolist(), *new], self._kept_features
        names = self._names_again(classes)
        features, places, n_features = grown_features(self.estimator_[0], texts, self._n_texts, names, kept.shape[1])
        kept = X = move_columns(kept, places, n_features)
        if unkept:
            X = sp.vstack([kept, features.transform(unkept)], format="csr")
        share = max(1.0, self._n_texts / kept.shape[0])

        def learn(scorer):
            scorer._widen(places, n_features)
            if y is None:
                return scorer
            weight = np.where(np.diff(y.indptr) > 0, 1.0, share)  # other rows stand for those that are not kept
            return scorer._learn_labels(sp.csr_matrix(X), y, weight)

        more = np.zeros(len(new)) if y is None else np.asarray(y.sum(axis=0)).ravel()
        learner = self._relabelled(classes, names, features, learn, more=more)
        learner._kept = _packed(kept)
        return learner

    def _names_again(self: Any, classes):
        """What each tag is called, if the model reads it; the text of a tag may wait for it, or outlive it."""
        if self._tag_names is None:
            return None
        if self.label_texts is None:
            raise ValueError("label_texts=None is for a new fit: this model reads what tags are called.")
        return read_tag_names(self.label_texts, classes, all_there=False) or [[""]] * len(classes)

    def _relabelled(self: Any, classes, names, features, change=None, **labels):
        """A copy with other tags, called so; `labels` and `change` say what becomes of their labels and scorers."""
        learner, vectors = copy(self), None if names is None else label_vectors(features, names, plurals=("words",))
        tuner = self.estimator_[-1]._changed(vectors, change, **labels)
        learner.estimator_ = Pipeline([("features", features), ("decisions", tuner)])
        learner.classes_, learner._tag_names = np.array(classes, dtype=self.classes_.dtype), names
        return learner


def _packed(features):
    """Features in types that are as small as may be."""
    values, places, indptr, shape = pack(features)
    return values.astype(np.float16), places.astype(np.min_scalar_type(shape[1])), indptr, shape


def _digests(texts):
    """Numbers that tell texts apart."""
    digests = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(digests), dtype=np.uint64)
