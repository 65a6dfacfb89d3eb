"""Write the table of the README from the results: ``python benchmarks/readme.py``.

It stands between two comments, ``<!-- table: tags -->`` and ``<!-- end -->``. Rows and corpora without a result are
left out, so that it can be written at any time.
"""

import re
from pathlib import Path

import numpy as np
from decisions import FIELDS as DECISION_FIELDS
from tables import Table, markdown_table
from tags import FIELDS as TAG_FIELDS
from tags import NAMED_PEER, OURS, OURS_WITHOUT

README = Path(__file__).parents[1] / "README.md"
CORPORA = {
    "web": "web features",
    "reuters": "Reuters-21578",
    "reuters-tenth": "a tenth of it",
    "goemotions": "GoEmotions",
    "goemotions-tenth": "a tenth of it",
    "tmc2007": "TMC2007",
}
# What a row is called: the file of its results, and what they have in its columns.
ROWS = {
    "`LinearSVC`, default settings": ("decisions.csv", {"model": "LinearSVC", "decision": "plain"}),
    "`LinearSVC`, C searched, our thresholds, tag names": ("tags.csv", {"method": NAMED_PEER}),
    "`TagClassifier(label_texts=None)`": ("tags.csv", {"method": OURS_WITHOUT}),
    "**`TagClassifier()`**": ("tags.csv", {"method": OURS}),
}
# Each pair has the same thresholds, folds and features: the rows, and how a sentence names them.
COMPARED = (
    (
        ("**`TagClassifier()`**", "`LinearSVC`, C searched, our thresholds, tag names"),
        ("`TagClassifier()`", "`LinearSVC` with the same thresholds and names"),
    ),
)
PUBLISHED = {'BERT fine-tuned with `"db"` (Huang et al. 2021)': {"reuters": "90.6 / 64.5"}}


def read():
    """Micro- and macro-F1 in per cent of each row and corpus, an array with a row for each seed."""
    tables = {
        "decisions.csv": Table("decisions.csv", DECISION_FIELDS),
        "tags.csv": Table("tags.csv", TAG_FIELDS),
    }
    found = {}
    for name, (file, where) in ROWS.items():
        for corpus in CORPORA:
            rows = tables[file].select(corpus=corpus, **where)
            values = [[100 * float(row["micro"]), 100 * float(row["macro"])] for row in rows]
            found[name, corpus] = np.array(values).reshape(-1, 2)
    return found


def cell(found):
    """Means of micro- and macro-F1, with their spread if there are several seeds that differ; a dash without any."""
    if not len(found):
        return "–"
    spread = found.std(axis=0, ddof=1) if len(found) > 1 else np.zeros(2)
    parts = zip(found.mean(axis=0), spread)
    return " / ".join(f"{m:.1f}" + (f" ± {s:.1f}".replace(" 0.", " .") if s >= 0.05 else "") for m, s in parts)


def compare(found, ours, other):
    """On how many corpora one is ahead in both scores as shown, in one, in none; None if no corpus has both."""
    verdicts = []
    for corpus in CORPORA:
        pair = found[ours, corpus], found[other, corpus]
        if all(map(len, pair)):
            difference = pair[0].mean(axis=0).round(1) - pair[1].mean(axis=0).round(1)
            verdicts.append(int((difference > 0).sum()))
    return [verdicts.count(value) for value in (2, 1, 0)] if verdicts else None


def tags():
    """Lines of the table, and how often ours is ahead of a peer under the same thresholds."""
    found = read()
    corpora = [corpus for corpus in CORPORA if any(len(found[name, corpus]) for name in ROWS)]
    if not corpora:
        raise ValueError("there are no results in decisions.csv and tags.csv: run the benchmarks first.")
    rows = []
    for name in ROWS:
        if any(len(found[name, corpus]) for corpus in corpora):
            rows.append([name, *(cell(found[name, corpus]) for corpus in corpora)])
    rows += [[name, *(values.get(corpus, "–") for corpus in corpora)] for name, values in PUBLISHED.items()]
    lines = [*markdown_table(("", *(CORPORA[corpus] for corpus in corpora)), rows), ""]
    for pair, (ours, other) in COMPARED:
        verdict = compare(found, *pair)
        if verdict:
            both, one, none = verdict
            counts = f"in both scores on {both} of {sum(verdict)}, in one on {one}, in none on {none}"
            lines.append(f"{ours} is ahead of {other} {counts}.")
    return lines


def update(text):
    """The text of the README with its table as the results have it."""
    pattern = re.compile(r"(<!-- table: tags -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError("the README has no place for the table 'tags': <!-- table: tags --> ... <!-- end -->")
    lines = "\n".join(tags())
    return pattern.sub(lambda match: f"{match[1]}\n{lines}\n\n{match[2]}", text)


def main():
    README.write_text(update(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote the table of {README.name}")


if __name__ == "__main__":
    main()
