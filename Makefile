# The two commands that everybody needs: make demo, make test. The rest is for daily work.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo demo-calendars test test-clients test-examples mutants soak lint format docs bench lock wheel sbom audit

help:
	@echo "make demo   watch calsync keep two calendars the same (ARGS=--once to stop after it)"
	@echo "make test   run every test, with branch coverage (ARGS=tests/sync for a part, without coverage)"
	@echo "make test-clients let clients that nobody here wrote use the sandbox"
	@echo "make test-examples let the provider from outside, examples/calsync-caldav, prove itself on real servers"
	@echo "make mutants break one protection of the engine after the other: the simulation must notice each"
	@echo "make soak   let 200 accounts work for half an hour, with faults and restarts (MINUTES=5, ARGS='--seed 2')"
	@echo "make lint   ruff, mypy --strict"
	@echo "make format let ruff format the code"
	@echo "make docs   build the documentation into build/docs; a warning or a dead link ends it"
	@echo "make demo-calendars  play the demo with every real calendar in ../shared, a few minutes (ARGS=FILE.ics, --exchange exchange_ews)"
	@echo "make bench  time calsync against a bare loop with its requests, exchangelib, vdirsyncer, msgraph-sdk and O365, and 10,000 accounts on PostgreSQL (ARGS='reading --rounds 5' for a part)"
	@echo "make wheel  build what is installed on a server, into dist/; make sbom: and say what is in it"
	@echo "make audit  ask whether a pinned package has a known vulnerability"
	@echo "make lock   pin all requirements anew"

# Only what the lock file pins, by hash; the project itself is linked, so edits work at once. The lock file names every
# dependency, so none is looked up: pip before 23.3 would take a newer one where a package asks for an extra.
$(VENV)/.installed: requirements-dev.txt pyproject.toml
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	@$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/.installed
	@$(BIN)/calsync demo $(ARGS)

demo-calendars: $(VENV)/.installed
	@$(BIN)/python benchmarks/demo_calendars.py $(ARGS)

# The tests in a browser use Debian's Chromium, and axe-core from npm. Where one is missing they are skipped, loudly.
AXE := $(if $(shell command -v npm),tests/browser/node_modules/.package-lock.json)

# Coverage is asked of the whole suite only: 100 % of the pure core, 90 % of everything. What works in other processes,
# where nobody would trace it, runs without: tracing takes as long again. So does the simulation, which counts by itself
# what it has seen. Many tests wait for processes and polls, so there are more workers than cores.
UNTRACED := tests/e2e tests/browser tests/benchmarks tests/deploy tests/docs tests/test_tutorial.py tests/test_scaffold.py
test: $(VENV)/.installed $(AXE)
ifdef ARGS
	@$(BIN)/python -m pytest -q -n 2 $(ARGS)
else
	@$(BIN)/python -m pytest -q -n 6 --dist worksteal --cov --cov-report= \
		$(addprefix --ignore=,$(UNTRACED) tests/simulation tests/clients)
	@$(BIN)/python -m pytest -q -n 6 --dist worksteal $(UNTRACED)
	@$(BIN)/python -m tests.simulation --seeds 3000 --jobs 2
	@$(BIN)/python -m tests.simulation --seeds 300 --jobs 2 --store postgresql
	@$(BIN)/python -m pytest -q -n 2 tests/simulation
	@$(BIN)/coverage report --skip-covered --include='calsync/sync/*' --fail-under=100
	@$(BIN)/coverage report --format=total --fail-under=90 > /dev/null || ($(BIN)/coverage report --skip-covered; exit 1)
	@echo "branch coverage: calsync/sync 100 %, everything $$($(BIN)/coverage report --format=total) %"
endif

# Needs Node.js. All clients but exchangelib are installed in environments of their own, by hash.
test-clients: $(VENV)/.installed .venv-clients/.installed tests/clients/node_modules/.package-lock.json
	@$(BIN)/python -m pytest -q tests/clients

# Microsoft's Python client has 200 MB of generated code: it is compiled where it is imported, not all of it here.
.venv-clients/.installed: tests/clients/requirements.txt
	@$(PYTHON) -m venv .venv-clients
	@.venv-clients/bin/pip install --quiet --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes \
		-r $<
	@touch $@

# What stands in examples is built from outside, so it has an environment of its own. Its requirements are pinned by hash.
test-examples: .venv-examples/.installed
	@cd examples/calsync-caldav && ../../.venv-examples/bin/python -m pytest -q $(ARGS)

.venv-examples/.installed: examples/calsync-caldav/requirements.txt examples/calsync-caldav/pyproject.toml pyproject.toml
	@$(PYTHON) -m venv .venv-examples
	@.venv-examples/bin/pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@.venv-examples/bin/pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--editable . --editable examples/calsync-caldav
	@touch $@

tests/%/node_modules/.package-lock.json: tests/%/package-lock.json
	@npm ci --prefix tests/$* --no-audit --no-fund --silent

mutants: $(VENV)/.installed
	@$(BIN)/python -m tests.simulation --mutants

MINUTES ?= 30
soak: $(VENV)/.installed
	@$(BIN)/python -m tests.soak --minutes $(MINUTES) --json dist/soak.json $(ARGS)

lint: $(VENV)/.installed
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@cd examples/calsync-caldav && MYPYPATH=../..:../../plugins ../../$(BIN)/mypy

format: $(VENV)/.installed
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

docs: $(VENV)/.installed
	@$(BIN)/python -m sphinx --fresh-env --fail-on-warning --keep-going --quiet --jobs auto docs build/docs

# Nothing else should run meanwhile; it takes less than ten minutes. What is told at its end is in dist/bench.json, too.
bench: $(VENV)/.installed .venv-clients/.installed
	@$(BIN)/python -m benchmarks $(ARGS)

wheel: $(VENV)/.installed
	@rm -f dist/calsync-*.whl
	@$(BIN)/python -m hatchling build --target wheel --directory dist

# What the wheel needs on a server, by name, version and hash, as CycloneDX.
sbom: wheel .venv-audit/.installed
	@PYTHONWARNINGS=ignore .venv-audit/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
		--output-file dist/calsync.cdx.json deploy/requirements.txt

audit: .venv-audit/.installed
	@.venv-audit/bin/python .ci/audit.py deploy/workers/requirements.txt requirements-dev.txt .ci/requirements.txt

.venv-audit/.installed: .ci/requirements.txt
	@$(PYTHON) -m venv .venv-audit
	@.venv-audit/bin/pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

PIN = $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-index-url \
	--no-emit-find-links --no-emit-trusted-host --no-emit-options

# First all that is worked with; what is shipped, other clients and the audit then take the same versions of it. What
# this Python takes may want a later one than Debian's.
lock: $(VENV)/.installed
	@$(BIN)/pip install --quiet --quiet pip-tools
	@$(PIN) --extra dev --extra sandbox --extra postgres --output-file requirements-dev.txt pyproject.toml
	@$(PIN) --constraint requirements-dev.txt --output-file deploy/requirements.txt pyproject.toml
	@$(PIN) --constraint requirements-dev.txt --extra postgres --output-file deploy/workers/requirements.txt pyproject.toml
	@$(PIN) --constraint requirements-dev.txt --output-file tests/clients/requirements.txt tests/clients/requirements.in
	@$(PIN) --constraint requirements-dev.txt --output-file examples/calsync-caldav/requirements.txt \
		examples/calsync-caldav/requirements.in
	@$(PIN) --constraint requirements-dev.txt --output-file .ci/requirements.txt .ci/requirements.in
	@for file in $$(git ls-files '*requirements*.txt'); do echo "$$file, for the oldest Python"; \
		$(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-deps --require-hashes --dry-run \
			--python-version 3.11.0 --only-binary=:all: --target build/lock --requirement "$$file" || exit 1; done
