"""Parents of labels, several a label if need be, and what follows from them for indicators and for scores."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from numbers import Integral
from typing import Any

import numpy as np
import scipy.sparse as sp

# Rows times labels that are looked at in one piece.
_CELLS = 10_000_000


@dataclass(frozen=True)
class Hierarchy:
    """A directed acyclic graph of labels.

    Attributes
    ----------
    edges : tuple of (int, int)
        A label and one of its parents. All edges to a label come before those from it.
    n_labels : int
        Number of labels.
    """

    edges: tuple[tuple[int, int], ...]
    n_labels: int

    @classmethod
    def of_columns(cls, parents: Any, n_labels: int) -> "Hierarchy":
        """Read a mapping from column to column, or to several.

        Raises
        ------
        TypeError, ValueError
            As :func:`parents_first`, or if one is no column.
        """

        def column(value, where):
            if not isinstance(value, Integral) or isinstance(value, bool) or not 0 <= int(value) < n_labels:
                raise ValueError(f"{where} must be a column, from 0 to {n_labels - 1}; got {value!r}.")
            return int(value)

        return cls.of(parents_first(read_parents(parents, column)), range(n_labels))

    @classmethod
    def of(cls, parents: Mapping, labels: Iterable) -> "Hierarchy":
        """From parents that are read, those of a label before the label itself, and all labels by column."""
        column = {label: number for number, label in enumerate(labels)}
        edges = [(column[label], column[parent]) for label in reversed(list(parents)) for parent in parents[label]]
        return cls(tuple(edges), len(column))

    def __getstate__(self):
        return {"edges": self.edges, "n_labels": self.n_labels}  # the matrices are made again

    @property
    def parents(self) -> dict[int, list[int]]:
        """Columns of the parents of each column that has any."""
        parents: dict = {}
        for label, parent in self.edges:
            parents.setdefault(label, []).append(parent)
        return parents

    @cached_property
    def reach(self) -> sp.csr_array:
        """Whether each column is the label of the row, or an ancestor of it, of shape (n_labels, n_labels)."""
        reached = [{label} for label in range(self.n_labels)]
        for label, parent in reversed(self.edges):
            reached[label] |= reached[parent]
        indptr = np.cumsum([0, *map(len, reached)])
        indices = np.array([ancestor for each in reached for ancestor in sorted(each)], dtype=np.int32)
        return sp.csr_array((np.ones(len(indices), dtype=np.int32), indices, indptr), shape=(self.n_labels,) * 2)

    @cached_property
    def related(self) -> sp.csr_array:
        """Whether one label is the other or an ancestor of it, of shape (n_labels, n_labels)."""
        return sp.csr_array(self.reach + self.reach.T).astype(bool)

    def close(self, indicator: Any) -> Any:
        """An indicator, dense or sparse, with the ancestors of all that it has; of the same type."""
        if not self.edges:
            return indicator
        closed = sp.csr_array(sp.csr_array(indicator).astype(np.int32) @ self.reach)
        closed.data = (closed.data > 0).astype(indicator.dtype)
        return type(indicator)(closed) if sp.issparse(indicator) else closed.toarray()

    def check(self, indicator: Any) -> None:
        """Raise a ValueError if a row has a label without one of its ancestors."""
        lacking = self.close(indicator).sum(axis=0) > indicator.sum(axis=0)
        if lacking.any():
            raise ValueError(
                f"Rows of y have descendants of label {lacking.argmax()} without that label: add ancestors to y, as "
                "TagClassifier does."
            )

    def raised(self, labels: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values by which the best labels of a row, however many, are closed under ancestors.

        That of a label is above those of its descendants. -inf stays, and goes down to all descendants.

        Parameters
        ----------
        labels : ndarray of int of shape (n_rows, width)
            Labels of each row, with their ancestors. Of one that is there twice the first counts.
        values : ndarray of float of shape (n_rows, width)
            Below inf.

        Returns
        -------
        raised : ndarray of shape (n_rows, width)
            Of the type of `values`.
        """
        return np.where(values > -np.inf, self._spread(_bar, labels, values), values.dtype.type(-np.inf))

    def agreed(self, labels: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Scores that meet half way where that of a label is above its parent's, of the same shapes.

        The parent's is the higher one then, by next to nothing. What is -inf says nothing.
        """
        return self._spread(_meet, labels, values)

    def _spread(self, down, labels, values):
        """Go from parents to children with a function, and then up: that of a parent is above those of children."""
        spread, step = np.empty_like(values), max(1, _CELLS // self.n_labels)
        for start in range(0, len(labels), step):
            part = slice(start, start + step)
            index = labels[part], np.arange(len(labels[part]))[:, None]
            dense = np.full((self.n_labels, len(index[1])), -np.inf, dtype=values.dtype)
            dense[index[0][:, ::-1], index[1]] = values[part][:, ::-1]
            for label, parent in reversed(self.edges):
                down(dense[label], dense[parent])
            for label, parent in self.edges:
                above = np.nextafter(dense[label], values.dtype.type(np.inf))
                np.maximum(dense[parent], above, out=dense[parent], where=dense[label] > -np.inf)
            spread[part] = dense[index]
        return spread


def _bar(child, parent):
    child[parent == -np.inf] = -np.inf


def _meet(child, parent):
    np.add(child / 2, parent / 2, out=child, where=(child > parent) & (parent > -np.inf))


def read_parents(parents: Any, read) -> dict:
    """The parents of each label as a list, each once.

    Parameters
    ----------
    parents : mapping
        From label to label, or to a collection of labels.
    read : callable
        ``read(label, where)``, the label as it is used, or an error.

    Raises
    ------
    TypeError
        If it is no mapping.
    """
    if not isinstance(parents, Mapping):
        raise TypeError(f"parents must map each label to its parent, or a list of them; got {parents!r}.")
    found = {}
    for label, its_own in parents.items():
        several = isinstance(its_own, Iterable) and not isinstance(its_own, (str, bytes, Mapping))
        each = [read(parent, f"parents[{label!r}]") for parent in (its_own if several else [its_own])]
        found[read(label, "A key of parents")] = list(dict.fromkeys(each))
    return found


def parents_first(parents: Mapping) -> dict:
    """The same, with parents that are no keys too, in an order in which they come before their children.

    Raises
    ------
    ValueError
        If a label is its own ancestor.
    """
    try:
        return {label: parents.get(label, []) for label in TopologicalSorter(parents).static_order()}
    except CycleError as error:
        circle = " -> ".join(map(repr, reversed(error.args[1])))
        raise ValueError(f"parents must not go in a circle: {circle}.") from error
