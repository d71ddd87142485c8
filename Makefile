# Every verb of the product. Python 3.11 and make are all that is needed; `make help` lists the verbs.
# Environments are made from exact pins under .local/, which `make clean` removes.
PYTHON ?= python3
ROOT := $(CURDIR)
OPERATIONS = cd "$(ROOT)/code/operations" && exec "$(PYTHON)"

.DEFAULT_GOAL := help
.PHONY: help demo train serve stream test lint format bench bench-train bench-serve bench-stream soak soak-serve soak-stream check-release \
	images docs pins environments release clean
.NOTPARALLEL:

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' "$(ROOT)/Makefile"

demo: ## data set to live page on this machine; ONCE=1 ends by itself; DATASET_URL, SOURCE_URL, SOURCE=x choose other data
	@$(OPERATIONS) -m demo

train: ## the training app in the foreground on port 8081; ARGS="run --help" reaches its command line
	@$(OPERATIONS) -m foreground train $(ARGS)

serve: ## the predicting app in the foreground on port 8080
	@$(OPERATIONS) -m foreground serve $(ARGS)

stream: ## the streaming app in the foreground on port 8082
	@$(OPERATIONS) -m foreground stream $(ARGS)

test: ## all set-up, linters, type checks and every suite; ARGS="suites serve" runs one
	@$(OPERATIONS) -m suites $(ARGS)

lint: ## ruff, mypy --strict and bandit
	@$(OPERATIONS) -m suites checks

format: environments ## let ruff put the code into its one shape
	@"$(ROOT)/.local/venvs/tools/bin/python" -m ruff format "$(ROOT)"

bench: bench-train bench-serve bench-stream ## measure all three apps

bench-train bench-serve bench-stream: bench-%: ## (one app)
	@$(OPERATIONS) -m measure bench $* $(ARGS)

soak: soak-serve soak-stream ## long runs with injected faults (SIGKILL, swaps, outages, full disks)

soak-serve soak-stream: soak-%: ## (one app)
	@$(OPERATIONS) -m measure soak $* $(ARGS)

check-release: ## rehearse a release: pipelines, images, manifests, stack (needs root); ARGS=images runs one check
	@$(OPERATIONS) -m check_release $(ARGS)

images: ## draw the architecture and photograph the pages of a running demo (Graphviz, Chromium)
	@$(OPERATIONS) -m pictures

docs: ## write the tree and the tables of the README, and .env.example, from the code
	@$(OPERATIONS) -m documentation

pins: ## compile every requirements.in into exact pins with hashes
	@$(OPERATIONS) -m pins $(ARGS)

environments: ## make every virtual environment now
	@$(OPERATIONS) -m environments --tests tools train serve stream experiments dvc mlflow-server

release: ## changelog, commit and tag: make release APP=serve VERSION=1.2.3, or APP=all (pushing is yours)
	@$(OPERATIONS) -m release "$(APP)" "$(VERSION)"

clean: ## forget everything generated: environments, demo data, caches
	@$(OPERATIONS) -m cleaning
