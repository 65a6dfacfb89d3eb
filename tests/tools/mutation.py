"""Mutation testing of a few rooms: change one operator, constant or return of a file, and see whether a test fails.

    OMP_NUM_THREADS=1 python tests/tools/mutation.py --sample 40 --seed 0 --minutes 10
    OMP_NUM_THREADS=1 python tests/tools/mutation.py --only skbalance/decisions/_rules.py

Each mutant runs the tests of its file alone (``TESTS``), in a fork of a process that has imported torch, scikit-learn
and pytest, but nothing of this package. Mutants that are known to change nothing are in ``equivalent.txt``, with the
reason; they do not count. The process ends with 1 where less than 90 % of the others are found.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import io
import os
import random
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
SECONDS = 120  # for the tests of one mutant: who takes longer hangs, and is found

_LOSSES = ["tests/losses/test_kernel.py", "tests/losses/test_soft_and_unknown.py", "tests/losses/test_set_losses.py"]
_LOSSES += ["tests/losses/test_statistics.py", "tests/losses/test_criteria.py", "tests/losses/test_registry.py"]
_LOSSES += ["tests/losses/test_base.py"]
# The tests of a file, by the longest beginning of its name; the quickest first.
TESTS = {
    "skbalance/losses/": _LOSSES,
    "skbalance/losses/_statistics.py": ["tests/losses/test_statistics.py", *_LOSSES],
    "skbalance/losses/_set_": ["tests/losses/test_set_losses.py", "tests/losses/test_criteria.py"],
    "skbalance/decisions/": ["tests/decisions"],
    "skbalance/decisions/_search.py": ["tests/decisions/test_search.py", "tests/decisions/test_rules.py"],
    "skbalance/decisions/_rules.py": ["tests/decisions/test_rules.py", "tests/decisions/test_search.py"],
    "skbalance/decisions/_choice.py": ["tests/decisions/test_choice.py", "tests/decisions/test_rules.py"],
    "skbalance/decisions/_model.py": ["tests/decisions/test_model.py", "tests/decisions/test_label_texts.py"],
    "skbalance/decisions/_evidence.py": ["tests/decisions/test_model.py", "tests/decisions/test_label_texts.py"],
    "skbalance/decisions/_cooccurrence.py": ["tests/decisions/test_cooccurrence.py", "tests/decisions/test_model.py"],
    "skbalance/decisions/_label_texts.py": ["tests/decisions/test_label_texts.py"],
    "skbalance/decisions/_fixed.py": ["tests/decisions/test_fixed.py"],
    "skbalance/training/_lbfgs.py": ["tests/training/test_lbfgs.py"],
}
FILES = ["skbalance/losses", "skbalance/decisions", "skbalance/training/_lbfgs.py"]

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


def _changes(node):
    """Functions that change a node in place, each in one way."""
    kind = type(node)
    if kind in (ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.AugAssign) and type(node.op) in _SWAPS:
        yield lambda n: setattr(n, "op", _SWAPS[type(n.op)]())
    elif kind is ast.Compare and type(node.ops[0]) in _SWAPS:
        yield lambda n: n.ops.__setitem__(0, _SWAPS[type(n.ops[0])]())
    elif kind is ast.UnaryOp and isinstance(node.op, ast.Not):
        yield lambda n: setattr(n, "operand", ast.UnaryOp(ast.Not(), n.operand))
    elif kind is ast.Constant and isinstance(node.value, bool):
        yield lambda n: setattr(n, "value", not n.value)
    elif kind is ast.Constant and isinstance(node.value, int | float):
        yield lambda n: setattr(n, "value", n.value + 1)
    elif kind is ast.Attribute and node.attr in _NAMES:
        yield lambda n: setattr(n, "attr", _NAMES[n.attr])
    elif kind is ast.Name and node.id in _NAMES and isinstance(node.ctx, ast.Load):
        yield lambda n: setattr(n, "id", _NAMES[n.id])
    elif kind in (ast.If, ast.IfExp):
        yield lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    elif kind is ast.Return and node.value is not None:
        yield lambda n: setattr(n, "value", ast.Constant(None))


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
    return isinstance(target, ast.Name) and target.id in ("__all__", "_parameter_constraints")


def mutants_of(path):
    """Each mutant of a file: its name, and its tree."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for number, node in enumerate(_mutable(tree)):
        for change in _changes(node):
            mutant = copy.deepcopy(tree)
            there = _mutable(mutant)[number]
            line, before = getattr(there, "lineno", 0), ast.unparse(there).splitlines()[0]
            change(there)
            after = ast.unparse(ast.fix_missing_locations(there)).splitlines()[0]
            yield f"{path}: {before} -> {after}", line, ast.fix_missing_locations(mutant)


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


def is_found(path, tree):
    """Whether a test fails, or does not end, with this mutant."""
    child = os.fork()
    if not child:
        os._exit(_run_tests(path, tree))
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status != 0
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _run_tests(path, tree):
    import pytest

    if tree is not None:
        sys.meta_path.insert(0, _Import(path, tree))
    tests = TESTS[max((start for start in TESTS if path.startswith(start)), key=len)]
    with open(os.devnull, "w") as nowhere:
        for stream in (1, 2):
            os.dup2(nowhere.fileno(), stream)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        quiet = ["-q", "-x", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "not slow"]
        return int(pytest.main([*quiet, "-p", "no:randomly", *tests]))


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
    import hypothesis  # noqa: F401
    import pytest  # noqa: F401
    import sklearn.ensemble  # noqa: F401
    import torch

    torch.set_num_threads(1)
    files = []
    for name in FILES:
        found = [ROOT / name] if name.endswith(".py") else sorted((ROOT / name).glob("_[a-z]*.py"))
        files += [str(path.relative_to(ROOT)) for path in found if str(path.relative_to(ROOT)).startswith(options.only)]
    for path in dict.fromkeys(max((s for s in TESTS if f.startswith(s)), key=len) for f in files):
        if is_found(path, None):
            sys.exit(f"The tests of {path} fail without any mutant: {TESTS[path]}.")
    known = read_equivalent()
    mutants = [(path, *mutant) for path in files for mutant in mutants_of(path) if mutant[0] not in known]
    n_all = len(mutants)
    random.Random(options.seed).shuffle(mutants)
    mutants = mutants[: options.sample or None]
    found = tried = 0
    start = time.monotonic()
    for path, name, line, tree in mutants:
        if time.monotonic() - start > 60 * options.minutes:
            break
        tried += 1
        if is_found(path, tree):
            found += 1
        else:
            print(f"survives, line {line}\n{name}", flush=True)
    score = found / max(tried, 1)
    print(f"{found} of {tried} mutants found ({score:.0%}), of {n_all} in all, in {time.monotonic() - start:.0f} s")
    sys.exit(score < 0.9)


if __name__ == "__main__":
    main()
