"""What a page on a model shows, and the page as an object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape

import numpy as np
import scipy.sparse as sp

from skbalance._files import whole_file
from skbalance._indicators import label_confusion


@dataclass(frozen=True)
class ReportData:
    """What a page shows.

    Attributes
    ----------
    title, source : str
        What the page is called, and what was measured on which texts.
    tags : sequence of str or int
        The tags.
    counts : ndarray of shape (n_tags,)
        Texts that each had in training.
    truth, predicted : csr_array of bool of shape (n_rows, n_tags)
        The tags that rows have, and those that are predicted.
    rows : ndarray of int of shape (n_rows,)
        Numbers of the rows.
    texts : sequence of str, default=None
        Of the rows.
    thresholds : ndarray of shape (n_tags,), default=None
        Of the tags.
    promises : sequence of str, default=None
        What is promised of each tag.
    doubt : ndarray of shape (n_rows,), default=None
        How many wrong tags are expected of each row.
    words : mapping of int to mapping of int to sequence of str, default={}
        For some rows and their predicted tags, by column, the words that spoke for the tag.
    issues : sequence of (int, int, bool, float), default=()
        Labels that are in doubt: row, tag, whether the row has it, and how probable that is. Rows count as in `truth`.
    """

    title: str
    source: str
    tags: Sequence
    counts: np.ndarray
    truth: sp.csr_array
    predicted: sp.csr_array
    rows: np.ndarray
    texts: Sequence[str] | None = None
    thresholds: np.ndarray | None = None
    promises: Sequence[str] | None = None
    doubt: np.ndarray | None = None
    words: Mapping[int, Mapping[int, Sequence[str]]] = field(default_factory=dict)
    issues: Sequence[tuple[int, int, bool, float]] = ()

    @cached_property
    def confusion(self) -> np.ndarray:
        """Hits, predictions and positives of each tag, of shape (3, n_tags)."""
        return np.array(label_confusion(self.truth, self.predicted))

    @cached_property
    def outcomes(self) -> dict[str, sp.csr_array]:
        """Pairs of a row and a tag that are right, missed and wrongly given."""
        right = sp.csr_array(self.truth.multiply(self.predicted))
        return {"right": right, "missed": self.truth > right, "wrong": self.predicted > right}

    @cached_property
    def wrong_tags(self) -> np.ndarray:
        """Wrong tags of each row."""
        return np.diff(self.outcomes["missed"].indptr) + np.diff(self.outcomes["wrong"].indptr)

    @cached_property
    def order(self) -> np.ndarray:
        """Rows in the order of doubt; where there is none, those with most wrong tags first."""
        return np.argsort(-(self.wrong_tags if self.doubt is None else self.doubt), kind="stable")


@dataclass(frozen=True, repr=False)
class TagReport:
    """A page on a model: it shows itself in a notebook, and can be saved.

    Parameters
    ----------
    html : str
        The page.

    Examples
    --------
    >>> from skbalance.review import TagReport
    >>> TagReport("<!DOCTYPE html><title>Tickets</title>")
    TagReport of 37 characters: a notebook shows it, and .save(path) writes it
    """

    html: str

    def __repr__(self):
        return f"TagReport of {len(self.html)} characters: a notebook shows it, and .save(path) writes it"

    def _repr_html_(self):
        attributes = 'title="Report" sandbox="allow-scripts" style="width:100%;height:80vh;border:0"'
        return f'<iframe {attributes} srcdoc="{escape(self.html)}"></iframe>'

    def save(self, path):
        """Write the page, in one step: a file that is there is replaced by a whole one, or stays as it is.

        Parameters
        ----------
        path : str or path
            Of the file.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        with whole_file(path) as file:
            file.write(self.html.encode())
