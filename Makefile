# 'make audit' installs the environment, runs the audits and prints the findings. 'make help' lists all commands.
#
# PYTHON       the interpreter with which .venv is made (3.11 or newer)
# TORCH_INDEX  address of an extra package index for torch, such as PyTorch's index of CPU builds (README: download sizes)
# ARGS         arguments for 'earwitness audit', such as ARGS='trained --fresh'

PYTHON ?= python3
TORCH_INDEX ?=
ARGS ?=

BIN := .venv/bin
INSTALLED := .venv/.installed
BENCHMARKS := attacks blind evaluation features linked logits neighbours scale
IN_PARALLEL := -n auto --maxprocesses 8 --dist worksteal

# DVC runs stages through a shell, which must find the 'python' of this environment.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help audit test test-all check bench clean

help:
	@echo "make audit     bring every stage up to date and print what each audit found"
	@echo "make test      run the tests, without those that take minutes"
	@echo "make test-all  run all tests"
	@echo "make check     check lint, format, types and layering"
	@echo "make bench     print the seconds per stage of the last run, then run the benchmarks (some minutes)"
	@echo "make clean     remove caches, logs and build folders; keep .venv and data"

audit: $(INSTALLED)
	@$(BIN)/earwitness audit $(ARGS)

test: $(INSTALLED)
	@$(BIN)/python -m pytest -q $(IN_PARALLEL)

test-all: $(INSTALLED)
	@$(BIN)/python -m pytest -q $(IN_PARALLEL) -m "slow or not slow"

check: $(INSTALLED)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q tests/test_layering.py

bench: $(INSTALLED)
	@$(BIN)/python -m flows.bench
	@for room in $(BENCHMARKS); do echo; echo "== $$room"; $(BIN)/python -m tests.benchmarks.$$room || exit; done

clean:
	rm -rf .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	@test -e .git || { echo "earwitness: this folder is not a git clone, and DVC needs one: get the code by 'git clone'" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "earwitness: Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …" >&2; exit 2; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) -c constraints.txt -e '.[dev]'
	@touch $@
