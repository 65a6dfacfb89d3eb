"""Every table and figure that the README and the documentation include, in one command.

Run ``SKBALANCE_DATA=folder python benchmarks/run_all.py``, or ``make tables``; names of sections run these only. What
`benchmarks/results` holds already is not run again, so that an interrupted run resumes; ``--fresh`` starts
the sections anew, ``--tables`` runs nothing and writes the tables from the CSV files that are there. Each section is a
script of its own. For rows on sentence embeddings `SKBALANCE_ENCODER` names the folder of an encoder; without it they
stay as they are. The figures of the gallery and of the pages are drawn when the documentation is built.
"""

import argparse
import csv
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
RESULTS = HERE / "results"
# Section: the files in the folder of the corpora that it needs.
SECTIONS = {
    "losses": (),
    "defaults": ("goemotions.json.gz", "tmc2007-500.npz"),
    "study": ("goemotions.json.gz", "tmc2007-500.npz", "medical.npz", "langlog.npz"),
    "splits": (),
    "embedding": (),
    "peers": (),
    "pubmed": ("bioasq_sample.json.gz",),
    "simulation": ("bioasq_sample.json.gz",),
    "paper": (),
    "paper_finetuned": (),
    "finetuned_decisions": (),
    "finetuned_goemotions": ("goemotions.json.gz",),
    "decisions": (),
    "tags": ("goemotions.json.gz",),
    "omikuji_decisions": ("bioasq_sample.json.gz",),
    "hierarchy": (),
    "updates": ("bioasq_sample.json.gz",),
    "stream": (),
    "partitions": (),
    "blocks": (),
    "promises": ("goemotions.json.gz", "tmc2007-500.npz", "bioasq_sample.json.gz", "medical.npz"),
    "review": ("goemotions.json.gz", "bioasq_sample.json.gz"),
    "service": (),
    "scaling": (),
    "negatives": ("bioasq_sample.json.gz",),
    "speed": (),
    "figures": (),
    "readme": (),
}
RESUMING = tuple(name for name in SECTIONS if name not in ("service", "speed", "figures", "readme"))
FINE_TUNED = ("paper_finetuned", "finetuned_decisions", "finetuned_goemotions")
SPEED = ("kernel", "trainer", "fit", "parts", "threads", "grid", "scale", "growth")


def command(section, arguments):
    """The arguments of a section's script, or the reason why it is left out."""
    script = [sys.executable, str(HERE / f"{section}.py")]
    if section in RESUMING:
        missing = [file for file in SECTIONS[section] if not (Path(os.environ["SKBALANCE_DATA"]) / file).is_file()]
        if arguments.tables:
            return [*script, "--tables"]
        if missing:
            return f"no {' and '.join(missing)} in the folder of the corpora"
        if section in FINE_TUNED and section not in arguments.sections:
            return "it takes hours on a CPU; name it to run it"
        if section in ("embedding", *FINE_TUNED) and "SKBALANCE_ENCODER" not in os.environ:
            return "SKBALANCE_ENCODER names no folder of a sentence encoder"
        if section == "simulation" and find_spec("omikuji") is None:
            return "omikuji is not installed"
        if section == "simulation" and section not in arguments.sections:
            return "it takes hours on a CPU; name it to run it"
        if section == "peers" and find_spec("libmultilabel") is None:
            return "LibMultiLabel is not installed"
        if section == "omikuji_decisions" and find_spec("omikuji") is None:
            return "omikuji is not installed"
        return [*script, *(["--fresh"] if arguments.fresh else [])]
    if section == "service":
        return [*script, "--tables"] if arguments.tables else "it needs a model: run it by itself"
    if section == "readme":
        return script
    if arguments.tables:
        return "nothing is run"
    if section == "speed" and not arguments.fresh:
        left = [part for part in SPEED if part not in measured_speeds()]
        return [*script, *left] if left else "all of it is measured"
    return script


def measured_speeds():
    path = RESULTS / "speed.csv"
    if not path.is_file():
        return set()
    with path.open(newline="", encoding="utf-8") as stream:
        return {row["section"] for row in csv.DictReader(stream)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", help=f"any of {', '.join(SECTIONS)}; by default all")
    parser.add_argument("--fresh", action="store_true", help="start the sections anew")
    parser.add_argument("--tables", action="store_true", help="run nothing, write the tables from the CSV files")
    arguments = parser.parse_args()
    unknown = set(arguments.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"unknown sections {sorted(unknown)}; there are {', '.join(SECTIONS)}")
    if arguments.tables:
        os.environ.setdefault("SKBALANCE_DATA", "")
    elif "SKBALANCE_DATA" not in os.environ:
        parser.error("set SKBALANCE_DATA to the folder of the corpora")
    chosen = [section for section in SECTIONS if section in (arguments.sections or SECTIONS)]
    start, failed = time.perf_counter(), []
    for number, section in enumerate(chosen, start=1):
        print(f"[{number}/{len(chosen)}, {minutes(start)}] {section}", flush=True)
        what = command(section, arguments)
        if isinstance(what, str):
            print(f"left out: {what}")
        elif subprocess.run(what).returncode:
            failed.append(section)
    print(f"[{minutes(start)}] done" + (f", but {' and '.join(failed)} failed" if failed else ""))
    sys.exit(bool(failed))


def minutes(start):
    return f"{(time.perf_counter() - start) / 60:.1f} min"


if __name__ == "__main__":
    main()
