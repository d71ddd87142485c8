# Every verb of the product. Python 3.11 and make are all that is needed; `make help` lists the verbs.
# Environments are made from exact pins under .local/, which `make clean` removes.
PYTHON ?= python3
ROOT := $(CURDIR)
RUN = cd "$(ROOT)/code" && exec "$(PYTHON)"

.DEFAULT_GOAL := help
.PHONY: help demo train serve stream test lint format bench bench-train bench-serve bench-stream soak soak-serve soak-stream check-release \
	images docs contracts pins environments release clean
.NOTPARALLEL:

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' "$(ROOT)/Makefile"

demo: ## data set to live page on this machine; ONCE=1 ends by itself; DATASET_URL, SOURCE_URL, SOURCE=x choose other data
	@$(RUN) -m develop.demo

train: ## the training app in the foreground on port 8081; ARGS="run --help" reaches its command line
	@$(RUN) -m develop.foreground train $(ARGS)

serve: ## the predicting app in the foreground on port 8080
	@$(RUN) -m develop.foreground serve $(ARGS)

stream: ## the streaming app in the foreground on port 8082
	@$(RUN) -m develop.foreground stream $(ARGS)

test: ## all set-up, linters, type checks and every suite; ARGS="suites serve" runs one
	@$(RUN) -m develop.suites $(ARGS)

lint: ## ruff, its format, mypy --strict and bandit
	@$(RUN) -m develop.suites checks

format: environments ## let ruff put the code into its one shape
	@"$(ROOT)/.local/venvs/tools/bin/python" -m ruff format "$(ROOT)"

bench: bench-train bench-serve bench-stream ## measure all three apps

bench-train bench-serve bench-stream: bench-%: ## (one app)
	@$(RUN) -m develop.measure bench $* $(ARGS)

soak: soak-serve soak-stream ## long runs with injected faults (SIGKILL, swaps, outages, full disks)

soak-serve soak-stream: soak-%: ## (one app)
	@$(RUN) -m develop.measure soak $* $(ARGS)

check-release: ## rehearse a release: pipelines, images, manifests, stack (needs root); ARGS=images runs one check
	@$(RUN) -m deploy.check_release $(ARGS)

images: ## draw the architecture and photograph the pages of a running demo (Graphviz, Chromium)
	@$(RUN) -m develop.pictures

docs: ## write what docs/ says of the code anew and build its site; ARGS=build only builds, ARGS=--check only looks
	@$(RUN) -m develop.documentation $(ARGS)

contracts: ## write each app's openapi.json from its routes, for the difference to be reviewed; ARGS=serve writes one
	@$(RUN) -m develop.contracts $(ARGS)

pins: ## compile every requirements.in into exact pins with hashes
	@$(RUN) -m develop.pins $(ARGS)

environments: ## make every virtual environment now
	@$(RUN) -m develop.environments --tests tools train serve stream experiments dvc mlflow-server

release: ## changelog, commit and tag: make release APP=serve VERSION=1.2.3, or APP=all (pushing is yours)
	@$(RUN) -m develop.release "$(APP)" "$(VERSION)"

clean: ## forget everything generated: environments, demo data, caches
	@$(RUN) -m develop.cleaning
