"""Descriptions of features of the web platform and the groups they are in, as a part of the package."""

import gzip
import json
from importlib.resources import files
from typing import Any

import numpy as np

from skbalance._validation import validate_params
from skbalance.datasets._base import as_returned, tag_matrix


@validate_params
def load_web_features(*, return_X_y: bool = False) -> Any:
    r"""Load descriptions of features of the web platform and their groups (multi-label text classification).

    Short English texts with a long tail of groups, which have readable names and parents [1]_. The data are part of
    this package: nothing is downloaded.

    =================   ==============
    Labels                         104
    Samples                        944
    Labels a sample               1.11
    =================   ==============

    Parameters
    ----------
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    dataset : :class:`~sklearn.utils.Bunch`
        With the attributes

        - data : ndarray of shape (944,), dtype=object. Name and description of each feature, as str.
        - target : csr_matrix of shape (944, 104), dtype=int64. 1 where the feature is in the group.
        - target_names : ndarray of shape (104,), dtype=object. The groups, in alphabetical order.
        - tags : list of list of str. The groups of each feature, as
          :class:`~skbalance.text.TagClassifier` takes them.
        - label_texts : dict. What each group is called.
        - parents : dict. The parent of each group that has one.
        - DESCR : str. The description of the collection.

    (data, target) : tuple
        If `return_X_y` is True.

    Notes
    -----
    The data are licensed under the Apache License 2.0; the licence and a notice are beside the file.

    References
    ----------
    .. [1] WebDX Community Group, "web-features", version 3.40.0, https://github.com/web-platform-dx/web-features

    Examples
    --------
    >>> from skbalance.datasets import load_web_features
    >>> web = load_web_features()
    >>> print(web.data[3])
    abs() and sign()
    The abs() and sign() CSS functions compute the absolute value or the sign of the input.
    >>> web.tags[3]
    ['css']
    >>> web.label_texts["multi-column"], web.parents["multi-column"]
    ('Multi-column', 'layout')
    """
    content = files("skbalance.datasets").joinpath("data", "web_features.json.gz").read_bytes()
    content = json.loads(gzip.decompress(content))
    features, groups = content["features"], content["groups"]
    names = sorted(groups)
    tags = [sorted(feature["groups"]) for feature in features]
    data = np.array([f"{feature['name']}\n{feature['description']}" for feature in features], dtype=object)
    return as_returned(
        "web_features",
        return_X_y,
        data=data,
        target=tag_matrix(tags, names),
        target_names=names,
        tags=tags,
        label_texts={name: groups[name]["name"] for name in names},
        parents={name: groups[name]["parent"] for name in names if groups[name]["parent"]},
    )
