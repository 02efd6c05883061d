PYTHON ?= python3
BIN := .venv/bin
DATA ?=

.PHONY: quickstart test audit bench lab lint clean

quickstart: .venv/ready
	$(BIN)/s3ft run examples/quickstart.yaml

test: .venv/ready lint
	OMP_WAIT_POLICY=PASSIVE HF_HUB_OFFLINE=1 $(BIN)/python -m pytest -n 2 --dist loadfile

lint: .venv/ready
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench
	$(BIN)/mypy

audit: .venv/ready
	@if [ ! -d "$(DATA)/judges" ]; then echo "audit skipped: no labelled data in '$(DATA)'; give DATA=FOLDER"; else \
	$(BIN)/python bench/audit_judges.py $(DATA) && $(BIN)/python bench/audit_code.py $(DATA) && \
	$(BIN)/python bench/templates.py $(DATA)/chat_templates; fi

bench: .venv/ready
	for bench in bench/*.py; do echo "$$bench"; $(BIN)/python $$bench $(DATA) || exit 1; done

lab: .venv/ready
	$(BIN)/python -m s3ft.lab.pretrain

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "s3ft needs Python 3.11 or newer, found " + sys.version.split()[0])'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv runs
