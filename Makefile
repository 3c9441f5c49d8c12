# Fairlead. On a fresh Debian 12 as root, `make demo` and `make test` install what they need; see `make help`.
.DEFAULT_GOAL := help
SHELL := /bin/bash
GROUND := packaging/ground
PYTHON := .venv/bin/python3
ARGS ?=
SWEEP_RESULTS ?= sweep-results.jsonl

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## play the main job on real containers, then serve; ARGS="--exit --json out.json" ends instead
	@$(GROUND)/packages.sh
	@$(GROUND)/venv.sh
	@$(GROUND)/with-dockerd.sh $(GROUND)/with-images.sh busybox python postgres -- $(PYTHON) examples/demo $(ARGS)

.PHONY: test
test: ## all tests, with a real Docker engine, HAProxy, registry, PostgreSQL and browser; ARGS go to pytest, WORKERS run them
	@$(GROUND)/packages.sh --tests
	@$(GROUND)/venv.sh --tests
	@$(GROUND)/with-dockerd.sh $(GROUND)/with-images.sh busybox python postgres -- $(GROUND)/pytest.sh $(ARGS)

.PHONY: check
check: ## types, lint, imports, tidiness
	@$(GROUND)/venv.sh --tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache --config .importlinter
	$(PYTHON) -m pytest -q tests/tidy

.PHONY: format
format: ## put the code into the form that `make check` asks for
	@$(GROUND)/venv.sh --tests
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

.PHONY: reference
reference: ## write the pages of docs/reference that are made from the code
	@$(GROUND)/venv.sh --tests
	$(PYTHON) packaging/reference.py
	FAIRLEAD_WRITE_REFERENCE=1 $(PYTHON) -m pytest -q tests/unit/steps/test_reference.py

.PHONY: bench
bench: ## measure; writes bench/results.json
	@$(GROUND)/packages.sh --bench
	@$(GROUND)/venv.sh --tests
	@$(GROUND)/with-dockerd.sh $(GROUND)/with-images.sh busybox python postgres -- $(PYTHON) bench/run.py $(ARGS)

.PHONY: sweep
sweep: ## kill, fail and disturb every effect of every strategy on the real engine (hours); ARGS="--shard 1/4 --seed 7"
	@$(GROUND)/packages.sh --tests
	@$(GROUND)/venv.sh --tests
	@$(GROUND)/with-dockerd.sh $(PYTHON) -m fairlead.testing.ground.sweep --results $(SWEEP_RESULTS) $(ARGS)

.PHONY: ground
ground: ## install and start what all of the above need, and keep it: packages, .venv, Docker engine, base images
	@$(GROUND)/packages.sh --tests
	@$(GROUND)/venv.sh --tests
	@$(GROUND)/dockerd-up.sh --keep
	@$(GROUND)/base-images.sh busybox python postgres

.PHONY: clean-ground
clean-ground: ## remove .venv and the base images, and end the Docker engine if we started it; packages stay
	@$(GROUND)/clean.sh
