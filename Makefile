# Two commands set everything up: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint check-types pytest bench soak site sbom pictures lock clean help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

demo: $(VENV)/.ready ## one morning with invented papers; says what to open
	@$(BIN)/newsletter demo

test: $(VENV)/.ready-dev lint ## everything: linters, types, import contracts, all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.ready-dev ## linters, types and the map of the package
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ready-dev ## measured figures, each beside its baseline in the same run
	$(BIN)/python -m benchmarks

soak: $(VENV)/.ready-dev ## what must hold when things die: about half an hour (Linux; needs strace, smtp-sink, faketime)
	$(BIN)/python -m soak
	$(BIN)/python -m soak.zones
	$(BIN)/python -m soak.memory
	$(BIN)/python -m soak.year
	$(BIN)/python -m soak.retention
	$(BIN)/python -m soak.year --begin 2026-10-01
	$(BIN)/python -m soak.jumps
	$(BIN)/python -m soak.workers

site: $(VENV)/.ready-dev ## the documentation as a site, with strict links: var/site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

sbom: $(VENV)/.ready-dev ## what is in an installation, as CycloneDX: var/sbom.json, the same bytes from the same lock
	@mkdir -p var
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible \
	  --output-format JSON --output-file var/sbom.json

pictures: $(VENV)/.ready-dev ## every kind of email and page, phone and desktop, light and dark: var/pictures; the README's three in docs (needs chromium)
	$(BIN)/python docs/pictures.py

lock: ## the three lock files again (needs uv)
	uv pip compile pyproject.toml --group build --universal --generate-hashes --no-emit-index-url \
	  --no-header --quiet --output-file requirements.lock
	uv pip compile pyproject.toml --group build --extra workers --universal --generate-hashes --no-emit-index-url \
	  --no-header --quiet --constraint requirements.lock --output-file requirements-workers.lock
	uv pip compile pyproject.toml --group build --group dev --extra workers --universal --generate-hashes --no-emit-index-url \
	  --no-header --quiet --constraint requirements.lock --output-file requirements-dev.lock

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

clean: ## remove what was made here; never subscribers.yaml or var/ outside the demo
	rm -rf $(VENV) var/demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
