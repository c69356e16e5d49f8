# What one types here; `make help` lists it. The .venv builds itself and is renewed when the pins change.

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
PHP := integrations/woocommerce/plugin
KILLS ?= 200
SEED ?= $(shell date +%s)

.DEFAULT_GOAL := help
.PHONY: help run test lint plugin bench torture screenshots spamcheck themecheck

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY) ## start web and worker on PORT (8000); Ctrl-C ends both
	@KONTOR_ENV=$${KONTOR_ENV:-development} exec $(PY) app.py run

test: $(READY) ## run the whole suite; PYTEST_ARGS="tests/flows -k cart" runs less
	@$(PY) -m pytest $(PYTEST_ARGS)

lint: $(READY) ## check style, types and import rules
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --check --quiet .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports --no-logo
	@if command -v php > /dev/null; then \
	  find $(PHP) -name '*.php' -print0 | xargs -0 -n1 php -d display_errors=stderr -l > /dev/null; \
	else echo "Left out: PHP's own check of the plugin, no PHP found."; fi
	@if command -v phpcs > /dev/null; then phpcs -q --standard=$(PHP)/standard/Kontor --extensions=php $(PHP); \
	else echo "Left out: the plugin's style, no php-codesniffer found."; fi

plugin: $(READY) ## pack the WordPress plugin into var/kontor.zip, for the Kontor at ADDRESS where one is given
	@$(PY) -m integrations.woocommerce.plugin.pack $(ADDRESS)

bench: $(READY) ## measure against the floors; exits 1 naming each goal missed
	@$(PY) -m bench

torture: $(READY) ## kill workers KILLS times (200) with the dice of SEED
	@$(PY) -m tests.torture --kills $(KILLS) --seed $(SEED)

spamcheck: $(READY) ## have SpamAssassin judge the default mails
	@$(PY) -m tests.spamcheck

themecheck: $(READY) ## have Shopify's theme check judge the theme block
	@$(PY) -m tests.themecheck

screenshots: $(READY) ## take pictures of every page and every mail
	@$(PY) -m tests.screenshots

$(READY): requirements.txt requirements-dev.txt
	@for python in python3.13 python3.12 python3.11 python3; do \
	  if command -v $$python > /dev/null && \
	     $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then \
	    found=$$python; break; \
	  fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Kontor needs Python 3.11 or newer with its venv module (Debian: apt-get install python3-venv)." >&2; \
	  exit 1; \
	fi; \
	if [ ! -x $(PY) ]; then echo "Building $(VENV) with $$found ..."; $$found -m venv $(VENV); fi
	@$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements-dev.txt
	@touch $@
