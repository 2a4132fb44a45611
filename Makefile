# A new machine with Python >= 3.11 needs only `make run` and `make test`.

PORT ?= 5006
export PORT

VENV ?= .venv
CONSTRAINTS ?= constraints.txt
export VENV
BIN := $(VENV)/bin
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
EXTRAS_run := [dask,river]
EXTRAS_test := [test]
EXTRAS_bench := [bench]

# If the Python of the environment is missing, install everything again.
$(shell test -x $(BIN)/python || rm -f $(VENV)/.installed-*)

.DEFAULT_GOAL := help
.PHONY: help run test tests lowest lint bench quality mutants constraints clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: $(VENV)/.installed-run $(VENV)/.compiled ## start the app; PORT=5006, DATA=table.csv, PYTHON=python3.12 (first time)
	@$(BIN)/python app.py

test: lint tests ## lint, types, doctests and all tests except those that take minutes

tests: $(VENV)/.installed-test $(VENV)/.compiled
	@.ci/browser
	$(BIN)/pytest -m "not long" -n 2 --dist loadfile --no-loadscope-reorder --durations=15

lowest: ## all tests on the lowest versions of the dependencies, in .venv-lowest
	@$(MAKE) tests VENV=.venv-lowest CONSTRAINTS=constraints-lowest.txt

lint: $(VENV)/.installed-test ## ruff and mypy only
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(VENV)/.installed-bench ## measure the speed and the first minute
	@$(BIN)/python -m benchmarks.speed
	@$(BIN)/python -m benchmarks.speed.learning
	@$(BIN)/python -m benchmarks.first_minute

quality: $(VENV)/.installed-bench ## measure the quality of the clusterings
	@$(BIN)/python -m benchmarks.quality

mutants: $(VENV)/.installed-test ## change lines of the deciding files; count the changes that tests see
	@NUMBA_DISABLE_JIT=1 $(BIN)/python -m tests.robustness.mutation
	@$(BIN)/python -m tests.robustness.mutation

UV_COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
    --all-extras --no-annotate --upgrade --custom-compile-command "make constraints"

constraints: $(VENV)/.installed-test ## renew constraints.txt (newest) and constraints-lowest.txt
	@$(BIN)/pip install --quiet uv
	$(UV_COMPILE) -o constraints.txt
	$(UV_COMPILE) --resolution lowest-direct -o constraints-lowest.txt

clean: ## remove caches and build output; .venv stays
	@rm -rf $(VENV)/.compiled build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -path "./.venv*" -prune -o -name __pycache__ -prune -exec rm -rf {} +

# Compiled code is kept beside the modules until one of them changes.
$(VENV)/.compiled: $(shell find clusterer -name '*.py')
	@$(BIN)/python -m clusterer.session.compile_kernels
	@touch $@

# Debian's Python may lack ensurepip; an environment made by it has no pip.
$(BIN)/python:
	@for python in $(PYTHONS); do \
	    if $$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then \
	        echo "Creating $(VENV) with $$($$python --version) …"; \
	        $$python -m venv --clear $(VENV) && exit 0; \
	        rm -rf $(VENV); exit 1; \
	    fi; \
	done; \
	echo "No usable Python among: $(PYTHONS)." >&2; \
	echo "clusterer needs Python >= 3.11 with venv (Debian: apt install python3-venv)." >&2; \
	echo "Name one in another folder: make run PYTHON=/path/to/python3" >&2; \
	exit 1

$(VENV)/.installed-%: pyproject.toml $(CONSTRAINTS) $(BIN)/python
	@echo "Installing the pinned dependencies; the first time takes a few minutes …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    -c $(CONSTRAINTS) -e ".$(EXTRAS_$*)"
	@touch $@
