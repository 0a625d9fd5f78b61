# The project's commands. `make help` lists them.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed-run
TEST_STAMP := $(VENV)/.installed-test
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links pyproject.toml --extra relay --group run

.PHONY: help demo test lint docs campaign bench lock clean

help: ## list these commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1	/' | expand -t 18

demo: $(RUN_STAMP) ## install what the product needs and run the main job on this machine
	@$(BIN)/liaison demo

test: lint docs ## install what the tests need, check everything, run every test
	@$(BIN)/python -m pytest -n 2 --cov --cov-report=term < /dev/null

lint: $(TEST_STAMP) ## style, types and import contracts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

docs: $(TEST_STAMP) ## build the documentation; a warning is an error
	@$(BIN)/sphinx-build -q -W --keep-going -n -b html docs docs/_build/html
	@echo "documentation: docs/_build/html/index.html"

campaign: $(TEST_STAMP) ## every property of `make test`, searched far longer
	@$(BIN)/python -m pytest -n 2 -m hypothesis --hypothesis-profile=campaign < /dev/null

bench: $(TEST_STAMP) ## the benchmarks, in their short form
	@$(BIN)/python -m benchmarks.capsule --quick
	@$(BIN)/python -m benchmarks.labels --quick

lock: ## choose the newest dependencies again and write requirements/*.txt
	@uv=$$(command -v uv || command -v $(BIN)/uv) || { \
	  echo "make lock needs uv; install it with: $(PYTHON) -m pip install uv" >&2; exit 1; }; \
	set -e; \
	"$$uv" $(LOCK) --upgrade -o requirements/run.txt > /dev/null; \
	"$$uv" $(LOCK) --upgrade --group test -c requirements/run.txt -o requirements/test.txt > /dev/null

clean: ## remove everything that these commands made
	rm -rf $(VENV) docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache .coverage .coverage.* build dist

# --- installation: a stamp file per lock, so that a second run installs nothing ---------------

$(BIN)/python:
	@command -v $(PYTHON) > /dev/null || { \
	  echo "$(PYTHON) was not found; on Debian: sudo apt install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; on Debian: sudo apt install python3.11 python3.11-venv," >&2; \
	  echo "then: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { \
	  echo "$(PYTHON) cannot make environments; on Debian: sudo apt install python3-venv" >&2; exit 1; }
	@echo "making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "installing the locked dependencies"
	@$(PIP) install --quiet --require-hashes -r requirements/run.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(TEST_STAMP): requirements/test.txt $(RUN_STAMP) | $(BIN)/python
	@echo "installing what the tests need"
	@$(PIP) install --quiet --require-hashes -r requirements/test.txt
	@touch $@
