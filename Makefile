# maildesk. Each target does all of its own set-up: a Python environment in .venv, and for the tests the servers they use.
#
#   make demo        a helpdesk at work, in one process, nothing to configure
#   make test        everything: packages, linters, types, all tests with real servers
#   make test-fast   the tests that start no server, no program and no database, nor feed in hostile mails
#   make fidelity    how well mails of the wild are read, beside other programs (CORPUS=folder of mails and expectations)
#   make fuzz        damaged mails by the ten thousand (MINUTES=10, CORPUS=folder of mails)
#   make lint        ruff and mypy
#   make venv        only the environment

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Where these are set, every process compiles every module anew, and every dot of pytest is written by itself.
unexport PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED

VENV := .venv
BIN := $(VENV)/bin
# A worker a core; the tests of a file stay together, so that they share what they start.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --dist loadfile
DEMO := $(VENV)/.demo-is-installed
TEST := $(VENV)/.test-is-installed

# The first Python that is new enough; PYTHON=/path/to/python3.12 chooses another one.
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 /usr/bin/python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)

# What the tests start: IMAP and LMTP, SMTP, PostgreSQL; openssl makes certificates, systemd checks the unit (with procps:
# it names /bin/kill).
PACKAGES := dovecot-imapd dovecot-lmtpd postfix postgresql openssl systemd procps
APT := DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-unsafe-io

.PHONY: help demo test test-fast fidelity fuzz lint venv packages clean

help:
	@sed -n 's/^#   //p' Makefile

demo: $(DEMO)
	@$(BIN)/maildesk demo

# The servers and the Python packages come in at the same time.
test: | $(BIN)/python
	@$(MAKE) -j2 packages $(TEST)
	@$(MAKE) lint
	$(PYTEST)

test-fast: $(TEST)
	$(PYTEST) $(addprefix --ignore=tests/,cli daemon demo faults fuzz scenes store) \
		-m "not servers and not faults and not program and not hostile"

fidelity: $(TEST)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@$(BIN)/python tests/bench/fidelity.py $(if $(CORPUS),--corpus "$(CORPUS)")

MINUTES ?= 10
fuzz: $(TEST)
	@$(BIN)/python tests/fuzz/long.py --minutes $(MINUTES) $(if $(CORPUS),--corpus "$(CORPUS)")

lint: $(TEST)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

venv: $(TEST)

# --- the environment ---

$(BIN)/python:
	@if [ -z "$(PYTHON)" ]; then \
		echo "maildesk needs Python 3.11 or newer, and this machine has: $$(python3 --version 2>&1 || echo none)." >&2; \
		echo "Install one (Debian 12: apt-get install python3 python3-venv), or say make PYTHON=/path/to/python3.11" >&2; \
		exit 1; \
	fi
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then $(MAKE) install-debian WANTED=python3-venv; \
		else echo "$(PYTHON) lacks the module venv: apt-get install python3-venv" >&2; exit 1; fi; \
	fi
	@$(PYTHON) -m venv $(VENV)

$(DEMO): pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $@

$(TEST): pyproject.toml | $(BIN)/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $(DEMO) $@

# --- the servers ---

packages:
	@wanted=""; \
	if ! command -v dpkg-query >/dev/null; then \
		echo "No Debian here: the tests expect to find Dovecot, Postfix, PostgreSQL, openssl and systemd-analyze."; exit 0; \
	fi; \
	for package in $(PACKAGES); do \
		dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'install ok installed' || wanted="$$wanted $$package"; \
	done; \
	if [ -z "$$wanted" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ]; then \
		echo "The tests need:$$wanted" >&2; \
		echo "As root: apt-get install -y --no-install-recommends$$wanted (or make packages)" >&2; \
		echo "Without them: make test-fast" >&2; \
		exit 1; \
	fi; \
	$(MAKE) install-debian WANTED="$$wanted"

# No package starts its service: for the time of the installation policy-rc.d forbids it, unless somebody else does.
.PHONY: install-debian
install-debian:
	@echo "installing $(strip $(WANTED))"; \
	policy=/usr/sbin/policy-rc.d; \
	if [ ! -e $$policy ]; then \
		printf '#!/bin/sh\nexit 101\n' > $$policy; chmod 755 $$policy; trap "rm -f $$policy" EXIT; \
	fi; \
	echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections 2>/dev/null || true; \
	get() { $(APT) install -y --no-install-recommends $(WANTED) >/dev/null; }; \
	get 2>/dev/null || { $(APT) update && get; }

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
