# A new machine with Python >= 3.11 needs only `make run` and `make test`.

PORT ?= 5006
export PORT

BIN := .venv/bin
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
EXTRAS_run := [dask,river]
EXTRAS_test := [test]
EXTRAS_bench := [bench]

# If the Python of .venv is missing, install everything again.
$(shell test -x $(BIN)/python || rm -f .venv/.installed-*)

.DEFAULT_GOAL := help
.PHONY: help run test lint bench quality constraints clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: .venv/.installed-run .venv/.compiled ## start the app; PORT=5006, DATA=table.csv, PYTHON=python3.12 (first time)
	@$(BIN)/python app.py

test: .venv/.installed-test lint .venv/.compiled ## lint, types, doctests and all tests except those that take minutes
	@.ci/browser
	$(BIN)/pytest -m "not long" -n 2 --dist loadgroup --durations=15

lint: .venv/.installed-test ## ruff and mypy only
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: .venv/.installed-bench ## measure the speed and the first minute
	@$(BIN)/python -m benchmarks.speed
	@$(BIN)/python -m benchmarks.speed.learning
	@$(BIN)/python -m benchmarks.first_minute

quality: .venv/.installed-bench ## measure the quality of the clusterings
	@$(BIN)/python -m benchmarks.quality

constraints: .venv/.installed-test ## renew the pins in constraints.txt
	@$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --all-extras \
	    --no-annotate --upgrade --custom-compile-command "make constraints" -o constraints.txt

clean: ## remove caches and build output; .venv stays
	@rm -rf .venv/.compiled build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -path ./.venv -prune -o -name __pycache__ -prune -exec rm -rf {} +

# Compiled code is kept beside the modules until one of them changes.
.venv/.compiled: $(shell find clusterer -name '*.py')
	@$(BIN)/python -m clusterer.session.compile_kernels
	@touch $@

# Debian's Python may lack ensurepip; a .venv made by it has no pip.
$(BIN)/python:
	@for python in $(PYTHONS); do \
	    if $$python -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then \
	        echo "Creating .venv with $$($$python --version) …"; \
	        $$python -m venv --clear .venv && exit 0; \
	        rm -rf .venv; exit 1; \
	    fi; \
	done; \
	echo "No usable Python among: $(PYTHONS)." >&2; \
	echo "clusterer needs Python >= 3.11 with venv (Debian: apt install python3-venv)." >&2; \
	echo "Name one in another folder: make run PYTHON=/path/to/python3" >&2; \
	exit 1

.venv/.installed-%: pyproject.toml constraints.txt $(BIN)/python
	@echo "Installing the pinned dependencies; the first time takes a few minutes …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    -c constraints.txt -e ".$(EXTRAS_$*)"
	@touch $@
