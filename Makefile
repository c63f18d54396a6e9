# Everything runs in .venv, which the first target that needs it makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXPERIMENTS := $(notdir $(patsubst %/run.py,%,$(wildcard experiments/*/run.py)))

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types contract notebooks notebooks-update experiments experiments-update bench validation wheel clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 28

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(READY)

demo: $(READY)  ## an hour of chat traffic on one H100: table, JSON, dashboard in out/demo
	$(BIN)/infersim run experiments/first_light/chat.yaml --out out/demo

test: $(READY)  ## all tests
	$(BIN)/python -m pytest -n 2

check: lint types contract test  ## lint, types, import contract, tests: under a minute

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contract: $(READY)
	$(BIN)/lint-imports --no-cache

notebooks: $(READY)  ## run the notebooks
	$(BIN)/python -m pytest --nbmake notebooks

notebooks-update: $(READY)  ## make the notebooks again, from the .py beside them, with their outputs
	for each in notebooks/*.py; do $(BIN)/jupytext --quiet --to ipynb $$each || exit 1; done
	$(BIN)/python -m pytest --nbmake --overwrite notebooks

experiments: $(READY)  ## run the experiments again: fails when a committed number has moved outside its interval
	for each in $(EXPERIMENTS); do $(BIN)/python experiments/$$each/run.py out/experiments/$$each || exit 1; done
	$(BIN)/python -m experiments.check out/experiments

experiments-update: $(READY)  ## make the experiments' committed tables and pictures again
	for each in $(EXPERIMENTS); do $(BIN)/python experiments/$$each/run.py || exit 1; done

bench: $(READY)  ## speed as ratios against bare SimPy, start-up times, what a sweep costs
	$(BIN)/python -m benchmarks

validation: $(READY)  ## docs/validation.md from a folder of measured runs: make validation TABLES=FOLDER
	$(BIN)/python -m infersim.validate.page docs $(TABLES)

wheel: $(READY)  ## build the wheel into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:  ## remove what the targets made
	rm -rf $(VENV) build dist out
