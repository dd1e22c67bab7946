# Stage 10, Fine-Tuning. `make help` lists every command; `make site` and `make test` are the two that matter.
SHELL := /bin/sh
.DEFAULT_GOAL := help
export PYTHONPATH := $(CURDIR)
# Relative, since a checkout may lie in a folder whose name has spaces or quotes.
VENV_PYTHON := .venv/bin/python
SETUP = python=$$(sh overrides/build/find_python.sh) && "$$python" overrides/build/setup.py
NEWEST_PYTHON := .venv-newest/bin/python
# Nothing is skipped. Two processes share the tests, and the one that is done takes over half of what the other has
# left. Those of the page run by themselves: Playwright's loop would be in the way of tests that start one.
WHOLE = --nothing-left-out
TWO = --numprocesses=2 --dist=worksteal
all-tests = $(1) -m pytest tests --ignore=tests/site $(2) $(WHOLE) $(TWO); rest=$$?; $(1) -m pytest tests/site $(2) $(WHOLE) $(TWO) && exit $$rest
SLUG ?= lora
PARAMS ?= {}
CONFIG ?= training/configs/sft/smollm2_orders.yaml

.PHONY: help site site-build test test-fast test-long test-newest gpu gpu-vllm train lab goldens bench-site bench-pages bench-train bench-7b records adapters runtime-from-source lint clean

help: ## list the commands
	@echo "Stage 10, Fine-Tuning: make COMMAND"
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'
	@echo "PORT=8001 make site serves elsewhere; STAGE10_CACHE=DIR moves the downloads; STAGE10_OFFLINE=1 never reaches out."

site: ## set everything up, build strictly, serve at http://127.0.0.1:8000
	@$(SETUP) --port site
	@$(VENV_PYTHON) overrides/build/site.py
	@exec $(VENV_PYTHON) overrides/build/serve.py

site-build: ## write site/ and stop
	@$(SETUP) site
	@$(VENV_PYTHON) overrides/build/site.py

test: ## set up what the tests need (Chromium, torch, the bundled model), build the site, run all tests
	@$(SETUP) site test train browser model
	@$(VENV_PYTHON) overrides/build/site.py
	@$(call all-tests,$(VENV_PYTHON))

test-long: ## what make test runs a sample of, in full; the labs in Firefox and WebKit, too
	@$(SETUP) site test train browser engines model
	@$(VENV_PYTHON) overrides/build/site.py
	@export STAGE10_EFFORT=full; $(call all-tests,$(VENV_PYTHON),-m "long or sampled")

test-newest: ## all tests with the newest releases of what is pinned, in an environment of its own
	@$(SETUP) site test train browser model
	@$(VENV_PYTHON) overrides/build/newest.py
	@$(NEWEST_PYTHON) overrides/build/site.py --out .venv-newest/site
	@export STAGE10_SITE="$$PWD/.venv-newest/site"; $(call all-tests,$(NEWEST_PYTHON))

test-fast: ## the tests that need neither torch nor a browser
	@$(SETUP) site test
	@$(VENV_PYTHON) -m pytest tests/unit tests/docs tests/repo

gpu: ## on an NVIDIA card: DeepSpeed beside the rest, for runs across GPUs
	@$(SETUP) train
	@$(VENV_PYTHON) overrides/build/gpu.py deepspeed

gpu-vllm: ## on an NVIDIA card: an environment of its own, .venv-vllm, in which vLLM writes the answers
	@$(SETUP) train
	@$(VENV_PYTHON) overrides/build/gpu.py vllm

train: ## fine-tune the bundled 135M model on a laptop: data, probe, SFT, evaluation, gate, report
	@$(SETUP) train
	@$(VENV_PYTHON) -m training train --config $(CONFIG)

lab: ## print a lab's last frame as JSON: make -s lab SLUG=lora PARAMS='{"rank": 4}'
	@$(SETUP) site
	@$(VENV_PYTHON) overrides/build/lab.py '$(SLUG)' '$(PARAMS)'

goldens: ## record each lab's SPEC and default frame in docs/data/labs
	@$(SETUP) site
	@$(VENV_PYTHON) overrides/build/goldens.py

bench-site: ## start-up, bytes, slider latency and Lighthouse against the budgets, in one go
	@$(SETUP) site test browser
	@$(VENV_PYTHON) overrides/build/site.py
	@$(VENV_PYTHON) tests/bench/site.py

bench-pages: ## Lighthouse's performance on a phone for every page: make bench-pages PAGES="labs/lora/ runs/"
	@$(SETUP) site test browser
	@$(VENV_PYTHON) overrides/build/site.py
	@$(VENV_PYTHON) tests/bench/every_page.py $(PAGES)

bench-train: ## our SFT step against stock TRL, alternately in one process
	@$(SETUP) train
	@$(VENV_PYTHON) tests/bench/train.py

bench-7b: ## a step of a 7B of random weights on one GPU: LoRA, QLoRA and full, stock TRL against ours
	@$(SETUP) train
	@$(VENV_PYTHON) tests/bench/seven_billion.py

records: ## run (or go on with) the recorded training runs behind the pages' figures
	@$(SETUP) train
	@$(VENV_PYTHON) -m training records

adapters: ## small files of the ladder's adapters that lie in runs/, for the page of the real model
	@$(SETUP) train
	@$(VENV_PYTHON) -m training.site_records.ladder_adapters

runtime-from-source: ## rebuild numpy for the browser with pyodide-build (Python 3.12+, network)
	@$(SETUP) site
	@$(VENV_PYTHON) overrides/build/runtime_from_source.py

lint: ## ruff, format included, and the type checker
	@$(SETUP) test
	@$(VENV_PYTHON) -m ruff check . && $(VENV_PYTHON) -m ruff format --check . && .venv/bin/pyrefly check --python-interpreter-path $(VENV_PYTHON)

clean: ## remove what was built (site/, caches of tools); the set-up and the downloads stay
	@rm -rf site .pytest_cache .ruff_cache .hypothesis dist
