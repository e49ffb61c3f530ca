# The README's two commands: `make demo` and `make test`. Both make .venv on first use.
# `make unit` is the quick look; `make test` adds lint, the slow tests, the wheel and the browser.
# On Linux the default torch wheel brings GPU libraries; TORCH_INDEX=<PyTorch's CPU index> avoids it.

PYTHON ?= python3
VENV ?= .venv
PORT ?= 8501
JOBS ?= 3
BIN := $(VENV)/bin
# Of 20,000 modules most are never imported: those that are get compiled then, and kept.
INSTALL := $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-compile
TORCH := $(shell sed -n 's/^\(torch==.*\)/\1/p' constraints.txt)

# A file stays in one process, so that what it prepares is prepared once; files with most work come
# first. Every process has one core: further threads of a library would only wait for each other.
# Three processes for two cores: many tests wait, for processes, servers, browsers or a clock.
ONE_THREAD = OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
PYTEST = $(ONE_THREAD) $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

# Images of containers set this; the tests start many processes, and each would compile anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test beside lint style types asserts without-browser unit slow attack wheel browser pages timed pictures bench bench-large realdata clean

demo: $(VENV)/.demo
	$(BIN)/cascal demo --port $(PORT)

# Types and wheel take what the tests beside them leave of two cores, where many wait.
# Pages beside all other tests took as long as one after the other, and then a test that has to
# wait for others' processes misses its deadline: so they come one after the other.
# `unit` and `slow` are one run: modules are imported, and data sets fitted, once for both.
test: $(VENV)/.dev
	$(MAKE) -j 2 style asserts
	$(MAKE) -j 2 without-browser beside
	$(MAKE) pages
	$(MAKE) timed

beside: $(VENV)/.dev
	nice -n 10 $(MAKE) types wheel

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.torch: $(VENV)/bin/python constraints.txt
	$(INSTALL) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) '$(TORCH)'
	touch $@

$(VENV)/.demo: $(VENV)/.torch pyproject.toml constraints.txt
	$(INSTALL) --constraint constraints.txt --editable '.[demo]'
	touch $@

$(VENV)/.dev: $(VENV)/.torch pyproject.toml constraints.txt
	$(INSTALL) --constraint constraints.txt --editable '.[dev]'
	touch $@ $(VENV)/.demo

lint: style types

style: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy -p cascal -p app

# pytest rewrites the asserts of a test file and keeps the result: here once, for all processes.
asserts: $(VENV)/.dev
	said=$$($(BIN)/python -m pytest --collect-only --quiet tests) || { echo "$$said"; exit 1; }

without-browser: $(VENV)/.dev
	$(PYTEST) --ignore tests/browser -m "not browser and not bench and not realdata"

unit: $(VENV)/.dev
	$(PYTEST) --ignore tests/browser -m "not slow and not attack and not browser and not bench and not realdata"

# What `unit` leaves out: the slow tests and a fixed sample of every attack.
slow: $(VENV)/.dev
	$(PYTEST) --ignore tests/browser -m "(slow or attack) and not browser and not bench"

# Every attack with its full count of hostile inputs.
attack: $(VENV)/.dev
	CASCAL_ATTACK=full $(PYTEST) --ignore tests/browser -m "attack and not browser and not bench"

# The wheel, in an environment of its own that borrows the installed dependencies.
wheel: $(VENV)/.dev
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .
	$(BIN)/python tests/wheel_smoke.py dist

# Pages side by side; what measures a time afterwards, alone.
browser: $(VENV)/.dev
	$(MAKE) pages
	$(MAKE) timed

pages: $(VENV)/.dev
	$(PYTEST) tests/browser -m "browser and not bench"

timed: $(VENV)/.dev
	$(BIN)/python -m pytest tests/browser -m "browser and bench"

# The pictures of the README, from the running product.
pictures: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m tests.browser.pictures

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench.run

# 300,000 and 1,000,000 queries: half an hour, 5 GB of disk for the data while it runs.
bench-large: $(VENV)/.dev
	$(BIN)/python -m tests.bench.large

# The importer on the large files of ../shared/realdata, and all routers on them: docs/realdata.md.
realdata: $(VENV)/.dev
	$(PYTEST) --ignore tests/browser -m realdata
	$(BIN)/python -m tests.bench.realdata

clean:
	rm -rf $(VENV) dist data/workspace.duckdb
