"""The direction of the arrows: which part of the package may import which."""

import ast
import importlib
from pathlib import Path

import skbalance

ROOT = Path(skbalance.__file__).parent
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(ROOT.rglob("*.py"))}
FACADES = [path for path in TREES if path.name == "__init__.py"]

# What lies below all rooms, and what each room may import of the package besides itself and that.
FOUNDATION = {
    "_callbacks",
    "_files",
    "_hierarchy",
    "_indicators",
    "_kinds",
    "_lazy",
    "_packing",
    "_responses",
    "_tag_lists",
    "_targets",
    "_validation",
    "_warnings",
}
ALLOWED = {
    "losses": set(),
    "_callbacks": set(),
    "_files": set(),
    "_hierarchy": set(),
    "training": {"losses", "model_selection"},
    "_indicators": {"_targets", "_validation"},
    "_kinds": {"_validation"},
    "_lazy": set(),
    "_loss_classifier": {"losses"},
    "_packing": set(),
    "_responses": {"_validation"},
    "_tag_lists": {"_targets", "_validation", "_warnings"},
    "_targets": {"_validation", "_warnings"},
    "_validation": set(),
    "_warnings": set(),
    "_classifier": {"_loss_classifier", "losses", "training"},
    "_versions": set(),
    "finetuning": {"losses"},
    "text": {
        "_classifier",
        "_loss_classifier",
        "calibration",
        "crossfit",
        "decisions",
        "finetuning",
        "losses",
        "memory",
        "metrics",
        "model_selection",
        "review",
        "training",
    },
    "decisions": {"crossfit", "metrics", "model_selection", "review"},
    "review": {"metrics"},
    "calibration": {"crossfit", "model_selection"},
    "crossfit": {"model_selection"},
    "model_selection": {"losses", "metrics"},
    "memory": set(),
    "metrics": set(),
    "datasets": set(),
    "plotting": {"metrics"},
    "cli": {"metrics", "model_selection", "text"},
    "omikuji": set(),
    "onnx": {"_classifier", "decisions", "text"},
    "partitions": set(),
    "__main__": {"cli"},
}


def room_of(path):
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports_of(path):
    """Absolute names of what a file imports, inside functions too."""
    package = ["skbalance", *path.relative_to(ROOT).with_suffix("").parts[:-1]]
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = [*base, *(node.module.split(".") if node.module else [])]
            yield from (".".join([*module, alias.name]) for alias in node.names)


def offenders(broken):
    """What `broken` says of each file of which it says anything; paths below the package."""
    found = {str(path.relative_to(ROOT)): broken(path) for path in TREES}
    return {path: what for path, what in found.items() if what}


def test_arrows():
    """Rooms import what lies below them, and of another room what its `__init__` hands on, never its own modules."""
    rooms = {facade.parent.name for facade in FACADES if facade.parent != ROOT}

    def broken(path):
        room = room_of(path)
        allowed = ALLOWED[room] | {room} | (set() if room in FOUNDATION else FOUNDATION) if room != "__init__" else None
        parts = [name.split(".") for name in imports_of(path) if name.startswith("skbalance.")]
        upward = {part[1] for part in parts if allowed is not None and part[1] not in allowed}
        others = rooms - {room}
        private = {".".join(part) for part in parts if part[1] in others and any(p[0] == "_" for p in part[2:])}
        return upward | private

    assert {room_of(path) for path in TREES} - {"__init__"} == set(ALLOWED)
    assert offenders(broken) == {}


def test_private_names_of_scikit_learn_come_through_validation():
    def broken(path):
        names = [name.split(".") for name in imports_of(path) if room_of(path) != "_validation"]
        return [".".join(parts) for parts in names if parts[0] == "sklearn" and any(p[0] == "_" for p in parts)]

    assert offenders(broken) == {}


def test_facades_only_hand_names_on():
    def broken(path):
        if path not in FACADES:
            return []
        facade = importlib.import_module(".".join(["skbalance", *path.relative_to(ROOT).parts[:-1]]))
        body = list(TREES[path].body)
        for node in TREES[path].body:
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":  # names handed on lazily
                body = [other for other in body if other is not node] + node.body
        more = [ast.unparse(n) for n in body if not isinstance(n, ast.ImportFrom | ast.Assign | ast.Expr)]
        absent = [name for name in facade.__all__ if not isinstance(name, str) or not hasattr(facade, name)]
        return more + absent + [name for name in set(facade.__all__) if facade.__all__.count(name) > 1]

    assert offenders(broken) == {}


def test_files_stay_short():
    """At most 350 lines of code: docstrings, comments and blank lines do not count."""

    def broken(path):
        not_code = set()
        for node in ast.walk(TREES[path]):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
                not_code.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
        lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        code = [line for number, line in lines if number not in not_code and line.strip() and line.strip()[0] != "#"]
        return len(code) if len(code) > 350 else 0

    assert offenders(broken) == {}


def test_warnings_go_through_the_one_function_that_names_the_line_of_the_user():
    def broken(path):
        calls = [ast.unparse(node) for node in ast.walk(TREES[path]) if isinstance(node, ast.Call)]
        return [call for call in calls if call.startswith("warnings.warn(") and room_of(path) != "_warnings"]

    assert offenders(broken) == {}
