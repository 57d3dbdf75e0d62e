# Two commands matter: `make start` opens the studio, `make test` proves it. Both install what they need into .venv.
PYTHON ?= python3
PIP_ARGS ?=
BIN := .venv/bin

.PHONY: install start test bench lint clean

start: install
	@$(BIN)/modelwright start

install: .venv/.built .venv/.compiled

# What every event of a journal runs through, as machine code where there is a C compiler.
LEARNER := src/modelwright/learner
.venv/.compiled: .venv/.studio $(LEARNER)/compiling.py $(LEARNER)/compiled.py $(patsubst %,$(LEARNER)/%.py,fsrs traces recall filtering folding)
	@$(BIN)/python -m modelwright.learner.compiling
	@touch $@

# What pages are made of: their scripts, styles and fonts, and the lessons' figures.
.venv/.built: .venv/.studio $(shell find curriculum -name '*.md') $(shell find src/modelwright/web/ui -type f -not -path '*/node_modules/*' -not -path '*/build/*')
	@$(BIN)/python -m modelwright.web.assets
	@$(BIN)/modelwright course build --figures
	@touch $@

# The constraints file pins every version. PyTorch comes first, so that PIP_ARGS may name an index with its CPU builds.
.venv/.studio: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Modelwright needs Python 3.11 or newer, and '$(PYTHON)' is older. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into .venv. This happens once, and takes a few minutes."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt $(PIP_ARGS) torch
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt $(PIP_ARGS) --editable ".[build]"
	@touch $@

.venv/.dev: .venv/.studio
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt $(PIP_ARGS) --editable ".[dev]"
	@touch $@

# What tests use of what is installed when it is needed: the small groups; bench/groups.py tries the large ones. What cannot be had is said,
# and its tests are skipped.
TESTED := keras nlp data distributed rl finetuning
.venv/.groups: .venv/.dev src/modelwright/groups/groups.toml
	@missing=; for group in $(TESTED); do \
	  MODELWRIGHT_PIP_ARGS="$(PIP_ARGS)" $(BIN)/modelwright prepare $$group --yes || missing=1; \
	done; if [ -z "$$missing" ]; then touch $@; fi

# Tests drive a real browser: the system's where there is one, Debian's by apt-get, else Playwright's own.
.venv/.browser: .venv/.dev
	@command -v chromium chromium-browser google-chrome >/dev/null || \
	  { command -v apt-get >/dev/null && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; } || \
	  $(BIN)/python -m playwright install chromium
	@touch $@

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Two tests at a time, of different files, and one thread a process: threads that wait for each other on a busy machine wait long.
test: lint install .venv/.groups .venv/.browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

bench: install .venv/.dev
	$(BIN)/python bench/all.py

clean:
	rm -rf .venv build dist
