"""Write the tables of the README from the results: ``python benchmarks/readme.py``.

Each stands between two comments, ``<!-- table: name -->`` and ``<!-- end -->``.
"""

import re
from pathlib import Path

import numpy as np
from decisions import open_tables
from losses import FIELDS, MODELS, SHOWN, TERM_WEIGHTED, WHOLE
from tables import Table, markdown_table

README = Path(__file__).parents[1] / "README.md"
NAMES = {
    "LinearSVC": "`LinearSVC`, one-vs-rest",
    "LogisticRegression, balanced": '`LogisticRegression(class_weight="balanced")`, one-vs-rest',
    "db": '`"db"` (default)',
    **{f"{name}, rf": f'`"{name}"` and `term_weighting="rf"`' for name in TERM_WEIGHTED},
}
CORPORA = {
    "reuters": "Reuters-21578",
    "reuters-tenth": "a tenth of it",
    "reuters-minilm": "Reuters-21578, TF-IDF and sentence embeddings",
    "goemotions": "GoEmotions",
    "goemotions-tenth": "a tenth of it",
    "tmc2007": "TMC2007",
    "tmc2007-tenth": "a tenth of it",
}
PEER, OURS = ("LinearSVC", "pooled"), ("squared_hinge", "pooled")
SEARCHED_PEER = ("LinearSVC (C searched)", "pooled")
PEERS = {"`LinearSVC`": PEER, "`LinearSVC` with its C searched likewise": SEARCHED_PEER}
COLUMNS = {
    "`LinearSVC`, default settings": ("LinearSVC", "plain"),
    "`LinearSVC`, tuned thresholds": PEER,
    "and its C searched": SEARCHED_PEER,
    '`"squared_hinge"`, tuned thresholds': OURS,
}


def losses():
    """Scores of the losses at the threshold 0.5."""
    table = Table("losses.csv", FIELDS, n_keys=2)
    rows = []
    for name in MODELS:
        for row in table.select(model=name, sample=WHOLE):
            rows.append([NAMES.get(name, f'`"{name}"`'), *(f"{float(row[column]):.1f}" for column in SHOWN)])
    return markdown_table(("", *SHOWN), rows)


def scores(table, corpus, model, decision):
    """Micro- and macro-F1 in per cent of each seed."""
    rows = table.select(corpus=corpus, model=model, decision=decision)
    return 100 * np.array([[float(row[name]) for name in ("micro", "macro")] for row in rows])


def is_ahead(one, other):
    """Whether both means are higher, as they are shown."""
    return bool(np.all(one.mean(axis=0).round(1) > other.mean(axis=0).round(1)))


def cell(found, spread):
    """Mean of micro- and macro-F1, and their spread where it is wanted; a dash where there are none."""
    if not found.size:
        return "–"
    parts = zip(found.mean(axis=0), found.std(axis=0, ddof=1))
    return " / ".join(f"{m:.1f}" + (f" ± {s:.1f}".replace(" 0.", " .") if spread else "") for m, s in parts)


def thresholds():
    """Scores with tuned thresholds, and on how many corpora ours is ahead."""
    table, _, _ = open_tables()
    rows, verdicts = [], {title: [] for title in PEERS}
    for corpus, title in CORPORA.items():
        found = {key: scores(table, corpus, *key) for key in COLUMNS.values()}
        cells = {key: cell(found[key], spread=key[1] != "plain") for key in COLUMNS.values()}
        for one, other in ((PEER, OURS), (OURS, PEER)):
            if is_ahead(found[one], found[other]):
                cells[one] = f"**{cells[one]}**"
        rows.append([title, *cells.values()])
        for peer, key in PEERS.items():
            if found[key].size:
                verdicts[peer].append(is_ahead(found[OURS], found[key]) - is_ahead(found[key], found[OURS]))
    against = [
        f"ahead of {peer} on {each.count(1)} of {len(each)}, level on {each.count(0)}, and behind on {each.count(-1)}"
        for peer, each in verdicts.items()
    ]
    return [
        *markdown_table(("", *COLUMNS), rows),
        "",
        f"Bold: ahead of the other of the two, `LinearSVC` and `{OURS[0]}`, in both. With tuned thresholds, "
        f"`{OURS[0]}` is {'; '.join(against)}.",
    ]


def update(text):
    """The text of the README with its tables as the results have them."""
    for name, make in (("losses", losses), ("thresholds", thresholds)):
        pattern = re.compile(rf"(<!-- table: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        if not pattern.search(text):
            raise ValueError(f"the README has no place for the table {name!r}: <!-- table: {name} --> ... <!-- end -->")
        lines = "\n".join(make())
        text = pattern.sub(lambda match, lines=lines: f"{match[1]}\n{lines}\n\n{match[2]}", text)
    return text


def main():
    README.write_text(update(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote the tables of {README.name}")


if __name__ == "__main__":
    main()
