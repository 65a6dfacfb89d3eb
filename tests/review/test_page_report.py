"""Tests of the page as an object, and of files that are whole or not there."""

import os
import re
from html import unescape

import pytest

from skbalance.review import TagReport, report_page
from tests.review.pages import make_data


def test_saves_and_replaces(tmp_path):
    report = TagReport("<p>été</p>")
    path = tmp_path / "report.html"
    for _ in range(2):
        report.save(path)
        assert path.read_text(encoding="utf-8") == "<p>été</p>"
    report.save(str(path))
    assert os.listdir(tmp_path) == ["report.html"]


def test_file_can_be_read_by_whom_others_can(tmp_path):
    TagReport("").save(tmp_path / "report.html")
    (tmp_path / "other").touch()
    assert (tmp_path / "report.html").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("name", ["missing/report.html", "file/report.html", "folder"])
def test_unwritable_path(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=re.escape(str(tmp_path / name))):
        TagReport("").save(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_notebook_gets_the_page_in_a_frame():
    page = report_page(make_data())
    frame = TagReport(page)._repr_html_()
    assert unescape(re.search(r'srcdoc="([^"]*)"', frame)[1]) == page
    assert 'sandbox="allow-scripts"' in frame
    assert repr(TagReport(page)).startswith(f"TagReport of {len(page)} characters")
