# The menu: make, or make help.
SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-print-directory

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION) -X main.revision=$(REVISION)
IMAGE    ?= outrigger:dev
FUZZTIME ?= 20s
SOAKTIME ?= 10m

bin := .cache/bin
export GOLANGCI_LINT_CACHE := $(CURDIR)/.cache/golangci-lint
# Modules beside the main one, each with its own go.mod, so that ./... does not reach them.
beside := $(patsubst %/go.mod,%,$(filter-out tools/go.mod,$(wildcard */go.mod)))

.PHONY: help
help: ## this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: build
build: ## bin/outrigger, as it is released
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/...

.PHONY: check
check: fmt-check vet lint ## format, vet and lint; changes nothing

.PHONY: test
test: need-cc need-editor need-hooks check test-plain test-race test-poison test-beside examples ## everything: checks, all tests, the examples with real services
	@echo "test: everything passed"

.PHONY: test-fast
test-fast: ## all Go tests once, no race detector
	go test -pgo=off ./...

.PHONY: fmt
fmt: $(bin)/gofumpt ## write the standard format
	$(bin)/gofumpt -w .

.PHONY: fuzz
fuzz: ## every fuzz target, and the comparison with other proxies, for FUZZTIME (20s) each
	tools/fuzz $(FUZZTIME)

.PHONY: bench
bench: build ## Outrigger beside HAProxy, nginx and net/http on this machine
	bench/run.sh

.PHONY: soak
soak: build ## mixed traffic for SOAKTIME (10m): nothing may grow or get mixed up
	bench/run.sh soak -for $(SOAKTIME)

.PHONY: pgo
pgo: ## the profile that go build decides by what to inline, from the loads of the benchmark
	tools/pgo

.PHONY: golden
golden: ## rewrite golden files from what the code says now
	tools/golden

.PHONY: examples
examples: need-examples ## the examples with real services, without containers
	examples/hello/test.sh

.PHONY: demo
demo: ## the whole product in this terminal, until Ctrl-C
	go run ./cmd/outrigger demo

.PHONY: image
image: ## the container image, IMAGE=outrigger:dev
	docker build --build-arg VERSION=$(VERSION) -t $(IMAGE) .

.PHONY: lint
lint: $(bin)/golangci-lint ## golangci-lint with .golangci.yml
	$(bin)/golangci-lint run ./...
	for m in $(beside); do (cd $$m && ../$(bin)/golangci-lint run --config ../.golangci.yml ./...); done

.PHONY: vuln
vuln: $(bin)/govulncheck ## known vulnerabilities in what is linked; reads its database from the network
	$(bin)/govulncheck ./...

.PHONY: clean
clean: ## remove what was built
	rm -rf bin .cache

# Steps of the targets above.

.PHONY: fmt-check vet
fmt-check: $(bin)/gofumpt
	@unformatted=$$($(bin)/gofumpt -l .); [ -z "$$unformatted" ] || { echo "not in the standard format (make fmt):"; echo "$$unformatted"; exit 1; }

vet:
	go vet ./...
	go vet -tags poison ./...

# The profile of cmd/outrigger would have every package compiled once more for nothing that a test can see, hence -pgo=off.
# Allocations are asserted here: the race detector and poisoning allocate for themselves.
.PHONY: test-plain test-race test-poison test-beside need-beside
test-plain:
	go test -pgo=off -timeout 10m ./...

test-race:
	go test -pgo=off -race -timeout 15m ./...

# Memory that is used again is overwritten in this build, so that a value kept too long shows in the wire's and the product's tests.
test-poison:
	go test -pgo=off -tags poison -timeout 10m ./proxy/... ./cmd/...

test-beside: need-beside
	for m in $(beside); do echo "$$m: go vet and go test"; (cd $$m && go vet ./... && go test -count=1 -timeout 5m ./...); done

# The modules beside compare with these where they are; under CI they must be there. -count=1: the binary that their tests build
# and run is nothing that the go command's cache of results knows of.
need-beside:
	@tools/need nginx=nginx haproxy=haproxy util-linux=taskset || [ "$${CI:-}" != true ]

# The race detector needs a C compiler.
.PHONY: need-cc need-examples need-editor need-hooks
need-cc:
	@tools/need gcc=gcc libc6-dev='echo "int main(void){return 0;}" | gcc -x c -include stdlib.h -o /dev/null -'

# Without root and outside CI the test of the examples says itself what it leaves out.
need-examples:
	@tools/need curl=curl python3-venv='python3 -c "import ensurepip, venv"' prometheus=prometheus || [ "$${CI:-}" != true ]

# The YAML language server of editors tries our schema; outside CI its test says itself that it is left out.
need-editor:
	@{ tools/need nodejs=node npm=npm && $(MAKE) editor; } || [ "$${CI:-}" != true ]

.PHONY: editor
editor: .cache/editor/installed ## the YAML language server that the tests ask, from npm

.cache/editor/installed: tools/editor/package.json tools/editor/package-lock.json
	@mkdir -p .cache/editor && cp tools/editor/package.json tools/editor/package-lock.json .cache/editor/
	cd .cache/editor && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# pre-commit and a validator of GitHub's workflows try what docs/ci.md gives to users.
need-hooks:
	@{ tools/need python3-venv='python3 -c "import ensurepip, venv"' git=git && $(MAKE) hooks; } || [ "$${CI:-}" != true ]

.PHONY: hooks
hooks: .cache/hooks/installed ## pre-commit and check-jsonschema, from PyPI

.cache/hooks/installed: tools/hooks/requirements.txt
	python3 -m venv .cache/hooks
	.cache/hooks/bin/pip install --quiet --disable-pip-version-check -r tools/hooks/requirements.txt
	@touch $@

$(bin)/golangci-lint $(bin)/gofumpt $(bin)/govulncheck &: tools/go.mod tools/go.sum
	@echo "tools: building the linters into $(bin), once"
	@mkdir -p $(bin)
	go -C tools build -trimpath -buildvcs=false -o $(CURDIR)/$(bin)/ tool
	@touch $(bin)/golangci-lint $(bin)/gofumpt $(bin)/govulncheck
