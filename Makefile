# What a contributor needs. `make` lists it.

VENV := .venv
RUN := $(VENV)/bin
PIP := $(RUN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
ARGS :=
WORKERS := 2

# The bpy wheel stands in where there is no Blender.
ifeq ($(shell command -v blender),)
DEMO := .[bpy]
DEMO_STAMP := $(VENV)/.demo-bpy
else
DEMO := .
DEMO_STAMP := $(VENV)/.demo
endif

export RAY_USAGE_STATS_ENABLED := 0

.DEFAULT_GOAL := help
.PHONY: help demo test chaos check bench clean

help:
	@echo 'make demo    install into $(VENV) and run a farm on this machine'
	@echo 'make test    run the tests; ARGS goes to pytest: make test ARGS="-k config"'
	@echo 'make chaos   run the farm through every fault; writes docs/reliability.md'
	@echo 'make check   ruff, mypy and the import contracts'
	@echo 'make bench   measure the farm against Blender alone and GNU parallel'
	@echo 'make clean   remove what these have made'

demo: $(DEMO_STAMP)
	$(RUN)/rcontrol demo $(ARGS)

test: $(VENV)/.test
	$(RUN)/pytest -n $(WORKERS) --dist loadfile $(ARGS)

chaos: $(VENV)/.test
	@mkdir -p build && rm -f build/chaos.jsonl
	status=0; RCONTROL_CHAOS_FIGURES=build/chaos.jsonl \
		$(RUN)/pytest -m '' tests/chaos $(ARGS) || status=$$?; \
	$(RUN)/python -m tests.chaos.figures build/chaos.jsonl docs/reliability.md && exit $$status

check: $(VENV)/.test
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

bench: $(VENV)/.test
	$(RUN)/python -m bench.session_overhead $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis

$(DEMO_STAMP): $(VENV)/.python pyproject.toml constraints.txt
	@echo 'Installing rcontrol into $(VENV); this takes a minute or two'
	@$(PIP) -e '$(DEMO)'
	@touch '$@'

$(VENV)/.test: $(VENV)/.python pyproject.toml constraints.txt
	@echo 'Installing rcontrol and its tests into $(VENV); this takes a minute or two'
	@$(PIP) -e '.[test,bpy]'
	@touch '$@'

$(VENV)/.python:
	@for python in python3.11 python3; do \
		if $$python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then \
			$$python -c 'import ensurepip, venv' 2>/dev/null || { \
				echo "$$python cannot make virtual environments;" \
					'on Debian and Ubuntu: apt-get install python3.11-venv' >&2; \
				exit 1; \
			}; \
			$$python -m venv --clear $(VENV) && touch '$@' && exit 0; \
			exit 1; \
		fi; \
	done; \
	echo 'Python 3.11 is needed and neither python3.11 nor python3 is one' >&2; \
	exit 1
