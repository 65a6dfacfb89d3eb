"""Installed versions, for bug reports."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = (
    "skbalance",
    "scikit-learn",
    "numpy",
    "scipy",
    "joblib",
    "torch",
    "skorch",
    "sentence-transformers",
    "transformers",
    "filelock",
    "matplotlib",
    "pandas",
)


def show_versions():
    """Print the versions of Python and of the relevant packages, for a bug report.

    Nothing is imported for it: it shows what is installed also where that cannot be imported.

    Examples
    --------
    >>> from skbalance import show_versions
    >>> show_versions()
    python                 3...
    """
    found = {"python": sys.version.split()[0], "system": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    print("\n".join(f"{name:<22} {value}" for name, value in found.items()))
