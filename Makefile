# The commands of the house. Each sets up what it needs first (.venv from requirements/*.txt), once.
# `make help` lists them.

.DEFAULT_GOAL := help
.PHONY: help run test lint audit types prove sim bench screens research soak drill stats day image synth deploy rehearse cost lock clean setup-run setup-dev setup-browser
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
BIN := .venv/bin
CODE := $(wildcard app.py) $(patsubst %/__init__.py,%,$(wildcard $(addsuffix /__init__.py,shared fargate functions dashboard cdk tests)))
MONEY_PATH := shared/domain shared/engine shared/strategies
MONEY_TESTS := $(addprefix tests/,$(MONEY_PATH)) tests/contracts/strategies
# Options of `make run`, given as make variables.
# WORLD=local trades on an exchange of our own on loopback, which speaks every protocol of the venues.
ifeq ($(WORLD),local)
RUN_WORLD := env STATE_DIR=$(or $(STATE_DIR),.state/local) $(PY) -m tests.exchange --run
else ifneq ($(WORLD),)
$(error WORLD must be local, not "$(WORLD)")
endif
RUN_OPTIONS := $(if $(filter-out 0,$(FRESH)),--fresh) $(if $(SPEED),--speed "$(SPEED)") $(if $(RECORDING),--recording "$(RECORDING)")

# Options of `make synth` and `make deploy`. The CLI neither reports nor asks for notices, so that it works offline.
CDK := JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 CDK_DISABLE_CLI_TELEMETRY=1 npx --no-install cdk --no-notices --no-version-reporting
CDK_OPTIONS := $(if $(STAGE),-c stage="$(STAGE)") $(if $(IMAGE),-c image="$(IMAGE)") $(if $(EMAIL),-c email="$(EMAIL)") $(ARGS)

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

run: setup-run ## paper trading on live public data, dashboard on 127.0.0.1:8501  [FRESH=1] [SPEED=60|max] [RECORDING=path] [WORLD=local]
	@exec $(RUN_WORLD) $(PY) -m fargate paper $(RUN_OPTIONS)

test: setup-dev setup-browser ## all tests; 100% of lines and branches of domain, engine and strategies  [ARGS="-k words"]
	@$(if $(ARGS),$(PY) -m pytest -n 2 $(ARGS),$(MAKE) test-money test-rest)

# Tracing costs more than half of a test's time, so `make test` traces only what must be covered to the last branch.
.PHONY: test-money test-rest coverage
test-money:
	@mkdir -p build
	@$(PY) -m pytest -n 2 $(MONEY_TESTS) $(addprefix --cov=,$(MONEY_PATH)) --cov-report=term:skip-covered --cov-fail-under=100

test-rest:
	@$(PY) -m pytest -n 2 $(addprefix --ignore=,$(MONEY_TESTS))

coverage: setup-dev ## coverage of everything, reported
	@mkdir -p build
	@$(PY) -m pytest -n 2 --cov --cov-report=term:skip-covered $(ARGS)

lint: setup-dev ## style, formatting, who may import whom, dangerous calls, secrets, house rules
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(BIN)/lint-imports --no-logo --cache-dir build/imports
	@$(BIN)/bandit -q -c pyproject.toml -r $(filter-out tests,$(CODE))
	@$(PY) -m pytest -q tests/house

audit: setup-dev ## known weaknesses of every locked package, where the package index has advisories
	@requirements/audit.sh

types: setup-dev ## mypy --strict on code and tests
	@$(PY) -m mypy $(CODE)

prove: setup-dev ## generated histories and mutated frames: nothing is lost, doubled or taken wrongly  (up to 6 min)
	@$(PY) -m tests.prove $(ARGS)
	@$(if $(ARGS),,$(PY) -m tests.prove.pairs)

sim: setup-dev ## histories of the real trader over faulty ports, every single crash of the scenarios, kills  [SEEDS=10000] [FIRST=0]
	@$(PY) -m tests.simulation --placements --kills 1000 --seeds "$(or $(SEEDS),10000)" --first "$(or $(FIRST),0)" $(ARGS)

bench: setup-dev ## speed, as a table and build/bench.json
	@mkdir -p build
	@$(PY) -m tests.bench $(ARGS)

screens: setup-dev setup-browser ## how long a reader of a full dashboard waits, in a real browser; every page as a picture  [ARGS="--size small"]
	@$(PY) -m tests.browser $(ARGS)

research: setup-dev ## who would have been followed, and what a follower would have earned: intervals, no promises
	@$(PY) -m tests.selection $(ARGS)

soak: setup-dev ## hours of trouble in minutes: load, random faults, the densest recorded hour; kill -9 and worse  [ARGS="--minutes 5"]
	@$(PY) -m tests.soak $(ARGS)

drill: setup-dev ## disaster recovery: lost tables rebuilt from the archive alone, equal item by item  [ARGS="--hours 4"]
	@$(PY) -m tests.recovery $(ARGS)

stats: setup-dev ## do the intervals cover, do the tests stay quiet without an edge  (simulations, two to three minutes)
	@$(PY) -m tests.stats $(ARGS)

day: setup-run ## a synthetic day as files  [SEED=1] [HOURS=24] [OUT=build/day]
	@$(PY) -m fargate synth --seed "$(or $(SEED),1)" --hours "$(or $(HOURS),24)" --out "$(or $(OUT),build/day)"

image: setup-dev ## the container image, built on a base made here (buildah, mmdebstrap), and looked at from inside
	@tests/image/base.sh build/image
	@IMAGE_FOLDER=build/image $(PY) -m pytest -q tests/image

synth: setup-dev node_modules ## the cloud's templates into cdk.out, offline and without credentials  [STAGE=live] [IMAGE=URI] [ARGS="-c domain=..."]
	@$(CDK) synth --quiet $(CDK_OPTIONS)

deploy: setup-dev node_modules ## the whole cloud into your AWS account  [STAGE=live] [IMAGE=URI] [EMAIL=you@example.com] [ARGS="-c domain=..."]
	@$(CDK) deploy --all $(CDK_OPTIONS)

rehearse: setup-dev node_modules ## the cloud deployed into the embedded AWS by cdk deploy, used and destroyed
	@$(PY) -m tests.rehearsal

cost: ## the month's bill of the templates in cdk.out, line by line  (after `make synth`)
	@$(PY) -m cdk.cost $(ARGS)

# From npm come the CDK's command line and what drives the browser; everything else is in .venv.
node_modules: package-lock.json
	@npm ci --no-audit --no-fund --silent && touch node_modules

lock: setup-dev ## compile requirements/*.in to locked versions with hashes  [UPGRADE=1]
	@UPGRADE="$(UPGRADE)" requirements/lock.sh

clean: ## remove the environment and everything built (not the state of `make run`)
	@rm -rf .venv build cdk.out node_modules .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

setup-run:
	@requirements/install.sh run

setup-dev:
	@requirements/install.sh dev
	@mkdir -p build
	@requirements/rie.sh

setup-browser:
	@requirements/browser.sh

.DEFAULT:
	@echo "make: there is no target \"$@\"; \`make help\` lists them." >&2; exit 2
