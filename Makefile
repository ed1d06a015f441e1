.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
LOCK := deploy/locks/development.txt
RUNTIME_LOCK := deploy/locks/runtime.txt
NODE_LOCK := deploy/locks/node.txt

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Where Python is told to write no bytecode, as in many containers, an editable package would be compiled at each start.
setup: $(VENV)/.installed ## Make the environment in .venv, nothing else
	@$(BIN)/python -m compileall -q hub connectors/hub_connectors

$(VENV)/.installed: $(LOCK) $(NODE_LOCK) pyproject.toml connectors/pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@command -v node >/dev/null && command -v npm >/dev/null || \
		$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(NODE_LOCK)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e connectors
	@touch $@

browser: setup ## Build the pages' scripts (hub/static/built) when their sources changed
	@$(BIN)/python deploy/building/browser.py

run: browser ## Start the hub on http://127.0.0.1:8000 (PORT=), with the demo county on an empty data folder
	@HUB_PORT=$(PORT) $(BIN)/hub run

test: browser ## Everything: checks and all tests, on a real PostgreSQL and in a real browser
	@tests/install-system-packages
	$(MAKE) check
	$(BIN)/pytest -n 2 --dist loadfile

check: browser ## Lint, types, import contracts, published contracts: the fast half of test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python deploy/building/browser.py check

format: setup ## Put the code into its one form
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

migration: setup ## Draft the next migration from the models: make migration NAME="add ..."
	$(BIN)/hub migration "$(NAME)"

contracts: setup ## Write the published contracts (schemas/openapi.json) from the code
	$(BIN)/python -m hub.contracts schemas

messages: setup ## Bring the English catalogue up to date with the messages in the code; new ones wait empty
	$(BIN)/pybabel --quiet extract --mapping-file pyproject.toml --no-location --omit-header --sort-output \
		--output-file $(VENV)/hub.pot hub
	$(BIN)/pybabel --quiet update --domain hub --locale en --input-file $(VENV)/hub.pot --output-dir hub/locale \
		--no-fuzzy-matching --ignore-obsolete --omit-header --width 120

lock: setup ## Resolve the dependencies anew: versions and hashes, no addresses
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --upgrade --extra postgres pyproject.toml connectors/pyproject.toml tests/requirements.in -o $(LOCK)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --extra postgres --constraint $(LOCK) pyproject.toml connectors/pyproject.toml -o $(RUNTIME_LOCK)

wheels: browser ## Fill dist/offline with all that a machine without a network needs (docs/runbook.md)
	deploy/offline/build dist/offline $(BIN)/python

bench: browser ## Print the measured ratios (NATIONAL=1: at 600,000 villages too)
	$(BIN)/python -m tests.benchmarks $(if $(NATIONAL),--national)

clean: ## Remove the environment and caches; the data folder stays
	rm -rf $(VENV) hub/browser/node_modules hub/static/built .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.PHONY: help setup browser run test check format migration contracts messages lock wheels bench clean
