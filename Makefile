# `make demo` shows the site, `make run` serves it, `make test` tests it; `make help` lists all targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Left out of the fast tests, beside browser, server and processes: training, random histories, whole tables of rights,
# and a library of 50,000 pictures.
SLOW := tests/demo tests/permissions tests/services/test_histories.py tests/views/sharing/test_revoking.py tests/views/test_query_plans.py
FAST := -m "not browser and not server and not process" $(addprefix --ignore=,$(SLOW))

.PHONY: help demo .demo-time run test test-fast test-services test-load image-test coverage lint format bench messages train-demo-model clean

# Lists the targets.
help:
	@awk '/^# / && !about { about = substr($$0, 3) } /^$$/ { about = "" } \
		/^[a-z-]+:/ && about { sub(":.*", ""); printf "%-18s %s\n", $$0, about; about = "" }' Makefile

# Serves the demo: drawn pictures, two accounts, a small model. Needs no model hub.
demo: .demo-time $(VENV)/.installed
	@CLIP_MODEL=demo $(BIN)/python manage.py demo
	@CLIP_MODEL=demo EMAIL_TO_CONSOLE=$${EMAIL_TO_CONSOLE:-$$([ -n "$$EMAIL_HOST$$EMAIL_HOST_FILE" ] || echo true)} \
		exec $(BIN)/python manage.py serve

.demo-time:
	@echo "The first run takes about two minutes on two cores, and longer if packages have to be downloaded."

# Serves the site with the model that CLIP_MODEL names.
run: $(VENV)/.installed
	@exec $(BIN)/python manage.py serve

# Runs all tests.
test: $(VENV)/.installed-dev
	$(BIN)/pytest

# Runs the fast tests: no browser, no Milvus server, no killed processes.
test-fast: $(VENV)/.installed-dev
	$(BIN)/pytest $(FAST)

# Runs the tests against PostgreSQL, a Milvus server and an S3 server.
test-services: $(VENV)/.installed-dev
	$(BIN)/python -m tests.with_services

# Loads a site for a minute each with 200 slow clients, with large pictures, and with people and backups until it is lost.
# Prints waiting times, memory, and what the restored site has.
test-load: $(VENV)/.installed-dev
	LOAD_SECONDS=60 $(BIN)/pytest -n 0 -s tests/load

# Builds the container image without a registry, starts the site from it and searches; needs root on Debian.
image-test: $(VENV)/.installed-dev
	$(BIN)/python -m tests.image

# Measures how much of the code the fast tests run; writes htmlcov/index.html.
coverage: $(VENV)/.installed-dev
	$(BIN)/pytest $(FAST) --cov --cov-report=html --cov-report=term:skip-covered

# Checks style, spelling, types, migrations and deployment settings; changes nothing.
lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	HTTPS=true TRUSTED_PROXY_COUNT=1 EMAIL_HOST=mail.example.com DATA_DIR=$$(mktemp -d) \
		BACKUP_DIR=/backups BACKUP_AT=03:30 $(BIN)/python manage.py check --deploy --fail-level WARNING

# Formats the code and repairs what ruff can repair.
format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# Runs the shorter benchmarks; docs/development.md lists all.
bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks.indexing
	$(BIN)/python -m tests.benchmarks.encoding
	$(BIN)/python -m tests.benchmarks.filters
	$(BIN)/python -m tests.benchmarks.searching
	$(BIN)/python -m tests.benchmarks.visibility
	$(BIN)/python -m tests.benchmarks.relevance
	$(BIN)/python -m tests.benchmarks.composing

# Update the Russian catalogue from the sources and compile it; needs GNU gettext (apt-get install gettext). The tests
# list sentences that are empty or fuzzy: translate them and run this again. Commit the .po and the .mo together.
messages: $(VENV)/.installed
	$(BIN)/python manage.py makemessages --locale ru --no-obsolete --add-location file \
		--ignore $(VENV) --ignore var --ignore tests --ignore "collections_app/demo/*"
	@sed -i '/^"POT-Creation-Date/d' collections_app/locale/ru/LC_MESSAGES/django.po
	@cd collections_app/locale/ru/LC_MESSAGES && msgfmt --check-format -o django.mo django.po

# Trains the demo's model again, for 65 minutes.
train-demo-model: $(VENV)/.installed
	$(BIN)/python -m collections_app.demo.train --out collections_app/demo/model --minutes 65

# Deletes the installed packages.
clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/install-venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(VENV)/bin/python
	@echo "Installing what the site needs into $(VENV), once; this takes some minutes."
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
