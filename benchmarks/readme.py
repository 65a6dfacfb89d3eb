"""Write the table of the README from the results: ``python benchmarks/readme.py``.

It stands between two comments, ``<!-- table: tags -->`` and ``<!-- end -->``. Rows and corpora without a result are
left out, so that it can be written at any time.
"""

import re
from itertools import product
from pathlib import Path

import numpy as np
from tables import Table, markdown_table
from tags import FIELDS, OURS, OURS_WITHOUT, PEER, PLAIN, differences

README = Path(__file__).parents[1] / "README.md"
CORPORA = {
    "web": "web features",
    "reuters": "Reuters-21578",
    "reuters-tenth": "a tenth of it",
    "goemotions": "GoEmotions",
    "goemotions-tenth": "a tenth of it",
    "tmc2007": "TMC2007",
}
# What a row is called, and the method of its results.
ROWS = {
    "`LinearSVC`, default settings": PLAIN,
    "`LinearSVC`, C searched, our thresholds, tag names": PEER,
    "`TagClassifier(label_texts=None)`": OURS_WITHOUT,
    "**`TagClassifier()`**": OURS,
}
PUBLISHED = {'BERT fine-tuned with `"db"` (Huang et al. 2021)': {"reuters": "90.6 / 64.5"}}


def read(table):
    """Micro- and macro-F1 in per cent of each row and corpus, an array with a row for each seed."""
    found = {}
    for (name, method), corpus in product(ROWS.items(), CORPORA):
        rows = table.select(corpus=corpus, method=method)
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


def tags():
    """Lines of the table, and how often ours is ahead of a peer under the same thresholds, on all corpora."""
    table = Table("tags.csv", FIELDS)
    found = read(table)
    corpora = [corpus for corpus in CORPORA if any(len(found[name, corpus]) for name in ROWS)]
    if not corpora:
        raise ValueError("there are no results in tags.csv: run the benchmark first.")
    rows = []
    for name in ROWS:
        if any(len(found[name, corpus]) for corpus in corpora):
            rows.append([name, *(cell(found[name, corpus]) for corpus in corpora)])
    rows += [[name, *(values.get(corpus, "–") for corpus in corpora)] for name, values in PUBLISHED.items()]
    lines = [*markdown_table(("", *(CORPORA[corpus] for corpus in corpora)), rows), ""]
    gains = np.round([gain[:2] for gain in differences(table, PEER).values()], 1).reshape(-1, 2)
    if len(gains):
        both, one, none = ((np.sum(gains > 0, axis=1) == n).sum() for n in (2, 1, 0))
        micro, macro = gains.mean(axis=0)
        lines.append(
            f"`TagClassifier()` less `LinearSVC` with the same thresholds and names is {micro:+.1f} / {macro:+.1f} in "
            f"the mean over {len(gains)} corpora: ahead in both scores on {both}, in one on {one}, in none on {none}."
        )
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
