# Everything starts here. Each target does its own set-up; the second time that costs less than a second.
#
#   make demo     the story on real servers, then live until Ctrl-C (ONCE=1: ends after the story;
#                 SOURCE=exchange: with a scripted Exchange instead of a Radicale)
#   make test     unit, contract and system tests
#   make soak     the long ones, on Asterisk 16.28 too
#   make bench    speed, as build/bench.json
#   make screenshots  the pictures of the portal in the README
#   make check    style, types, layers and the house's own rules
#   make lock     pin the dependencies anew from pyproject.toml
#   make clean    remove all that was generated

SHELL := /bin/bash
PYTHON := .venv/bin/python
# tests start hundreds of processes: what Python has compiled once is kept, whatever the machine's own habit is
unexport PYTHONDONTWRITEBYTECODE

PIN := build/lock/bin/uv --no-config pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

# Calls wait more than they work, so there are seven runs, six of them at a time, each with servers of its own.
UNITS := tests/unit
PORTAL := $(wildcard tests/system/test_portal*.py)
PORTS := tests/contract $(PORTAL)
CONFERENCES := $(wildcard tests/system/test_conference*.py tests/system/dialplan/test_conference*.py)
MEETINGS := $(foreach part,autocall changes commands told,tests/system/test_conference_$(part).py)
ROOMS := $(filter-out $(MEETINGS),$(CONFERENCES))
CALLS := tests/system/dialplan $(patsubst %,--ignore=%,$(CONFERENCES))
HANDS := $(wildcard tests/system/test_by_hand*.py)
WHOLE := tests/system --ignore=tests/system/dialplan $(patsubst %,--ignore=%,$(CONFERENCES) $(HANDS) $(PORTAL))
ALL := $(MAKE) --no-print-directory -j6 whole calls hands meetings units rooms ports

.PHONY: demo screenshots test soak units ports calls meetings rooms hands whole bench check lock clean

demo:
	@docker/setup.sh python debian asterisk-22
	@SOURCE=$(SOURCE) ONCE=$(ONCE) BREAK=$(BREAK) $(PYTHON) -m demo

test:
	@docker/setup.sh python debian browser asterisk-22
	@$(ALL) WHICH="not soak and not bench"

soak:
	@docker/setup.sh python debian browser davmail samba atheris asterisk-22 asterisk-16
	@$(ALL) WHICH=soak

units:
	@set -o pipefail; $(PYTHON) -m pytest -m "$(WHICH)" $(UNITS) | sed -u 's/^/units  /'

ports:
	@set -o pipefail; $(PYTHON) -m pytest -m "$(WHICH)" $(PORTS) | sed -u 's/^/ports  /'

calls:
	@set -o pipefail; $(PYTHON) -m pytest -m "$(WHICH)" $(CALLS) | sed -u 's/^/calls  /'

meetings:
	@set -o pipefail; $(PYTHON) -m pytest -m "$(WHICH)" $(MEETINGS) | sed -u 's/^/meetings  /'

rooms:
	@set -o pipefail; $(PYTHON) -m pytest -m "$(WHICH)" $(ROOMS) | sed -u 's/^/rooms  /'

hands:
	@set -o pipefail; $(PYTHON) -m pytest -m "$(WHICH)" $(HANDS) | sed -u 's/^/hands  /'

whole:
	@set -o pipefail; $(PYTHON) -m pytest -m "$(WHICH)" $(WHOLE) | sed -u 's/^/whole  /'

bench:
	@docker/setup.sh python debian asterisk-22
	@$(PYTHON) -m tests.bench

screenshots:
	@docker/setup.sh python browser
	@$(PYTHON) -m demo.screenshots

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
