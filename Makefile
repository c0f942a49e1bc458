# Two commands for a newcomer: make demo, make test. Each makes its own environment from pinned versions.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin


.PHONY: demo test check mutants cluster-local cluster-demo chaos store-away bench boards clean

$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/plumeline demo

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(BIN)/python -m pytest -rs -n auto --maxprocesses 4 --dist loadgroup

mutants: $(VENV)/installed
	$(BIN)/python -m tests.mutation.run $(ARGS)

cluster-local: $(VENV)/installed
	$(BIN)/plumeline cluster local

cluster-demo:
	deploy/make-secrets
	docker compose --profile demo up --build

chaos: $(VENV)/installed
	PLUMELINE_KILLS=1000 $(BIN)/python -m pytest -s tests/plumeline/test_cluster.py

store-away: $(VENV)/installed
	PLUMELINE_AWAY_S=$${PLUMELINE_AWAY_S:-600} $(BIN)/python -m pytest -s tests/plumeline/test_cluster.py -k store_is_away

bench: $(VENV)/installed
	$(BIN)/plumeline bench
	-$(BIN)/python -m tests.bench.peers

boards: $(VENV)/installed
	$(BIN)/python -m dashboards

clean:
	rm -rf $(VENV) data
