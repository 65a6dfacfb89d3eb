"""Tests of the page in Chromium; collected where there is one."""

import base64
import hashlib
import json
import re
import subprocess
from html import unescape

import numpy as np
import pytest

from skbalance.review import TagReport, report_page
from tests.review.pages import CHROMIUM, make_data
from tests.review.test_page import HOSTILE

pytestmark = pytest.mark.slow


def browse(tmp_path, page, script="", *options):
    """What a script returns after the page was loaded, with the lines of the console."""
    run = f"document.documentElement.dataset.result = JSON.stringify((() => {{{script}}})() ?? null)"
    allowed = "sha256-" + base64.b64encode(hashlib.sha256(run.encode()).digest()).decode()
    page = page.replace("script-src '", f"script-src '{allowed}' '", 1).replace(
        "</body>", f"<script>{run}</script></body>"
    )
    path = tmp_path / "page.html"
    path.write_text(page, encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    command += ["--virtual-time-budget=2000", f"--user-data-dir={tmp_path / 'profile'}", *options, path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    result = re.search(r'data-result="([^"]*)"', done.stdout)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return json.loads(unescape(result[1])) if result else None, console


HELP = """
  const $ = (s) => document.querySelector(s), all = (s) => [...document.querySelectorAll(s)];
  const rows = () => all("#tag-table > tbody > tr").filter((row) => !row.hidden);
  const column = (i) => rows().map((row) => row.cells[i].textContent);
  const type = (text) => { $("#find").value = text; $("#find").dispatchEvent(new Event("input")); };
  const head = (i) => all("#tag-table thead button")[i];
"""


def test_every_column_sorts(tmp_path):
    data = make_data(300, 80)
    script = (
        HELP
        + """
      const seen = [];
      for (let i = 0; i < 10; i++) {
        for (const _ of [1, 2]) {
          head(i).click();
          const sorted = all("#tag-table th[aria-sort]").map((th) => [th.cellIndex, th.getAttribute("aria-sort")]);
          seen.push([sorted, column(i)]);
        }
      }
      return seen;"""
    )
    seen, console = browse(tmp_path, report_page(data), script)
    assert console == []
    assert len(seen) == 20
    for number, (heads, values) in enumerate(seen):
        ways = ["ascending", "descending"] if number < 2 else ["descending", "ascending"]
        assert heads == [[number // 2, ways[number % 2]]]
        if number < 2:
            keys = [int(re.search(r"\d+", value)[0]) for value in values]
        else:
            keys = [float(value.split()[0]) for value in values if value != "–"]
            assert "–" not in values[: len(keys)]
        assert keys == sorted(keys, reverse=ways[number % 2] == "descending")


def test_search_and_groups(tmp_path):
    tags = [f"Étiquette {number}" for number in range(150)]
    script = (
        HELP
        + """
      const said = () => [rows().length, $("#found").textContent, $("#more").hidden];
      const seen = [said()];
      $("#more").click(); seen.push(said());
      type("ETIQUETTE 14"); seen.push(said());
      type("e\\u0301ti 7 1"); seen.push(said());
      type("nothing"); seen.push(said());
      type(""); $("#group").value = "tail"; $("#group").dispatchEvent(new Event("change")); seen.push(said());
      return seen;"""
    )
    data = make_data(400, 150, tags=tags)
    seen, console = browse(tmp_path, report_page(data), script)
    assert console == []
    n_tail = int((data.counts <= 8).sum())
    assert seen == [
        [100, "150 of 150 tags, the first 100 shown", False],
        [150, "150 of 150 tags", True],
        [12, "12 of 150 tags", True],
        [
            sum("7" in tag and "1" in tag for tag in tags),
            f"{sum('7' in t and '1' in t for t in tags)} of 150 tags",
            True,
        ],
        [0, "0 of 150 tags", True],
        [n_tail, f"{n_tail} of 150 tags", True],
    ]


def test_tag_opens_examples_that_are_mere_text(tmp_path):
    data = make_data(len(HOSTILE), len(HOSTILE), tags=HOSTILE, texts=HOSTILE, title="Hostile")
    script = (
        HELP
        + """
      all("#tag-table > tbody button").forEach((button) => button.click());
      const items = all(".more li:not(.quiet)").map((item) => item.textContent);
      const open = all("#tag-table [aria-expanded=true]").length;
      const tab = all("button").every((button) => button.tabIndex === 0);
      const found = [document.title, all("img").length, all("script").length];
      head(0).click();
      return [items, open, tab, found, all(".more").length];"""
    )
    (items, opened, tab, found, left), console = browse(tmp_path, report_page(data), script)
    assert console == []
    assert opened == len(HOSTILE)
    assert tab
    assert found == ["Hostile", 0, 3]
    assert set(items) <= {*HOSTILE, "\\u202egnp.exe", r"a\x00b\x1bc\ud800\u200e\u200b\xad\U000e0041", "x" * 180 + " …"}
    assert HOSTILE[2] in items
    assert left == 0


def test_link_finds_a_tag_that_is_not_shown(tmp_path):
    script = (
        HELP
        + """
      type("no such tag");
      $("#confusions").closest("section").querySelector("tbody a").click();
      const row = document.activeElement.closest("tr");
      return [row.id, row.hidden, row.nextElementSibling.className, $("#find").value, location.hash,
              $("#confusions").closest("section").querySelector("tbody a").getAttribute("href")];"""
    )
    (name, hidden, below, sought, place, link), console = browse(tmp_path, report_page(make_data()), script)
    assert console == []
    assert [f"#{name}", hidden, below, sought, place] == [link, False, "more", "", ""]


def test_pointer_names_the_nearest_dot_in_all_charts(tmp_path):
    script = (
        HELP
        + """
      const dot = $("circle[data-tag='3']"), box = dot.getBoundingClientRect();
      const at = {clientX: box.x + box.width / 2, clientY: box.y + box.height / 2, bubbles: true};
      dot.dispatchEvent(new PointerEvent("pointermove", at));
      const lit = all("circle.hot").map((circle) => circle.dataset.tag), said = $("#tip").textContent;
      dot.ownerSVGElement.dispatchEvent(new PointerEvent("pointerleave"));
      return [lit, said, $("#tip").hidden, all("circle.hot").length];"""
    )
    data = make_data(200, 6)
    (lit, said, hidden, left), console = browse(tmp_path, report_page(data), script)
    assert console == []
    assert lit == ["3"] * 3
    assert said.startswith(f"tag 3 of many: Training texts {data.counts[3]}, F1 0.")
    assert [hidden, left] == [True, 0]


@pytest.mark.parametrize("width", [390, 1300])
def test_page_is_not_wider_than_the_screen(tmp_path, width):
    data = make_data(30, 12, tags=["w" * 300] + [f"tag {number}" for number in range(11)], texts=["w" * 3000] * 30)
    script = "return [document.documentElement.scrollWidth, innerWidth]"
    (needed, there), console = browse(tmp_path, report_page(data), script, f"--window-size={width},900")
    assert console == []
    assert needed <= there == width


def test_whole_size_and_frame_of_a_notebook_are_silent(tmp_path):
    page = report_page(make_data(20_000, 2_000))
    script = HELP + 'return [rows().length, all("#tag-table > tbody > tr").length]'
    assert browse(tmp_path, page, script) == ([100, 2_000], [])
    frame = f"<!DOCTYPE html><body>{TagReport(report_page(make_data()))._repr_html_()}</body>"
    (width,), console = browse(tmp_path, frame, "return [document.querySelector('iframe').offsetWidth]")
    assert console == []
    assert width > 300


def test_contrast(tmp_path):
    """Of texts, by the measure of WCAG 2; 4.5 are asked for."""
    script = """
      const style = getComputedStyle(document.documentElement);
      const canvas = document.createElement("canvas").getContext("2d");
      const value = (name) => {
        canvas.fillStyle = style.getPropertyValue(name);
        const hex = canvas.fillStyle;
        return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
      };
      const names = ["ground", "raised", "ink", "soft", "accent", "good", "bad", "bar", "mark"];
      return names.map((name) => value("--" + name));"""
    for scheme in (1, 0):  # light, dark
        option = f"--blink-settings=preferredColorScheme={scheme}"
        colours, console = browse(tmp_path, report_page(make_data()), script, option)
        assert console == []
        part = np.array(colours) / 255
        linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
        ground, raised, ink, soft, accent, good, bad, bar, mark = linear @ [0.2126, 0.7152, 0.0722] + 0.05
        pairs = [(text, on) for text in (ink, soft, accent, good, bad) for on in (ground, raised)]
        pairs += [(ink, bar), (ink, mark)]
        assert min(max(a, b) / min(a, b) for a, b in pairs) > 4.5
        assert (ground > ink) == (scheme == 1)
