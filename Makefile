# `make demo`, `make test` and `make check` each do their own set-up; a second run skips it.

VENV ?= .venv
BIN := $(VENV)/bin
DEMO_PROBLEM ?= examples/problem.md
DEMO_OUTPUT := build/demo/$(basename $(notdir $(DEMO_PROBLEM))).py
PYTEST_ARGS ?=
SOAK_RUNS ?= 100000
INPUTS := pyproject.toml constraints-cpu.txt tools/bootstrap.sh
export VENV PYTHON

.PHONY: help demo test check lint types imports doctests format constraints clean \
	system-demo system-test bench-sandbox soak

help:
	@echo "make demo     install, then solve $(DEMO_PROBLEM) with the built-in model"
	@echo "make test     install the development set and run the whole suite"
	@echo "make check    lint, formatting, types, import rules, doctests"
	@echo "make format   put the code in the project's format"
	@echo "make soak     100,000 runs in the sandbox, and what they leave behind"
	@echo "make clean    remove build/, dist/ and $(VENV)"

demo: $(VENV)/.installed
	@mkdir -p $(dir $(DEMO_OUTPUT))
	$(BIN)/deepcoder solve $(DEMO_PROBLEM) --model nano --seed 1 --force -o $(DEMO_OUTPUT)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest $(PYTEST_ARGS)
	$(BIN)/python -m pytest -m "slow and not gpu" $(PYTEST_ARGS)

check: lint types imports doctests

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

imports: $(VENV)/.installed-dev
	$(BIN)/lint-imports

doctests: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -q --doctest-modules deepcoder_cli quantize finetune tools

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

constraints: $(VENV)/.installed-dev
	$(BIN)/python tools/resolve_constraints.py

soak: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.soak --runs $(SOAK_RUNS)

bench-sandbox: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.sandbox $(BENCH_ARGS)

clean:
	rm -rf build dist $(VENV)

system-demo system-test: system-%:
	@sh tools/system-packages.sh $*

# The development set holds the base set, so the second stamp stands for both.
$(VENV)/.installed: $(INPUTS) | system-demo
	sh tools/bootstrap.sh
	@touch $@

$(VENV)/.installed-dev: $(INPUTS) | system-test
	sh tools/bootstrap.sh dev
	@touch $(VENV)/.installed $@
