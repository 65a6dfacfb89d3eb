"""Files that are written whole or not at all."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO


@contextlib.contextmanager
def whole_file(path: Any) -> Iterator[BinaryIO]:
    """A new file that takes the place of what is at the path when the block ends without an error.

    Parameters
    ----------
    path : str or path
        Of the file; of a link, what it points to is replaced.

    Yields
    ------
    file : binary file
        Beside it.

    Raises
    ------
    OSError
        If no file can be written there; before the block begins.
    """
    target = Path(path).resolve()
    beside = target.with_name(f".{os.getpid()}.{target.name}")
    try:
        if target.exists() and not target.is_file():
            raise OSError(errno.EINVAL, "It is no file that can be replaced")
        file = beside.open("wb")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with file:
            yield file
        os.replace(beside, target)
    except BaseException:
        beside.unlink()
        raise
