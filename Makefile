# Isle's commands. `make help` lists them.
GO      ?= go
BIN     := bin/isle
SOURCES := $(shell find . -name '*.go' -not -path './bin/*') go.mod go.sum

.PHONY: help build run test test-real check bench clean fmt
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: $(BIN) ## the binary, at bin/isle

$(BIN): $(SOURCES)
	@mkdir -p bin
	@echo "isle: building $(BIN) (the first time fetches modules and takes a minute or two)"
	@CGO_ENABLED=0 $(GO) build -trimpath -ldflags="-s -w" -o $(BIN) ./cmd/isle

run: build ## build, start the server, deploy the example environment on first start
	@$(BIN) up

test: ## every test that needs only Go
	$(GO) test -timeout 9m ./...

test-real: build ## the tests with the built binary, real clients, kills and the race detector
	$(GO) test -timeout 20m -tags real ./...
	$(GO) test -race -short -timeout 15m ./...

check: ## format, vet, static analysis
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags real ./...
	$(GO) tool staticcheck ./...

bench: build ## measure, and print the tables of BENCHMARKS.md
	$(GO) test -run '^$$' -bench . -benchmem ./expr ./engine ./internal/store ./internal/runner
	$(GO) run ./internal/bench

fmt: ## format every file
	gofmt -w $$(git ls-files '*.go')

clean: ## remove what was built
	rm -rf bin
