"""Every public docstring is complete, by numpydoc's own checks."""

import importlib
import inspect

import pytest
from numpydoc.validate import validate

from tests.docs.test_pages import ROOMS

# Codes of numpydoc: https://numpydoc.readthedocs.io/en/latest/validation.html
CHECKS = {
    "GL06",  # a section that is unknown
    "GL07",  # sections in another order
    "GL08",  # no docstring
    "SS01",  # no summary
    "SS03",  # a summary without a full stop
    "SS06",  # a summary of more than a line
    "PR01",  # parameters that are not documented
    "PR02",  # parameters that are not there
    "PR03",  # parameters in another order
    "PR04",  # a parameter without a type
    "PR07",  # a parameter without a description
    "PR10",  # no space before the colon
    "RT01",  # no Returns
    "RT03",  # a value without a description
    "YD01",  # no Yields
    "SA03",  # a See Also without a description
    "SA04",
}


def public():
    for room in ROOMS:
        module = importlib.import_module(f"skbalance{room}")
        for name in module.__all__:
            found = getattr(module, name)
            if name.startswith("_"):
                continue
            yield f"{module.__name__}.{name}"
            if inspect.isclass(found):
                for method, value in vars(found).items():
                    if not method.startswith("_") and inspect.isfunction(value):
                        yield f"{module.__name__}.{name}.{method}"


@pytest.mark.parametrize("name", sorted(set(public())))
def test_docstring(name):
    wrong = [f"{code}: {message}" for code, message in validate(name)["errors"] if code in CHECKS]
    assert not wrong
