"""The page that shows how a model does: arrays and strings in, one HTML file out."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from importlib.resources import files
from string import Template

import numpy as np
import scipy.sparse as sp

from skbalance._files import whole_file
from skbalance._indicators import fractions, label_confusion, ratio
from skbalance.metrics import label_groups, review_curve

# How much is shown: texts in doubt, pairs of tags, examples of each kind of a tag, characters of texts and tags.
DOUBTFUL, _CONFUSIONS, _EXAMPLES = 50, 40, 2
_LONG, _SHORT, _NAME = 700, 180, 80
# Characters that are not seen, or that turn the order of others around.
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff"
    r"\U000e0000-\U000e007f]"
)
# The area of a chart, in the units of its viewBox.
_LEFT, _TOP, _WIDTH, _HEIGHT = 34, 20, 300, 180
_SHARES, _TENTH = np.linspace(0, 1, 51), 5
_TICKS = (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)
_GROUPS = {"head": "35 texts or more", "medium": "9 to 34 texts", "tail": "8 texts or fewer"}


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


def report_page(data: ReportData) -> str:
    """The page, one HTML file that needs no other.

    Parameters
    ----------
    data : ReportData
        What it shows.

    Returns
    -------
    html : str

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from skbalance.review import ReportData, report_page
    >>> truth = csr_array(np.array([[1, 0], [0, 1], [1, 1]], dtype=bool))
    >>> predicted = csr_array(np.array([[1, 0], [0, 1], [1, 0]], dtype=bool))
    >>> data = ReportData("Two tags", "By hand.", ["oil", "gas"], np.array([2, 2]), truth, predicted, np.arange(3))
    >>> "<dt>Micro F1</dt><dd>0.857</dd>" in report_page(data)
    True
    """
    place = files("skbalance.review")
    page, style, script = (place.joinpath(f"_page.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    everything = _scores(data, np.ones(len(data.tags), dtype=bool))
    mending, curves = _curves(data)
    return Template(page).substitute(
        title=_shown(data.title, _SHORT),
        source=_shown(data.source, _LONG),
        style=style,
        script=script,
        hash="sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        n_texts=f"{len(data.rows):,}",
        n_tags=f"{len(data.tags):,}",
        micro=_number(everything[0], 3),
        macro=_number(everything[3], 3),
        right=f"{100 * np.mean(data.wrong_tags == 0):.1f} %" if len(data.rows) else "–",
        frequency=_by_frequency(data),
        groups=_groups(data),
        mending=mending,
        curves=curves,
        tags=_tags(data),
        confusions=_confusions(data),
        doubtful=_doubtful(data),
        issues=_issues(data),
        data=_examples(data),
    )


def _visible(text, most, start=0):
    """A part of a text, with characters that are not seen as their codes."""
    part = _HIDDEN.sub(lambda found: repr(found[0])[1:-1], text[start : start + most])
    return ("… " if start else "") + part + (" …" if len(text) > start + most else "")


def _shown(text, most):
    return escape(_visible(str(text), most))


def _name(data, tag):
    return f"<bdi>{_shown(data.tags[tag], _NAME)}</bdi>"


def _link(data, tag):
    return f'<a href="#tag-{tag}">{_name(data, tag)}</a>'


def _text(data, row, most, words=()):
    """The number of a row and its text, words being marked; a long one from where the first of them stands."""
    number = f"Row {data.rows[row]}"
    if data.texts is None:
        return number, ""
    text, marked = data.texts[row], {word.lower() for word in words}
    first = next((found.start() for found in re.finditer(r"\w+", text) if found[0].lower() in marked), 0)
    parts = re.split(r"(\w+)", _visible(text, most, first if first > 0.75 * most else 0))
    shown = "".join(f"<mark>{escape(part)}</mark>" if part.lower() in marked else escape(part) for part in parts)
    return number, f'<div class="text" dir="auto">{shown}</div>'


def _number(value, digits=2):
    return f"{value:.{digits}f}" if np.isfinite(value) else "–"


def _cells(*values):
    return "".join(f'<td class="number">{value}</td>' for value in values)


def _bars(values):
    return "".join(
        f'<td class="number bar" style="--v:{100 * np.nan_to_num(value):.0f}%">{_number(value)}</td>'
        for value in values
    )


def _scores(data, mask):
    """Micro F1, precision and recall of some tags, then macro, of those that a text here has; NaN without any."""
    confusion, occurs = data.confusion[:, mask], data.confusion[2, mask] > 0
    micro = [ratio(*both, np.nan) for both in fractions(*confusion.sum(axis=1)).values()]
    each = [ratio(*both, 0.0)[occurs].sum() for both in fractions(*confusion).values()]
    return micro + [ratio(total, occurs.sum(), np.nan) for total in each]


def _groups(data):
    groups = {"All tags": np.ones(len(data.tags), dtype=bool)}
    groups |= {f"{name.capitalize()}: {_GROUPS[name]}": mask for name, mask in label_groups(data.counts).items()}
    return "".join(
        f'<tr><th scope="row">{name}</th>{_cells(mask.sum(), int(data.confusion[2, mask].sum()))}'
        f"{_bars(_scores(data, mask))}</tr>"
        for name, mask in groups.items()
    )


def _x(share):
    return np.round(_LEFT + _WIDTH * share, 1)


def _y(value, low=0.0):
    return np.round(_TOP + _HEIGHT * (1 - value) / (1 - low), 1)


def _line(x, y, classes, low=0.0):
    points = " ".join(f"{a},{b}" for a, b in zip(_x(x), _y(y, low)))
    return f'<polyline class="{classes}" points="{points}"/>'


def _words_at(share, y, text, anchor="mid"):
    return f'<text class="{anchor}" x="{_x(share)}" y="{y}">{text}</text>'


def _panel(title, said, marks, ticks, x_label, low=0.0):
    """A chart of `marks`, whose y axis goes from `low` to 1."""
    lines = "".join(
        f'<path class="grid" d="M{_LEFT} {_y(y, low)}h{_WIDTH}"/>{_words_at(-0.02, _y(y, low) + 4, f"{y:.2f}", "end")}'
        for y in np.linspace(low, 1, 5)
    )
    below = "".join(_words_at(x, _TOP + _HEIGHT + 15, label) for x, label in ticks)
    below += _words_at(0.5, _TOP + _HEIGHT + 31, x_label)
    view = f'viewBox="0 0 {_LEFT + _WIDTH + 18} {_TOP + _HEIGHT + 36}"'
    svg = f'<svg {view} role="img" aria-label="{escape(said)}">{lines}{below}{marks}</svg>'
    return f"<figure><figcaption><h3>{title}</h3></figcaption>{svg}</figure>"


def _by_frequency(data):
    """F1, precision and recall of each tag against its frequency."""
    place = np.log1p(data.counts)
    top = max(place.max(), np.log1p(50))
    shifted = _x(place / top + 0.012 * (np.arange(len(place)) * 0.618 % 1 - 0.5))  # dots would hide each other
    edges = np.log1p([0, 8.5, 34.5, np.expm1(top)]) / top
    around = (
        f'<rect class="band" x="{_x(edges[1])}" y="{_TOP}" width="{_x(edges[2]) - _x(edges[1])}" height="{_HEIGHT}"/>'
    )
    around += "".join(
        _words_at((a + b) / 2, _TOP - 8, name) for name, a, b in zip(("tail", "medium", "head"), edges, edges[1:])
    )
    ticks = [(np.log1p(n) / top, f"{n:,}") for n in _TICKS if np.log1p(n) <= top]
    grid = np.linspace(place.min(), place.max(), 40)
    near = np.exp(-((grid[:, None] - place) ** 2) / 2)
    panels = ""
    for kind, (over, under) in fractions(*data.confusion).items():
        there = np.flatnonzero(under)
        height = _y(ratio(over, under, 0.0))
        dots = "".join(f'<circle cx="{shifted[j]}" cy="{height[j]}" r="3" data-tag="{j}"/>' for j in there)
        smooth = _line(grid / top, ratio(near @ over, near @ under, 0.0), "smooth") if len(there) else ""
        name = kind.capitalize()
        said = f"{name} of {len(there)} tags against their texts in training; the table of tags has the numbers."
        panels += _panel(name, said, around + dots + smooth, ticks, "texts in training")
    return panels


def _curves(data):
    """F1 after a share of the texts was mended, in the order of doubt, at random, and in the best order."""
    if data.doubt is None or not data.wrong_tags.any():
        why = "no tag is wrong." if not data.wrong_tags.any() else "the model has no scores to order texts by."
        return f"There is nothing to draw: {why}", ""
    ticks = [(share, f"{100 * share:.0f} %") for share in (0, 0.25, 0.5, 0.75, 1)]
    panels, said = "", []
    for average in ("micro", "macro"):
        curve = review_curve(data.truth, data.predicted, data.doubt, shares=_SHARES, average=average)
        low = min(np.floor(5 * curve.by_doubt[0]), 4) / 5
        lines = "".join(_line(_SHARES, curve[name], f"line {name}", low) for name in ("by_doubt", "random", "best"))
        start, tenth, at_random = curve.by_doubt[0], curve.by_doubt[_TENTH], curve.random[_TENTH]
        name = f"{average.capitalize()} F1"
        said.append(f"{name} from {start:.3f} to {tenth:.3f} (a random tenth: {at_random:.3f})")
        panels += _panel(name, f"After mending a tenth: {said[-1]}.", lines, ticks, "texts mended", low)
    return f"Mending the tenth of the texts that is most in doubt brings {' and '.join(said)}.", panels


def _tags(data):
    hits, predicted, positives = data.confusion
    scores = np.column_stack([ratio(*both, np.nan) for both in fractions(hits, predicted, positives).values()])
    counts = np.column_stack([hits, positives - hits, predicted - hits]).astype(int)
    thresholds = np.full(len(data.tags), np.nan) if data.thresholds is None else data.thresholds
    promises = map(escape, data.promises or ["–"] * len(data.tags))
    last = [_cells(_number(threshold), promise) for threshold, promise in zip(thresholds, promises)]
    group = np.select(list(label_groups(data.counts).values()), list(_GROUPS), "")
    return "".join(
        f'<tr id="tag-{j}" data-tag="{j}" data-group="{group[j]}"><th scope="row">{_name(data, j)}</th>'
        f"{_cells(f'{data.counts[j]:.0f}')}{_bars(scores[j])}{_cells(*counts[j])}{last[j]}</tr>"
        for j in range(len(data.tags))
    )


def _confusions(data):
    """Pairs of tags of which one is missed in texts that wrongly get the other."""
    missed, wrong = (data.outcomes[kind].astype(np.int32) for kind in ("missed", "wrong"))
    pairs = sp.coo_array(missed.T @ wrong)
    share = pairs.data / missed.sum(axis=0)[pairs.row]
    return "".join(
        f"<tr><td>{_link(data, pairs.row[i])}</td><td>{_link(data, pairs.col[i])}</td>"
        f"{_cells(pairs.data[i])}{_bars([share[i]])}</tr>"
        for i in np.lexsort((-share, -pairs.data))[:_CONFUSIONS]
    )


def _doubtful(data):
    """The rows that are most in doubt, with the words that spoke for their tags."""
    items = ""
    for row in data.order[:DOUBTFUL]:
        words, chips = data.words.get(int(row), {}), ""
        for (kind, pairs), sign in zip(data.outcomes.items(), "✓−+"):
            for tag in pairs.indices[pairs.indptr[row] : pairs.indptr[row + 1]]:
                because = ", ".join(_shown(word, _NAME) for word in words.get(int(tag), ()))
                chips += (
                    f'<li class="{kind}"><span aria-hidden="true">{sign}</span> {_link(data, tag)}'
                    f'<span class="unseen"> {kind}</span> <span class="quiet">{because}</span></li>'
                )
        number, text = _text(data, row, _LONG, [word for each in words.values() for word in each])
        found = f"wrong tags {data.wrong_tags[row]}"
        heading = f"<h3>{number}: {found}{'' if data.doubt is None else f', expected {data.doubt[row]:.1f}'}</h3>"
        items += f"<li>{heading}{text}<ul>{chips or '<li>no tag</li>'}</ul></li>"
    return items


def _issues(data):
    rows = ""
    for row, tag, given, probability in data.issues:
        advice = "has it: take it away?" if given else "does not have it: add it?"
        text = "".join(_text(data, row, _SHORT))
        rows += f"<tr><td>{text}</td><td>{_link(data, tag)}</td><td>{advice}</td>{_bars([probability])}</tr>"
    return rows


def _examples(data):
    """Rows that are right, missed and wrong for each tag, and their texts, as JSON that may stand in a script."""
    by_tag = [pairs.tocsc() for pairs in data.outcomes.values()]
    rows = [np.split(pairs.indices, pairs.indptr[1:-1]) for pairs in by_tag]
    examples = [[each[:_EXAMPLES].tolist() for each in tag] for tag in zip(*rows)]
    used = sorted({row for tag in examples for rows in tag for row in rows})
    texts = None if data.texts is None else {row: _visible(data.texts[row], _SHORT) for row in used}
    content = {"examples": examples, "texts": texts, "rows": {row: int(data.rows[row]) for row in used}}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
