"""The published reference values are read from a file of the developer's, named by an environment variable."""

import os

collect_ignore = [] if os.environ.get("SKBALANCE_REFERENCE") else ["test_reference.py"]
