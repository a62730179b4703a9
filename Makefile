# What a person needs: `make demo` to look around, `make run` to use it, `make test` to check it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo run test test-services lint bench messages train-demo-model clean

demo: $(VENV)/.installed
	@CLIP_MODEL=demo $(BIN)/python manage.py demo
	@CLIP_MODEL=demo exec $(BIN)/python manage.py serve

run: $(VENV)/.installed
	@exec $(BIN)/python manage.py serve

test: $(VENV)/.installed-dev
	$(BIN)/pytest

test-services: $(VENV)/.installed-dev
	$(BIN)/python -m tests.with_services

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	HTTPS=true $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: $(VENV)/.installed-dev
	$(BIN)/python -m tests.benchmarks.indexing
	$(BIN)/python -m tests.benchmarks.filters
	$(BIN)/python -m tests.benchmarks.searching
	$(BIN)/python -m tests.benchmarks.visibility
	$(BIN)/python -m tests.benchmarks.relevance
	$(BIN)/python -m tests.benchmarks.composing

# Brings the Russian catalogue up to date with the sources; needs GNU gettext (apt-get install gettext). Then translate
# what is empty or fuzzy: the tests name it. Nothing is to be compiled.
messages: $(VENV)/.installed
	$(BIN)/python manage.py makemessages --locale ru --no-obsolete --add-location file \
		--ignore $(VENV) --ignore var --ignore tests --ignore "collections_app/demo/*"
	@sed -i '/^"POT-Creation-Date/d' collections_app/locale/ru/LC_MESSAGES/django.po

train-demo-model: $(VENV)/.installed
	$(BIN)/python -m collections_app.demo.train --out collections_app/demo/model --minutes 65

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
