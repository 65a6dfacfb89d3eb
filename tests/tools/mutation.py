"""Mutation testing of a few rooms: change one operator, constant or return of a file, and see whether a test fails.

    OMP_NUM_THREADS=1 python tests/tools/mutation.py --sample 40 --seed 0 --minutes 10
    OMP_NUM_THREADS=1 python tests/tools/mutation.py --only skbalance/decisions/_thresholds.py

Each mutant runs the doctests of its file and the tests of ``TESTS`` alone, in a fork of a process that has imported
what the package needs, but nothing of the package. One that takes five times as long as the file itself hangs, and is
found. Mutants that are known to change nothing are in ``equivalent.txt``, with the reason; they do not count. The
process ends with 1 where less than 90 % of the others are found.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib
import importlib.abc
import importlib.machinery
import io
import json
import math
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
# A mutant hangs where its tests take longer than so many seconds, and so many times what they take without it.
SECONDS, TIMES = 30, 5
# Left out, so that the score is one from below: tests of more seconds than this, and two kinds that take most of them.
LONGEST, LEFT_OUT = 2.0, "not scikit_learn_contract and not finite_differences"

_LOSSES = [
    f"tests/losses/test_{name}.py"
    for name in (
        *("registry", "criteria", "statistics", "set_losses", "pairs_weights", "kernel_margins", "soft_and_unknown"),
        *("kernel", "base_parameters", "base_weights", "base"),
    )
]
# The tests of a file, by the longest beginning of its name; the quickest first.
TESTS = {
    "skbalance/losses/": _LOSSES,
    "skbalance/losses/_statistics.py": ["tests/losses/test_statistics.py", "tests/losses/test_soft_and_unknown.py"],
    "skbalance/losses/_set_": [
        f"tests/losses/test_{name}.py" for name in ("set_losses", "criteria", "soft_and_unknown")
    ],
    "skbalance/decisions/": ["tests/decisions"],
    "skbalance/decisions/_thresholds.py": [
        f"tests/decisions/test_{name}.py" for name in ("thresholds_choice", "thresholds", "thresholds_rules", "plan")
    ],
    "skbalance/decisions/_plan.py": [
        f"tests/decisions/test_{name}.py" for name in ("plan", "tuned_strategies", "tuned_fit")
    ],
    "skbalance/decisions/_candidates.py": [f"tests/decisions/test_{name}.py" for name in ("candidates", "model")],
    "skbalance/decisions/_model.py": [f"tests/decisions/test_{name}.py" for name in ("model_shown", "model")],
    "skbalance/decisions/_label_texts.py": ["tests/decisions/test_label_texts.py"],
    "skbalance/decisions/_fixed.py": ["tests/decisions/test_fixed.py"],
    "skbalance/training/_lbfgs.py": ["tests/training/test_lbfgs.py"],
}
FILES = ["skbalance/losses/*.py", "skbalance/decisions/*.py", "skbalance/training/_lbfgs.py"]

_SWAPS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Pow: ast.Mult,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.And: ast.Or, ast.Or: ast.And, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.USub: ast.UAdd, ast.MatMult: ast.Mult,
}  # fmt: skip
_NAMES = {
    "min": "max",
    "max": "min",
    "argmax": "argmin",
    "argmin": "argmax",
    "any": "all",
    "all": "any",
    "minimum": "maximum",
}
_NAMES |= {"maximum": "minimum", "amin": "amax", "amax": "amin", "zeros": "ones", "ones": "zeros", "left": "right"}


def _change(node):
    """A function that changes such a node in place; None where there is nothing to change."""
    kind = type(node)
    if kind in (ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.AugAssign) and type(node.op) in _SWAPS:
        return lambda n: setattr(n, "op", _SWAPS[type(n.op)]())
    elif kind is ast.Compare and type(node.ops[0]) in _SWAPS:
        return lambda n: n.ops.__setitem__(0, _SWAPS[type(n.ops[0])]())
    elif kind is ast.UnaryOp and isinstance(node.op, ast.Not):
        return lambda n: setattr(n, "operand", ast.UnaryOp(ast.Not(), n.operand))
    elif kind is ast.Constant and isinstance(node.value, bool):
        return lambda n: setattr(n, "value", not n.value)
    elif kind is ast.Constant and isinstance(node.value, int | float):
        return lambda n: setattr(n, "value", n.value + 1)
    elif kind is ast.Attribute and node.attr in _NAMES:
        return lambda n: setattr(n, "attr", _NAMES[n.attr])
    elif kind is ast.Name and node.id in _NAMES and isinstance(node.ctx, ast.Load):
        return lambda n: setattr(n, "id", _NAMES[n.id])
    elif kind in (ast.If, ast.IfExp):
        return lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    elif kind is ast.Return and node.value is not None and ast.unparse(node.value) != "None":
        return lambda n: setattr(n, "value", ast.Constant(None))
    return None


def _mutable(tree):
    """Nodes to change, in order: no annotations, messages, ``__all__``, decorators or type-checking blocks."""
    skipped = set()
    for node in ast.walk(tree):
        parts = []
        if isinstance(node, ast.FunctionDef):
            parts = [
                node.returns,
                *node.decorator_list,
                *(a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg)),
            ]
        elif isinstance(node, ast.AnnAssign):
            parts = [node.annotation]
        elif isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr | ast.ClassDef) or _is_aside(node):
            parts = node.decorator_list + node.bases if isinstance(node, ast.ClassDef) else [node]
        skipped.update(id(inner) for part in parts if part is not None for inner in ast.walk(part))
    return [node for node in ast.walk(tree) if id(node) not in skipped]


def _is_aside(node):
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING"
    target = node.targets[0] if isinstance(node, ast.Assign) else None
    return isinstance(target, ast.Name) and target.id == "__all__"


def _tree(path):
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def mutants_of(path):
    """Numbers of the nodes of a file that can be changed."""
    return [number for number, node in enumerate(_mutable(_tree(path))) if _change(node)]


def mutate(path, number):
    """Change a node of a file. Gives the mutant's name, its line, and its tree."""
    tree = _tree(path)
    node = _mutable(tree)[number]
    around = [outer for outer in ast.walk(tree) if any(inner is node for inner in ast.walk(outer))]
    statement = [outer for outer in around if isinstance(outer, ast.stmt)][-1]
    scope = ".".join(outer.name for outer in around if isinstance(outer, ast.FunctionDef | ast.ClassDef))
    before = _first_line(statement)
    _change(node)(node)
    ast.fix_missing_locations(tree)
    name = f"{path}, {scope or 'module'}: {before} -> {_first_line(statement)}"
    return name, getattr(node, "lineno", statement.lineno), tree


def _first_line(statement):
    return next(line for line in ast.unparse(statement).splitlines() if not line.startswith("@"))


class _Import(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module of the package from a tree."""

    def __init__(self, path, tree):
        self.name, self.path, self.tree = path.removesuffix(".py").replace("/", "."), path, tree

    def find_spec(self, name, path, target=None):
        if name == self.name:
            return importlib.machinery.ModuleSpec(name, self, origin=str(ROOT / self.path))
        return None

    def exec_module(self, module):
        module.__file__ = str(ROOT / self.path)
        exec(compile(self.tree, module.__file__, "exec"), module.__dict__)


def tests_of(path):
    """The tests of a file."""
    return TESTS[max((start for start in TESTS if path.startswith(start)), key=len)]


class _Quickest:
    """Plugin of pytest: runs the quickest tests first, as they were timed in the first run, and times them in that."""

    def __init__(self, path):
        self.file = path
        self.is_first = not path.exists()
        self.seconds = {} if self.is_first else json.loads(path.read_text())

    def pytest_collection_modifyitems(self, items):
        items.sort(key=lambda item: self.seconds.get(item.nodeid, 0.0))
        items[:] = [item for item in items if self.seconds.get(item.nodeid, 0.0) < LONGEST]

    def pytest_runtest_logreport(self, report):
        if self.is_first:
            self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self):
        if self.is_first:
            self.file.write_text(json.dumps(self.seconds))


def run_tests(path, tree, limit, durations):
    """Run the tests of a file with a mutant. "passed", "failed" or "hangs"."""
    child = os.fork()
    if not child:
        os._exit(_pytest(path, tree, durations))
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "failed" if status else "passed"
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hangs"


def _pytest(path, tree, durations):
    import pytest

    if tree is not None:
        sys.meta_path.insert(0, _Import(path, tree))
    with open(os.devnull, "w") as nowhere:
        for stream in (1, 2):
            os.dup2(nowhere.fileno(), stream)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        quiet = [
            "-q",
            "-x",
            "--assert=plain",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            "-m",
            "not slow",
            "-k",
            LEFT_OUT,
        ]
        return int(pytest.main([*quiet, "-p", "no:randomly", path, *tests_of(path)], plugins=[_Quickest(durations)]))


def read_equivalent():
    """Names of the mutants that change nothing."""
    lines = EQUIVALENT.read_text(encoding="utf-8").splitlines() if EQUIVALENT.exists() else []
    return {line for line in lines if line and not line.startswith(("#", " "))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, default=200, help="mutants in all; 0 for every one")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=45, help="end after so many")
    parser.add_argument("--only", default="", help="a file, or the beginning of its name")
    options = parser.parse_args()
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    _import_requirements()
    with tempfile.TemporaryDirectory() as folder:
        score = run_mutants(options, folder)
    sys.exit(score < 0.9)


def run_mutants(options, folder):
    """Try mutants, print those that survive, and return the share of those found. The folder is for times of tests."""
    files = [str(path.relative_to(ROOT)) for name in FILES for path in sorted(ROOT.glob(name))]
    files = [path for path in files if path.startswith(options.only) and not path.endswith("__init__.py")]
    seconds, durations = {}, {}
    for path in files:
        tests = tuple(tests_of(path))
        if tests not in seconds:
            durations[tests] = Path(folder) / f"{len(durations)}.json"
            if run_tests(path, None, math.inf, durations[tests]) != "passed":
                sys.exit(f"The tests of {path} fail without any mutant: {tests}.")
            seconds[tests] = sum(t for t in json.loads(durations[tests].read_text()).values() if t < LONGEST)
            print(f"{seconds[tests]:.0f} s without any mutant: {' '.join(tests)}", flush=True)

    known = read_equivalent()
    mutants = [(path, number) for path in files for number in mutants_of(path)]
    random.Random(options.seed).shuffle(mutants)
    outcomes = {"failed": 0, "hangs": 0, "passed": 0}
    start, tried = time.monotonic(), 0
    for path, number in mutants:
        if tried == (options.sample or len(mutants)) or time.monotonic() - start > 60 * options.minutes:
            break
        name, line, tree = mutate(path, number)
        if name in known:
            continue
        tests = tuple(tests_of(path))
        outcome = run_tests(path, tree, max(SECONDS, TIMES * seconds[tests]), durations[tests])
        outcomes[outcome] += 1
        tried += 1
        if outcome != "failed":
            print(f"{'survives' if outcome == 'passed' else outcome}, line {line}\n{name}", flush=True)
    score = 1 - outcomes["passed"] / max(tried, 1)
    print(
        f"{tried - outcomes['passed']} of {tried} mutants found ({score:.1%}), {outcomes['hangs']} of them for hanging;"
    )
    print(f"{len(mutants)} in all, {len(known)} known to change nothing; {time.monotonic() - start:.0f} s")
    return score


def _import_requirements():
    """Import what the package and its tests need, once for all mutants; the package itself is imported by each."""
    import hypothesis
    import torch
    import torch._dynamo  # what torch's optimizers import when one is made: four seconds

    for name in FILES:
        for path in ROOT.glob(name):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for name in [name for name in sys.modules if name.partition(".")[0] == "skbalance"]:
        del sys.modules[name]
    torch.set_num_threads(1)
    # The same examples for each mutant.
    hypothesis.settings.register_profile("mutation", derandomize=True, database=None)
    hypothesis.settings.load_profile("mutation")


if __name__ == "__main__":
    main()
