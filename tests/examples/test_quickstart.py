"""The quickstart: the first thing that a newcomer sees, offline."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from sklearn.utils import Bunch

from skbalance import datasets
from skbalance.datasets import _reuters

QUICKSTART = Path(__file__).parents[2] / "examples" / "quickstart.py"


@pytest.fixture
def example(monkeypatch, tmp_path):
    monkeypatch.setenv("SKBALANCE_DATA", str(tmp_path))
    monkeypatch.setattr(_reuters, "urlopen", lambda *_, **__: pytest.fail("it asks the network"))
    return lambda: runpy.run_path(str(QUICKSTART))


@pytest.mark.slow
def test_table_of_the_web_features(example, capsys):
    example()["main"]()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(
        "Features of the web platform (load_web_features): 660 training and 284 test texts, 103 "
    )
    rows = [line[44:].split() for line in lines if line.endswith("s") and line[44:].strip()]
    assert len(rows) == 9
    assert lines[-1].startswith("TagClassifier()")
    scores = np.array([row[:5] for row in rows], dtype=float)
    assert ((scores > 0) & (scores < 100)).all()
    plain, tagger = scores[0], scores[-1]
    assert (tagger > plain).all()


def test_reuters_where_its_archive_is_at_hand(example, monkeypatch):
    asked = []

    def fetch(*, subset, download_if_missing):
        asked.append((subset, download_if_missing))
        y = sparse.csr_matrix([[1, 0], [0, 1]])
        return Bunch(data=np.array([subset, subset], dtype=object), target=y, target_names=np.array(["corn", "oil"]))

    monkeypatch.setattr(datasets, "fetch_reuters21578", fetch)
    texts, _, test, _, names, what = example()["load"]()
    assert asked == [("train", False), ("test", False)]
    assert (texts[0], test[0], names) == ("train", "test", ["corn", "oil"])
    assert what.startswith("Reuters-21578")
