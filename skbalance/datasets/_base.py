"""Helpers of the loaders: data folder, downloads, descriptions, and the indicator matrix."""

import hashlib
import os
from collections.abc import Sequence
from http.client import HTTPException
from importlib.resources import files
from pathlib import Path
from urllib.request import urlopen

from scipy import sparse

from skbalance._files import whole_file
from skbalance._tag_lists import indicator_of_tags
from skbalance._validation import read_path, sparse_kind

DATA_HOME_VARIABLE = "SKBALANCE_DATA"
DEFAULT_DATA_HOME = "~/skbalance_data"
DOWNLOAD_TIMEOUT = 60.0  # seconds without an answer


def data_folder(data_home: str | os.PathLike | None = None) -> Path:
    """Return the folder of the corpora: `data_home`, else ``$SKBALANCE_DATA``, else ``~/skbalance_data``.

    The folder is not created.
    """
    if data_home is None:
        data_home = os.environ.get(DATA_HOME_VARIABLE) or DEFAULT_DATA_HOME
    return read_path(data_home, "data_home")


def find_or_download(
    filename: str,
    *,
    urls: Sequence[str],
    sha256: str,
    data_home: str | os.PathLike | None,
    download_if_missing: bool,
) -> Path:
    """Return the path of `filename` in the data folder, downloaded first when it is not there.

    A file that is there already is returned as it is; a download is kept only when its checksum is `sha256`.

    Raises
    ------
    OSError
        If the file is missing and may not, or cannot, be downloaded. The message says where to put it.
    """
    folder = data_folder(data_home)
    path = folder / filename
    if path.is_file():
        return path
    help_text = (
        f"Put {filename} into that folder, or pass data_home=, or set the environment variable "
        f"{DATA_HOME_VARIABLE} to the folder that holds it. It is published at {urls[0]}"
    )
    if not download_if_missing:
        raise OSError(f"{filename} is not in {folder} and download_if_missing=False. {help_text}")
    reasons = []
    for url in urls:
        try:
            _download(url, path, sha256)
        except (OSError, HTTPException) as error:
            reasons.append(f"{url}: {error or type(error).__name__}")
        else:
            return path
    raise OSError(
        f"{filename} is not in {folder} and could not be downloaded. {help_text}\nTried " + "\n      ".join(reasons)
    )


def _download(url: str, path: Path, sha256: str) -> None:
    """Download `url` to `path`, whole and with the right checksum, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with urlopen(url, timeout=DOWNLOAD_TIMEOUT) as response, whole_file(path) as target:
        content = response.read()
        digest = hashlib.sha256(content).hexdigest()
        if digest != sha256:
            raise OSError(f"the download's sha256 is {digest}, expected {sha256}")
        target.write(content)


def load_descr(name: str) -> str:
    """Return the description of a data set, kept beside the code as ``descr/<name>.rst``."""
    return files("skbalance.datasets").joinpath("descr", f"{name}.rst").read_text(encoding="utf-8")


def tag_matrix(rows: Sequence[Sequence[str]], names: Sequence[str]) -> sparse.csr_matrix:
    """Return the 0/1 CSR matrix (int64) of the labels of each row, with a column for each name."""
    return sparse_kind()(indicator_of_tags(rows, names))
