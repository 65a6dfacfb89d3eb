# The two commands of the README are `make quickstart` and `make test`. Both make the environment they need.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
SOURCES := skbalance tests examples benchmarks docs

.PHONY: quickstart test test-quick test-matrix coverage mutation test-oldest test-newest lint format tables docs clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt -e .
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e ".[test]"
	touch $@

quickstart: $(VENV)/.installed
	OMP_NUM_THREADS=1 $(BIN)/python examples/quickstart.py

lint: $(VENV)/.tested
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy

# One thread a worker: two workers on two cores get in each other's way otherwise.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal

# The same tests, counting the branches that they take, at half as much time again; fails under 98 %.
coverage: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=term:skip-covered

# All of scikit-learn's checks for every loss with both solvers.
test-matrix: $(VENV)/.tested
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal -m full_matrix tests/test_common.py

test-quick: $(VENV)/.tested
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal -m "not slow"

# Mutants of the losses, the decisions and L-BFGS; fails where less than 90 % are found.
mutation: $(VENV)/.tested
	OMP_NUM_THREADS=1 $(BIN)/python tests/tools/mutation.py

# The site, into docs/_build/html; a warning is an error.
docs: $(VENV)/.installed
	$(PIP) install -c constraints.txt -e ".[docs]"
	OMP_NUM_THREADS=1 $(BIN)/sphinx-build -W --keep-going -b html docs docs/_build/html

# Every table and figure of the README and the documentation; resumes. SKBALANCE_DATA names the corpora.
tables: $(VENV)/.tested
	$(BIN)/python benchmarks/run_all.py

# The oldest and the newest versions that are supported, each in an environment of its own.
test-oldest:
	$(PYTHON) -m venv $(VENV)-oldest
	$(VENV)-oldest/bin/python -m pip install -q -c constraints-oldest.txt -e ".[test]"
	OMP_NUM_THREADS=1 $(VENV)-oldest/bin/pytest -n 2 -m "not slow" -W default

test-newest:
	$(PYTHON) -m venv $(VENV)-newest
	$(VENV)-newest/bin/python -m pip install -q --upgrade --upgrade-strategy eager -e ".[test]"
	OMP_NUM_THREADS=1 $(VENV)-newest/bin/pytest -n 2 -m "not slow" -W default

format: $(VENV)/.tested
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

clean:
	rm -rf $(VENV) $(VENV)-oldest $(VENV)-newest build dist docs/_build docs/generated docs/auto_examples
