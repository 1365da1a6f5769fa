# make demo    the course end to end: releases, a graded class, a trained captioner   (10 minutes)
# make test    every test                                                             (15 minutes)
# make lint    style and types
# make lab     JupyterLab on the assignments
# make site    notes, walkthroughs and guides as pages in runs/site/html
# make benchmarks   those that need no data and no other tool
# make walkthroughs   run every source notebook at the small tier and keep the outputs
# Each target makes its own environment in .venv first; PYTHON names the interpreter (3.11 or newer).

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready


.PHONY: demo test lint lab walkthroughs build site benchmarks clean

demo: $(READY)
	$(BIN)/course demo

test: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: $(READY)
	cd assignments && ../$(BIN)/jupyter lab

build: $(READY)
	$(BIN)/course build

walkthroughs: $(READY)
	$(BIN)/course build --execute

site: $(READY)
	$(BIN)/python course/site/build.py

benchmarks: $(READY)
	for name in checks scenes input_files decoding routing grading; do \
		echo "== $$name"; $(BIN)/python benchmarks/$$name.py || exit 1; done

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; give it with PYTHON=..."; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[develop]'
	touch $(READY)

clean:
	rm -rf runs data .pytest_cache .mypy_cache .ruff_cache
