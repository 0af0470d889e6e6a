# Two commands: `make install` prepares, `make run` also starts. `make test` is the whole check.
# By hand (Windows too): see README.md.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501
FRONTENDS := $(wildcard builder/ui/*/frontend)
FRONTEND_FILES := $(shell find $(FRONTENDS) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

PIP = PYTHONUNBUFFERED=1 $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off
# Of all that pip says: a line for each package that is fetched, and when they are unpacked.
TELL = while read -r word file rest; do \
	  if [ "$$word $$file" = "Using cached" ]; then word=Downloading; file=$${rest%% *}; rest=$${rest\#* }; fi; \
	  case "$$word $$file" in \
	    Downloading*.metadata) ;; \
	    Downloading*) file=$${file\#\#*/}; name=$${file%%-*}; file=$${file\#*-}; \
	      echo "    $$name $${file%%-*} $$rest" ;; \
	    Installing*) set -- $$rest; echo "    unpacking $$(($$\# - 1)) packages …" ;; \
	    failed*) exit 1 ;; \
	  esac; \
	done

# Its warnings (of places it passes over, of its own version) are left out; errors and tries again stay.
FETCH = { { { $(PIP) --require-hashes -r $(1) || echo failed; } 2>&1 >&3 3>&- \
	  | sed -e '/^WARNING: Retrying/b' -e '/^WARNING:/d' -e '/^DEPRECATION:/d' >&2; } 3>&1 | $(TELL); }

.PHONY: install run test lint types unit frontend-test journeys lock shots figures soak clean
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo "make install   prepare everything (Python 3.11 or newer is all it needs)"
	@echo "make run       prepare, then open Lamina on http://127.0.0.1:$(PORT)"
	@echo "make test      lint, types, import contracts, unit tests, pages, front end, journeys in Chromium"

install: $(VENV)/.front-ends
	@echo "Lamina is ready. Start it with: make run"

run: $(VENV)/.front-ends
	@$(BIN)/lamina app --port $(PORT)

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || \
	  { echo "Lamina needs Python 3.11 to 3.14; '$(PYTHON)' is another. Try: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "1/4 Making $(VENV) …"
	@$(PYTHON) -m venv $(VENV) && touch $@

$(VENV)/.locked: $(VENV)/.created requirements.lock
	@echo "2/4 Installing the locked packages (PyTorch is large; this takes some minutes the first time) …"
	@$(call FETCH,requirements.lock)
	@touch $@

$(VENV)/.package: $(VENV)/.locked pyproject.toml hatch_build.py
	@echo "3/4 Installing Lamina itself …"
	@$(BIN)/python -m pip install --disable-pip-version-check -qq --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.front-ends: $(VENV)/.package $(FRONTEND_FILES)
	@echo "4/4 Building the canvas and the live curves …"
	@$(BIN)/python hatch_build.py && touch $@

$(VENV)/.dev: $(VENV)/.front-ends requirements-dev.lock
	@echo "Installing what the tests need …"
	@$(call FETCH,requirements-dev.lock)
	@touch $@

test: lint types unit frontend-test journeys
	@echo "make test: all checks passed."

lint: $(VENV)/.dev
	@echo "== lint and import contracts"
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports --no-cache

types: $(VENV)/.dev
	@echo "== types"
	@$(BIN)/mypy

unit: $(VENV)/.dev
	@echo "== unit tests and pages"
	@$(BIN)/pytest -m "not journey" -n 2 --dist loadfile

frontend-test: $(VENV)/.dev
	@echo "== front ends"
	@$(BIN)/python hatch_build.py test

journeys: $(VENV)/.dev
	@echo "== journeys in Chromium"
	@$(BIN)/python tests/journeys/browser.py
	@$(BIN)/pytest -m journey tests/journeys

lock:
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --python-version 3.11 pyproject.toml --group build -o requirements.lock
	uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  --python-version 3.11 -c requirements.lock --group test -o requirements-dev.lock

shots: $(VENV)/.dev
	@$(BIN)/python tests/journeys/shots.py

figures: $(VENV)/.dev
	@$(BIN)/python benchmarks/figures.py

soak: $(VENV)/.dev
	@OMP_NUM_THREADS=1 $(BIN)/python benchmarks/soak.py --kills 50

clean:
	rm -rf $(VENV) builder/ui/*/frontend/dist builder/ui/*/frontend/node_modules
