"""The direction of the arrows: which part of the package may import which."""

import ast
import importlib
from pathlib import Path

import pytest

import skbalance

ROOT = Path(skbalance.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
FACADES = sorted(ROOT.rglob("__init__.py"))

# What lies below all rooms, and what each room may import of the package besides itself and that.
FOUNDATION = {"_callbacks", "_indicators", "_lazy", "_tag_lists", "_targets", "_validation", "_warnings"}
ALLOWED = {
    "losses": {"_propensity"},
    "_callbacks": set(),
    "_propensity": set(),
    "training": {"losses", "model_selection"},
    "_display": {"losses"},
    "_indicators": {"_targets", "_validation"},
    "_lazy": set(),
    "_tag_lists": {"_targets", "_validation", "_warnings"},
    "_targets": {"_validation", "_warnings"},
    "_validation": set(),
    "_warnings": set(),
    "_classifier": {"_display", "losses", "training"},
    "_versions": set(),
    "finetuning": {"losses"},
    "text": {
        "_classifier",
        "_display",
        "calibration",
        "crossfit",
        "decisions",
        "finetuning",
        "losses",
        "model_selection",
        "training",
    },
    "decisions": {"crossfit", "metrics", "model_selection"},
    "calibration": {"crossfit", "model_selection"},
    "crossfit": {"model_selection"},
    "model_selection": {"losses", "metrics"},
    "metrics": {"_propensity"},
    "datasets": set(),
    "plotting": {"losses", "metrics", "model_selection"},
}


def room_of(path):
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports_of(path):
    """Absolute names of what a file imports, inside functions too."""
    package = ["skbalance", *path.relative_to(ROOT).with_suffix("").parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = [*base, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*module, alias.name]) for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_arrows(path):
    room = room_of(path)
    if room == "__init__":
        return
    allowed = ALLOWED[room] | {room} | (set() if room in FOUNDATION else FOUNDATION)
    inside = {name.split(".")[1] for name in imports_of(path) if name.startswith("skbalance.")}
    assert inside <= allowed, f"{room} may not import {sorted(inside - allowed)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_of_another_room_are_not_imported(path):
    """What a room has for others it hands on in its `__init__`."""
    rooms = {facade.parent.name for facade in FACADES if facade.parent != ROOT} - {room_of(path)}
    parts = [name.split(".") for name in imports_of(path) if name.startswith("skbalance.")]
    assert not [part for part in parts if part[1] in rooms and any(p[0] == "_" for p in part[2:])]


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_private_names_of_scikit_learn_come_through_validation(path):
    if room_of(path) == "_validation":
        return
    private = [
        name for name in imports_of(path) if name.startswith("sklearn.") and any(p[0] == "_" for p in name.split("."))
    ]
    assert not private


@pytest.mark.parametrize("path", FACADES, ids=lambda p: str(p.relative_to(ROOT)))
def test_facades_only_hand_names_on(path):
    name = ".".join(["skbalance", *path.relative_to(ROOT).parts[:-1]])
    facade = importlib.import_module(name)
    body = ast.parse(path.read_text(encoding="utf-8")).body
    for node in list(body):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":  # names that are handed on lazily
            body = [other for other in body if other is not node] + node.body
    body = [node for node in body if not isinstance(node, ast.ImportFrom)]
    assert all(isinstance(node, ast.Assign | ast.Expr) for node in body)
    assert all(isinstance(entry, str) and hasattr(facade, entry) for entry in facade.__all__)
    assert len(set(facade.__all__)) == len(facade.__all__)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_stay_short(path):
    """Lines of code: docstrings, comments and blank lines do not count."""
    source = path.read_text(encoding="utf-8")
    not_code = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            not_code.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = enumerate(source.splitlines(), start=1)
    code = [line for number, line in lines if number not in not_code and line.strip() and line.strip()[0] != "#"]
    assert len(code) <= 350


def test_every_file_of_the_package_has_a_room():
    assert {room_of(path) for path in MODULES} - {"__init__"} == set(ALLOWED)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_warnings_go_through_the_one_function_that_names_the_line_of_the_user(path):
    calls = [
        ast.unparse(node.func)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    assert room_of(path) == "_warnings" or "warnings.warn" not in calls
