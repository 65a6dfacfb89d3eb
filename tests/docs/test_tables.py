"""The tables that the README and the pages show are those of the results."""

import importlib
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"
RESULTS = BENCHMARKS / "results"


@pytest.fixture
def benchmark_module(monkeypatch):
    """Import a script of the benchmarks."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # the scripts set it
    before = set(sys.modules)
    yield importlib.import_module
    for name in {path.stem for path in BENCHMARKS.glob("*.py")} - before:
        sys.modules.pop(name, None)


def test_readme_has_the_tables_of_the_results(benchmark_module):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    update = benchmark_module("readme").update
    assert update(readme) == readme, "run `python benchmarks/readme.py`"
    altered = re.sub(r"\| \d+\.\d / \d+\.\d", "| 0.0 / 0.0", readme)
    assert altered != readme
    assert update(altered) == readme
    with pytest.raises(ValueError, match="no place for the table 'tags'"):
        update("")


def test_table_of_the_readme_takes_what_is_measured(benchmark_module, monkeypatch, tmp_path):
    tables = benchmark_module("tables")
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    readme, tags = benchmark_module("readme"), benchmark_module("tags")
    with pytest.raises(ValueError, match=r"no results in decisions\.csv and tags\.csv"):
        readme.tags()

    def scores(micro, macro):
        return (micro, macro, 0.0, 0.0, 0.0, 0.0)

    table = tables.Table("tags.csv", tags.FIELDS)
    for seed, macro in enumerate([0.62, 0.64]):
        table.add("goemotions", tags.OURS, seed, *scores(0.9, macro))
    head, _, row, published, _ = readme.tags()
    assert head == "|  | GoEmotions |"
    assert row == "| **`TagClassifier()`** | 90.0 / 63.0 ± 1.4 |"
    assert published.endswith("| – |")

    table.add("goemotions", tags.NAMED_PEER, 0, *scores(0.91, 0.62))
    table.add("reuters", tags.NAMED_PEER, 0, *scores(0.9, 0.67))
    head, _, peer, ours, published, _, verdict = readme.tags()
    assert head == "|  | Reuters-21578 | GoEmotions |"
    assert peer.endswith("| 90.0 / 67.0 | 91.0 / 62.0 |")
    assert ours.endswith("| – | 90.0 / 63.0 ± 1.4 |")
    assert published.endswith("| 90.6 / 64.5 | – |")
    assert verdict.endswith("same thresholds and names in both scores on 0 of 1, in one on 1, in none on 0.")


@pytest.mark.parametrize(
    "section",
    [
        *("losses", "defaults", "study", "splits", "embedding", "peers", "pubmed", "paper", "decisions", "tags"),
        *("hierarchy", "updates", "promises", "review", "service", "scaling", "negatives", "stream"),
        *("paper_finetuned", "finetuned_decisions", "finetuned_goemotions"),
    ],
)
def test_markdown_is_that_of_the_rows(benchmark_module, monkeypatch, tmp_path, section):
    tables = benchmark_module("tables")
    module = benchmark_module(section)
    written = {}
    monkeypatch.setattr(module, "write", lambda file, lines: written.update({file: "\n".join(lines) + "\n"}))
    monkeypatch.setattr(tables.Table, "_rewrite", lambda table: pytest.fail(f"{table.path.name} is not in order"))
    monkeypatch.setattr(sys, "argv", [f"{section}.py", "--tables"])
    module.main()
    assert written == {f"{section}.md": (RESULTS / f"{section}.md").read_text(encoding="utf-8")}


def test_every_script_can_be_imported(benchmark_module):
    for path in BENCHMARKS.glob("*.py"):
        assert benchmark_module(path.stem).__doc__


def test_every_picture_has_a_script_that_draws_it():
    scripts = "\n".join(path.read_text(encoding="utf-8") for path in BENCHMARKS.glob("*.py"))
    pictures = [*(ROOT / "docs" / "images").iterdir(), *RESULTS.glob("*.png")]
    assert pictures
    for path in pictures:
        assert f'"{path.name}"' in scripts


def test_tasks_run_here_and_in_processes(benchmark_module, monkeypatch, tmp_path):
    tables = benchmark_module("tables")
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    table = tables.Table("table.csv", ("name", "seed", "score"))
    for row in tables.run_tasks(divmod, [(7, 2), (9, 4)], jobs=1, label="here"):
        table.add(str(row[0]), row[1], 0.123456789)
    assert table.has("3", 1)
    assert not table.has("3", 2)
    again = tables.Table("table.csv", ("name", "seed", "score", "seconds"))
    assert [row["score"] for row in again.rows] == ["0.12346", "0.12346"]
    assert again.select(name=2) == [{"name": "2", "seed": "1", "score": "0.12346", "seconds": ""}]
    again.sort(("2", "3"))
    assert (tmp_path / "table.csv").read_text() == "name,seed,score,seconds\n2,1,0.12346,\n3,1,0.12346,\n"
    assert sorted(tables.run_tasks(divmod, [(7, 2), (9, 4)], jobs=2, label="processes")) == [(2, 1), (3, 1)]


def test_one_command_runs_what_is_left(benchmark_module, monkeypatch, tmp_path):
    run_all = benchmark_module("run_all")
    assert set(run_all.SECTIONS) <= {path.stem for path in BENCHMARKS.glob("*.py")}
    assert {path.stem for path in RESULTS.glob("*.md")} <= set(run_all.SECTIONS)
    sections = (BENCHMARKS / "speed.py").read_text(encoding="utf-8").split("\nSECTIONS = {\n")[1].split("\n}\n")[0]
    assert {*run_all.SPEED, "omikuji", "cuda"} == set(re.findall(r'^    "(\w+)":', sections, re.MULTILINE))
    monkeypatch.setattr(run_all, "RESULTS", tmp_path)
    monkeypatch.setenv("SKBALANCE_DATA", str(tmp_path))
    monkeypatch.delenv("SKBALANCE_ENCODER", raising=False)

    def rest(section, **options):
        found = run_all.command(section, SimpleNamespace(**{"fresh": False, "tables": False, **options}))
        return found if isinstance(found, str) else found[2:]

    assert rest("losses") == []
    assert rest("losses", fresh=True) == ["--fresh"]
    assert rest("losses", tables=True) == ["--tables"]
    assert rest("defaults") == "no goemotions.json.gz and tmc2007-500.npz in the folder of the corpora"
    assert rest("embedding").startswith("SKBALANCE_ENCODER names no folder")
    assert rest("paper_finetuned", sections=[]).startswith("it takes hours")
    assert rest("paper_finetuned", sections=["paper_finetuned"]).startswith("SKBALANCE_ENCODER names no folder")
    (tmp_path / "speed.csv").write_text("section,case\nkernel,a\ngrid,b\n")
    assert rest("speed") == [name for name in run_all.SPEED if name not in ("kernel", "grid")]
    assert rest("speed", fresh=True) == []
    (tmp_path / "speed.csv").write_text("section,case\n" + "".join(f"{name},a\n" for name in run_all.SPEED))
    assert rest("speed") == "all of it is measured"
