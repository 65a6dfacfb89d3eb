"""Parents of tags, given by a mapping or in the names of tags."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from skbalance._hierarchy import parents_first, read_parents
from skbalance._tag_lists import read_tag
from skbalance._validation import short


def read_tag_parents(parents: Any, hierarchy: str | None, sep: str | None, tags: Collection) -> dict:
    """Read the parents of tags and of their ancestors.

    Parameters
    ----------
    parents : mapping or None
        As `TagClassifier` takes it.
    hierarchy : str or None
        In its place, what stands between levels of a name.
    sep : str or None
        What stands between tags.
    tags : set
        All tags that there are.

    Returns
    -------
    parents : dict
        From tag to list of tags, ancestors first; with each tag that has a parent or is one.

    Raises
    ------
    TypeError, ValueError
        If it is not clear what the parents of a tag are, a tag is its own ancestor, or `parents` has a tag that is
        neither there nor an ancestor of one that is.
    """
    if parents is not None and hierarchy is not None:
        raise ValueError(f"Give parents, or hierarchy={hierarchy!r} to read them out of the names, not both.")
    if hierarchy is not None:
        return parents_first(_parents_in_names(hierarchy, sep, tags))
    given = {} if parents is None else read_parents(parents, lambda tag, where: read_tag(tag, sep, where))
    if len({type(tag) for each in (tags, given, *given.values()) for tag in each}) > 1:
        raise TypeError("parents and the tags of y must all be strings, or all integers.")
    if "" in given or any("" in its_own for its_own in given.values()):
        raise ValueError(f"parents has a tag that is empty: {short(parents)}.")
    order, known = parents_first(given), set(tags)
    for tag in reversed(order):
        known.update(order[tag] if tag in known else ())
    if strange := [tag for tag in given if tag not in known]:
        raise ValueError(f"parents has {strange[:10]}, which are no tags of the training data, nor their ancestors.")
    return order


def _parents_in_names(hierarchy, sep, tags):
    """All levels but the last, as the parent of each tag that has several, and of that parent."""
    if not hierarchy or hierarchy == sep:
        raise ValueError(f"hierarchy must be what stands between levels of a name, other than sep; got {hierarchy!r}.")
    parents, left = {}, sorted(tags)
    while left:
        tag = left.pop()
        if not isinstance(tag, str):
            raise TypeError(f"hierarchy={hierarchy!r} reads the names of tags, and these are integers: give parents.")
        if not all(map(str.strip, tag.split(hierarchy))):
            raise ValueError(f"The tag {tag!r} has a level without a name; hierarchy is {hierarchy!r}.")
        parent = tag.rpartition(hierarchy)[0].strip()
        if parent:
            parents[tag] = [parent]
            left.append(parent)
    return parents


def closed(indicator, hierarchy):
    """An indicator with the ancestors of its tags."""
    return indicator if hierarchy is None else hierarchy.close(indicator)
