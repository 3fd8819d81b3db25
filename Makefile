# The commands a developer types; each one is also what CI runs.
PYTHON ?= python3.11
VENV := .venv
PY := $(VENV)/bin/python
ARGS ?=
STAMP := $(VENV)/.installed-from-lock

.PHONY: env up test lint types bench console clean

env: $(STAMP)

$(STAMP): requirements.lock
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked requirements (once, or when requirements.lock changes) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $(STAMP)

console: env
	@$(PY) -m launch.console_build

up: env console
	@exec $(PY) -m ubertruck up $(ARGS)

test: env console
	@$(PY) -m pytest -n auto $(ARGS)

lint: env
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .

types: env
	@$(VENV)/bin/mypy .

bench: env console
	@$(PY) -m ubertruck bench $(ARGS)

clean:
	rm -rf $(VENV) console/node_modules console/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
