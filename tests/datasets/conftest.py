"""The tests on the real corpora are collected only where the corpora are."""

import os
from pathlib import Path

DATA = Path(os.environ.get("SKBALANCE_DATA") or "no-such-folder")
NEEDED = ("reuters21578.tar.gz", "bioasq_sample.json.gz")

collect_ignore = [] if all((DATA / name).is_file() for name in NEEDED) else ["test_real_corpora.py"]
