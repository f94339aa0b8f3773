# Two commands do all set-up: `make demo` and `make test`. Everything installs into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test thorough kernels check docs bench clean
demo: $(STAMP)
	@$(BIN)/python -m recon demo

# Each of its workers keeps to one thread; `thorough` leaves polars all of them.
test: kernels
	POLARS_MAX_THREADS=1 $(BIN)/python -m pytest -n auto --dist loadfile

thorough: kernels
	$(BIN)/python -m pytest -n auto --dist loadfile --thorough

kernels: $(STAMP)
	$(BIN)/python -m recon warmup --quiet

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

docs: $(STAMP)
	$(BIN)/python -m recon.commands.docs

bench: $(STAMP)
	$(BIN)/pip install --quiet -c constraints.txt -e '.[bench]'
	$(BIN)/python -m benchmarks.bench_three_way
	$(BIN)/python -m benchmarks.report

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
