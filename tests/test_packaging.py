"""What users install: the archives are complete, and work without the source tree."""

import os
import re
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

import numpy
import pytest

import skbalance

ROOT = Path(skbalance.__file__).parents[1]
# Run against the installed wheel, from a folder without sources.
USE = """
import sys, skbalance
from skbalance.datasets import make_long_tailed_multilabel
assert skbalance.__file__.startswith(sys.argv[1]), skbalance.__file__
data = make_long_tailed_multilabel(100, 5, n_features=30, random_state=0, return_X_y=False)
assert "long" in data.DESCR
assert skbalance.BalancedMultiLabelClassifier().fit(data.data, data.target).predict(data.data).shape == (100, 5)
"""


def run(*command, **options):
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_archives(tmp_path):
    # The tool that builds comes from where pip has it, as for everybody who builds from source.
    pip, tool = ("-m", "pip", "--disable-pip-version-check"), str(tmp_path / "tool")
    run(*pip, "install", "--target", tool, "hatchling")
    with_tool = {**os.environ, "PYTHONPATH": tool}
    run("-m", "hatchling", "build", "-d", str(tmp_path), cwd=ROOT, env=with_tool)
    (wheel,) = tmp_path.glob("*.whl")
    (source,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = {
        str(path.relative_to(ROOT)) for path in (ROOT / "skbalance").rglob("*") if "__pycache__" not in str(path)
    }
    assert {name for name in expected if (ROOT / name).is_file()} <= names
    assert {"README.md", "LICENSE", "CITATION.cff", "pyproject.toml", "tests/test_packaging.py"} <= names
    assert not [name for name in names if name.startswith((".", "dist")) and name != ".gitignore"]

    # The archive of the source builds as well.
    again = tmp_path / "again"
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(again), str(source), env=with_tool)
    assert [path.name for path in again.iterdir()] == [wheel.name]

    target = tmp_path / "installed"
    run(*pip, "install", "--no-deps", "--no-index", "--target", str(target), str(wheel))
    run("-c", USE, str(target), cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(target)})


def test_one_version_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == skbalance.__version__


def test_show_versions(capsys):
    skbalance.show_versions()
    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert shown["numpy"] == version("numpy") == numpy.__version__
    assert shown["python"] == sys.version.split()[0]
    assert {"skbalance", "scikit-learn", "torch", "system"} <= shown.keys()
