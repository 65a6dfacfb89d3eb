"""Write the tables of the README from the results: ``python benchmarks/readme.py``.

Each stands between two comments, ``<!-- table: name -->`` and ``<!-- end -->``.
"""

import re
from pathlib import Path

import numpy as np
from decisions import open_tables
from losses import FIELDS, MODELS, SHOWN, WHOLE
from tables import Table, markdown_table

README = Path(__file__).parents[1] / "README.md"
NAMES = {
    "LinearSVC": "`LinearSVC`, one-vs-rest",
    "LogisticRegression, balanced": '`LogisticRegression(class_weight="balanced")`, one-vs-rest',
    "db": '`"db"` (default)',
}
CORPORA = {
    "reuters": "Reuters-21578",
    "reuters-tenth": "a tenth of it",
    "goemotions": "GoEmotions",
    "goemotions-tenth": "a tenth of it",
    "tmc2007": "TMC2007",
    "tmc2007-tenth": "a tenth of it",
}
PEER, OURS = ("LinearSVC", "pooled"), ("ntr_focal", "pooled")
COLUMNS = {
    "`LinearSVC` as it comes": ("LinearSVC", "plain"),
    "`LinearSVC`, tuned cuts": PEER,
    '`"ntr_focal"`, tuned cuts': OURS,
}


def losses():
    """Scores of the losses at the cut of 0.5."""
    table = Table("losses.csv", FIELDS, n_keys=2)
    rows = []
    for name in MODELS:
        (row,) = table.select(model=name, sample=WHOLE)
        rows.append([NAMES.get(name, f'`"{name}"`'), *(f"{float(row[column]):.1f}" for column in SHOWN)])
    return markdown_table(("", *SHOWN), rows)


def scores(table, corpus, model, decision):
    """Micro- and macro-F1 in per cent of each seed."""
    rows = table.select(corpus=corpus, model=model, decision=decision)
    return 100 * np.array([[float(row[name]) for name in ("micro", "macro")] for row in rows])


def is_ahead(one, other):
    """Whether both means are higher, as they are shown."""
    return bool(np.all(one.mean(axis=0).round(1) > other.mean(axis=0).round(1)))


def cuts():
    """Scores with tuned cuts, and on how many corpora which is ahead."""
    table, _, _ = open_tables()
    rows, verdicts = [], []
    for corpus, title in CORPORA.items():
        found = {key: scores(table, corpus, *key) for key in COLUMNS.values()}
        cells = []
        for key in COLUMNS.values():
            means, spreads = found[key].mean(axis=0), found[key].std(axis=0, ddof=1)
            cell = " / ".join(
                f"{mean:.1f}" + (f" ± {spread:.1f}".replace(" 0.", " .") if key in (PEER, OURS) else "")
                for mean, spread in zip(means, spreads)
            )
            rival = {PEER: OURS, OURS: PEER}.get(key)
            cells.append(f"**{cell}**" if rival and is_ahead(found[key], found[rival]) else cell)
        rows.append([title, *cells])
        verdicts.append(is_ahead(found[OURS], found[PEER]) - is_ahead(found[PEER], found[OURS]))
    ahead, level, behind = (verdicts.count(value) for value in (1, 0, -1))
    return [
        *markdown_table(("", *COLUMNS), rows),
        "",
        f"Bold: ahead of the other in both. With tuned cuts, `{OURS[0]}` is ahead of `{PEER[0]}` on {ahead} of the "
        f"{len(CORPORA)}, level on {level}, and behind on {behind}.",
    ]


def update(text):
    """The text of the README with its tables as the results have them."""
    for name, make in (("losses", losses), ("cuts", cuts)):
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
