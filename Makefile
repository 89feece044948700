# Everything starts here. Each target does its own set-up; the second time that costs less than a second.
#
#   make demo     the story on real servers, then live until Ctrl-C (ONCE=1: ends after the story)
#   make test     unit, contract and system tests
#   make soak     the long ones, on Asterisk 16.28 too
#   make bench    speed, as build/bench.json
#   make check    style, types, layers and the house's own rules
#   make lock     pin the dependencies anew from pyproject.toml
#   make clean    remove all that was generated

SHELL := /bin/bash
PYTHON := .venv/bin/python

PIN := build/lock/bin/uv --no-config pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

# Tests with calls wait more than they work, so they run beside the others: two runs, each with servers of its own.
CALLS := tests/unit tests/system/dialplan
OTHERS := tests/contract tests/system --ignore=tests/system/dialplan
BOTH := $(MAKE) --no-print-directory -j2 calls others

.PHONY: demo test soak calls others bench check lock clean

demo:
	@docker/setup.sh python debian asterisk-22
	@ONCE=$(ONCE) BREAK=$(BREAK) $(PYTHON) -m demo

test:
	@docker/setup.sh python debian asterisk-22
	@$(BOTH) WHICH="not soak and not bench"

soak:
	@docker/setup.sh python debian asterisk-22 asterisk-16
	@$(BOTH) WHICH=soak

calls:
	@set -o pipefail; $(PYTHON) -m pytest -m "$(WHICH)" $(CALLS) | sed -u 's/^/calls   /'

others:
	@set -o pipefail; $(PYTHON) -m pytest -m "$(WHICH)" $(OTHERS) | sed -u 's/^/others  /'

bench:
	@docker/setup.sh python debian asterisk-22
	@$(PYTHON) -m tests.bench

check:
	@docker/setup.sh python
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check
	@.venv/bin/mypy $(wildcard gateway peers demo tests)
	@.venv/bin/lint-imports
	@$(PYTHON) -m pytest -q tests/unit/test_house*.py

lock:
	@docker/setup.sh python
	$(PYTHON) -m venv build/lock
	build/lock/bin/pip install -q uv
	$(PIN) pyproject.toml -o requirements/runtime.txt
	$(PIN) --group pyproject.toml:dev -c requirements/runtime.txt -o requirements/dev.txt

clean:
	rm -rf .venv .servers build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
