# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
PYTHON_OLDEST ?= $(shell command -v python3.11 || echo $(PYTHON))
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OLDEST := .venv-oldest
OLDEST_READY := $(OLDEST)/.ready

PROCESSES ?= --numprocesses auto --maxprocesses 4
# Tests of a file stay together, since they share what is expensive to make.
QUICK := -m "not slow and not gpu and not browser and not notebook" $(PROCESSES) --dist loadfile

.PHONY: demo test test-all test-browser test-notebooks test-oldest lint docs install clean
.DEFAULT_GOAL := test

install: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "otgan needs Python 3.11 or newer, got $$($(PYTHON) --version); to fix it, run: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --editable ".[all]"
	$(BIN)/python -m otgan.compile_ahead
	@touch $@

# The lowest versions of everything, Python's included, and no torch.
$(OLDEST_READY): pyproject.toml constraints-oldest.txt
	@$(PYTHON_OLDEST) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' || \
	  { echo "the lowest versions need Python 3.11 or 3.12; to fix it, run: make test-oldest PYTHON_OLDEST=/path/to/python3.11"; exit 1; }
	$(PYTHON_OLDEST) -m venv $(OLDEST)
	$(OLDEST)/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(OLDEST)/bin/python -m pip install --quiet --constraint constraints-oldest.txt --group test --editable ".[plot,tables,completion]" scikit-learn
	@touch $@

demo: $(READY)
	$(BIN)/otgan demo

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest $(QUICK)

test-all: lint
	$(BIN)/pytest

# Needs Debian's chromium, or CHROMIUM=/path/to/it; playwright's own download is not used.
test-browser: $(READY)
	$(BIN)/pytest -m browser tests/browser $(PROCESSES)

# A kernel of Jupyter's runs docs/notebooks with all exercises solved.
test-notebooks: $(READY)
	$(BIN)/pytest -m notebook tests/notebooks $(PROCESSES) --dist loadgroup

# Warnings are errors. The gallery runs every example; what did not change is not run again.
docs: $(READY)
	$(BIN)/codespell
	PYTHONPATH=. $(BIN)/sphinx-build -W --keep-going --quiet docs docs/_build/html
	@echo "The pages are in docs/_build/html: open docs/_build/html/index.html"

# Numba keeps one version's machine code at a place: the old one has a place of its own.
test-oldest: $(OLDEST_READY)
	NUMBA_CACHE_DIR=$(CURDIR)/$(OLDEST)/numba $(OLDEST)/bin/pytest $(QUICK) --without torch

clean:
	rm -rf docs/_build docs/api/generated docs/benchmarks docs/gallery docs/sg_execution_times.rst
	rm -rf $(VENV) $(OLDEST) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
