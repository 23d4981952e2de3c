# The two commands are make bench and make test. Each creates .venv first if it is missing or out of date.
# PYTHON names the interpreter for .venv; by default it is the first of these that is new enough.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
PLUGINS := $(wildcard plugins/*/pyproject.toml)
# PyTorch, which pslbench-timm depends on, would bring gigabytes of libraries for GPUs.
LOCKED := $(filter-out plugins/pslbench-timm/%,$(PLUGINS))
READY := .venv/.ready

.PHONY: bench test lint format perf docs lock

bench: $(READY)
	$(BIN)/pslbench run --all -o results/bench

test: $(READY)
	$(BIN)/pytest tests plugins -n 2

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

perf: $(READY)
	$(BIN)/pytest tests/benchmarks --benchmark-only -p no:xdist

docs: $(READY)
	$(BIN)/python docs/api.py
	$(BIN)/python docs/reference.py
	$(BIN)/sphinx-build -q -W --keep-going docs site
	@echo "open site/index.html"

lock:
	uv pip compile --universal --generate-hashes --python-version 3.11 --extra dev --no-header \
		pyproject.toml $(LOCKED) --no-emit-package pslbench -o requirements.lock

$(READY): requirements.lock pyproject.toml $(PLUGINS)
	@test -n "$(PYTHON)" || { echo "no Python of version 3.11 or later was found; name one: make PYTHON=/path/to/python3"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--config-settings editable_mode=compat -e . $(addprefix -e ./,$(dir $(PLUGINS)))
	@touch $@
