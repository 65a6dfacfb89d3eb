"""The notebooks in examples/ run from top to bottom, without the network, and are stored with their results."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def images(notebook):
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


def test_all_are_here():
    assert [path.stem for path in NOTEBOOKS] == ["loss_search_on_embeddings", "text_to_tags", "which_loss"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_results(path):
    text = path.read_text(encoding="utf-8")
    assert len(text) < 250_000
    assert str(Path.home()) not in text
    assert "/tmp/" not in text
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in code_cells(notebook)] == list(range(1, len(code_cells(notebook)) + 1))
    assert images(notebook) > 0


def test_ten_cells():
    assert len(code_cells(nbformat.read(NOTEBOOKS[1], as_version=4))) == 10


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs(path, tmp_path, monkeypatch):
    monkeypatch.delenv("MPLBACKEND", raising=False)
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    stored = nbformat.read(path, as_version=4)
    notebook = nbformat.from_dict(stored)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    # An error in a cell is raised here.
    NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    ).execute()
    assert images(notebook) == images(stored)
    # Warnings would be here.
    assert [output.text for output in outputs(notebook) if output.get("name") == "stderr"] == []
