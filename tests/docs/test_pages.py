"""The pages of the documentation: their examples run, and the reference leaves no public name out."""

import ast
import doctest
import importlib
import re
import runpy
import textwrap
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from tests.plotting.tidy import assert_tidy

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(page for page in DOCS.glob("*.rst") if page.name != "sg_execution_times.rst")
ROOMS = (
    "",
    ".calibration",
    ".cli",
    ".datasets",
    ".decisions",
    ".losses",
    ".memory",
    ".metrics",
    ".model_selection",
    ".partitions",
    ".plotting",
    ".text",
)
BLOCK = re.compile(r"^\.\. (?:code-block:: python|plot::)\n\n((?: {4}.*\n|\n)+)", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples(page):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    results = doctest.testfile(str(page), module_relative=False, optionflags=flags, encoding="utf-8")
    assert results.failed == 0


def blocks():
    for page in PAGES:
        for number, match in enumerate(BLOCK.finditer(page.read_text(encoding="utf-8") + "\n")):
            yield pytest.param(textwrap.dedent(match[1]), id=f"{page.stem}-{number}")


@pytest.mark.parametrize("code", list(blocks()))
def test_what_blocks_import_is_there(code):
    imports = [node for node in ast.walk(ast.parse(code)) if isinstance(node, (ast.Import, ast.ImportFrom))]
    exec(compile(ast.Module(imports, []), "block", "exec"), {})


LOSS_CURVES = re.findall(
    r"^\.\. plot:: loss_curves.py (\w+)$", (DOCS / "mathematics.rst").read_text(encoding="utf-8"), re.MULTILINE
)


@pytest.mark.parametrize("name", LOSS_CURVES)
def test_curves_of_losses(name):
    figure = runpy.run_path(str(DOCS / "loss_curves.py"))[name]()
    values = np.concatenate([line.get_ydata() for ax in figure.axes for line in ax.get_lines()])
    assert np.isfinite(values).all()
    assert len(figure.axes) in (4, 8)
    assert_tidy(figure)
    plt.close(figure)


def test_examples_of_the_readme(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = re.findall(r"```python\n(.*?)```", (DOCS.parent / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict = {}
    for block in code:
        exec(compile(block, "README.md", "exec"), names)
    said = re.search(r"predict\(.*# (.*)", code[0])[1]
    assert capsys.readouterr().out.splitlines()[0] == said
    assert names["careful"].to_review(names["texts"]) is not None
    assert (tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"])
def test_links_to_files(name):
    path = DOCS.parent / name
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))
    assert not [link for link in links if "://" not in link and not (path.parent / link).exists()]


@pytest.mark.parametrize("room", ROOMS)
def test_reference_has_every_public_name(room):
    listed = set((DOCS / "api.rst").read_text(encoding="utf-8").split())
    public = set(importlib.import_module(f"skbalance{room}").__all__)
    assert {name for name in public if not name.startswith("_")} <= listed


def test_display_links_to_a_page_of_the_reference():
    from skbalance import (
        BalancedMultiLabelClassifier,
        CalibratedMultiLabelClassifierCV,
        SentenceEmbedder,
        TagClassifier,
        TunedThresholdMultiLabelClassifierCV,
    )
    from skbalance.losses import FocalLoss
    from skbalance.memory import CosineCentroidClassifier

    model = BalancedMultiLabelClassifier()
    shown = {
        "skbalance": (model,),
        "skbalance.losses": (FocalLoss(),),
        "skbalance.text": (SentenceEmbedder(), TagClassifier(model)),
        "skbalance.decisions": (TunedThresholdMultiLabelClassifierCV(model),),
        "skbalance.calibration": (CalibratedMultiLabelClassifierCV(model),),
        "skbalance.memory": (CosineCentroidClassifier(),),
    }
    text = (DOCS / "api.rst").read_text(encoding="utf-8")
    assert ":toctree: generated/" in text
    for estimator, module in ((estimator, module) for module, those in shown.items() for estimator in those):
        name = type(estimator).__name__
        assert estimator._get_doc_link().endswith(f"/generated/{module}.{name}.html")
        assert f'href="{estimator._get_doc_link()}"' in estimator._repr_html_()
        section = text.split(f".. currentmodule:: {module}\n")[1].split(".. currentmodule::")[0]
        assert f"   {name}\n" in section


def test_benchmark_table():
    table = runpy.run_path(str(DOCS / "_extensions" / "benchmark_table.py"))
    tables = table["read_tables"]("# A\n\n| x | y |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n## B\n\n| z |\n|---|\n| 5 |\n")
    assert tables == [("A", [["x", "y"], ["1", "2"], ["3", "4"]]), ("B", [["z"], ["5"]])]
    assert table["select"](tables[0][1], {"x": ["3"]}, {"x"}) == [["y"], ["4"]]
    assert table["select"]([["x", "y"], ["", "1"], ["2", "3"]], {"y": ["1"]}, set()) == [["y"], ["1"]]
