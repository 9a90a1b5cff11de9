# `make run` and `make test` are all that a newcomer needs; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUDIO := .venv-studio
OTHERS := .bench-venv
UV_VERSION := 0.13.8
UV := $(BIN)/uv
DATA ?=
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run studio studio-install test test-all services services-stop up down test-data chaos bench check format lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run ## Install, ingest the sample corpus on the first start, serve on 127.0.0.1:8000 (PORT=N or MULTIDB_PORT: another port)
	@exec $(BIN)/multidb serve $(if $(PORT),--port $(PORT)) --samples

studio: $(STUDIO)/.done ## LangGraph Studio on the data folder, on 127.0.0.1:2024 (PORT=N: another port)
	@exec $(STUDIO)/bin/python -m api.studio.start --port $(PORT)

studio: PORT = 2024

studio-install: $(STUDIO)/.done ## Install what Studio needs, apart from everything else: it is under Elastic-2.0

test: $(VENV)/.dev ## Install what the tests need and run them
	@$(BIN)/pytest -q -n $(JOBS) --dist worksteal

services: $(VENV)/.dev ## Start Redis, PostgreSQL, Cassandra and MongoDB-wire servers without Docker, for tests
	@$(BIN)/python -m tests.services up

services-stop: $(VENV)/.dev ## Stop them; their data and downloads stay in .services
	@$(BIN)/python -m tests.services stop

up: ## Start everything on real servers in Docker: two replicas behind nginx on 127.0.0.1:8000 (needs MULTIDB_SECRET)
	@docker compose up -d --build --wait

down: ## Stop it; the data stays in volumes
	@docker compose down

test-all: services ## Run the tests on the servers too; a test that is skipped is a failure
	@CI=1 MULTIDB_SERVICES=1 $(MAKE) --no-print-directory test

test-data: $(VENV)/.dev ## Run the tests that read third-party data: make test-data DATA=DIR
	@test -n "$(DATA)" || { echo "Say where the data is: make test-data DATA=DIR" >&2; exit 2; }
	@MULTIDB_TEST_DATA="$(abspath $(DATA))" $(BIN)/pytest -q -m data

chaos: $(VENV)/.dev ## Run the long storms; seeds are printed
	@$(BIN)/pytest -q -s -m chaos --timeout 3600

bench: $(VENV)/.dev $(OTHERS)/.done ## Measure on a quiet machine, beside other stores (LARGE=1: 1,000,000 passages too); kept in benchmarks/results
	@for part in search embed ingest start sse serve streams stores checkpoints plot; do $(BIN)/python -m benchmarks.$$part || exit 1; done

check: $(VENV)/.dev ## Format, lint, types, import rules, house rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q tests/test_house.py

format: $(VENV)/.dev ## Format and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

LOCK := $(UV) pip compile pyproject.toml --universal --generate-hashes --no-annotate --no-header -q \
	--no-emit-index-url --no-emit-find-links --override requirements-overrides.txt

lock: $(VENV)/.uv ## Resolve the locks anew from pyproject.toml
	@$(LOCK) -o requirements.txt
	@$(LOCK) --extra dev -c requirements.txt -o requirements-dev.txt
	@sed -E '/^protobuf==/,/[^\\]$$/d' requirements.txt | $(LOCK) --extra studio -c - -o requirements-studio.txt
	@$(subst pyproject.toml,benchmarks/requirements.in,$(LOCK)) -o requirements-bench.txt

clean: ## Remove the environment and caches; the data folder stays
	@rm -rf $(VENV) $(STUDIO) $(OTHERS) .langgraph_api .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is made once its step has succeeded, so that a second start installs nothing.

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
		echo "This needs Python 3.11, 3.12 or 3.13; '$(PYTHON)' is not one. Try: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { rm -rf $(VENV); \
		echo "'$(PYTHON) -m venv' does not work here. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

$(VENV)/.run: $(VENV)/.uv requirements.txt
	@echo "Installing from requirements.txt ..."
	@VIRTUAL_ENV=$(VENV) $(UV) pip install -q --require-hashes --no-deps -r requirements.txt
	@$(BIN)/python -m api.launcher
	@touch $@

# The development lock holds the default one, so that either order of `make run` and `make test` ends the same.
$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@echo "Installing from requirements-dev.txt ..."
	@VIRTUAL_ENV=$(VENV) $(UV) pip install -q --require-hashes --no-deps -r requirements-dev.txt
	@touch $@

# An environment of its own: LangGraph's server is under another licence and wants another protobuf.
$(STUDIO)/.done: $(VENV)/.uv requirements-studio.txt
	@echo "Installing from requirements-studio.txt into $(STUDIO) ..."
	@test -x $(STUDIO)/bin/python || $(UV) venv -q --python $(BIN)/python $(STUDIO)
	@VIRTUAL_ENV=$(STUDIO) $(UV) pip install -q --require-hashes --no-deps -r requirements-studio.txt
	@touch $@

$(OTHERS)/.done: $(VENV)/.uv requirements-bench.txt
	@echo "Installing from requirements-bench.txt into $(OTHERS) ..."
	@test -x $(OTHERS)/bin/python || $(UV) venv -q --python $(BIN)/python $(OTHERS)
	@VIRTUAL_ENV=$(OTHERS) $(UV) pip install -q --require-hashes --no-deps -r requirements-bench.txt
	@touch $@
