# Isle's commands. `make help` lists them.
GO      ?= go
BIN     := bin/isle
SOURCES := $(shell find . -name node_modules -prune -o -name '*.go' -not -path './bin/*' -print) go.mod go.sum

# The portal: its sources, and what `make ui` makes of them, which the binary embeds.
UI         := internal/portal/ui
UI_SOURCES := $(shell find $(UI) -name node_modules -prune -o -type f -not -path '*/e2e/*' -print)
UI_BUILT   := internal/portal/dist/ui/index.html.gz
UI_MODULES := $(UI)/node_modules/.fetched
NPM        := $(shell command -v npm)
ifneq ($(NPM),)
PORTAL := $(UI_BUILT)
endif

# All commands compile alike, so that what one of them has compiled no other does again:
# the binary, what tests build of it, and a fresh clone of the repository.
export CGO_ENABLED := 0
export GOFLAGS     := $(filter-out -trimpath,$(GOFLAGS)) -trimpath

# What runs goroutines; the other packages are pure or only pass data on. SQLite, which is
# translated from C, keeps its data outside of what the race detector looks at: without
# instructions for it these tests take a third of the time and find the same. The servers
# that tests kill end at once when they race, which the tests notice.
RACED := ./cmd/isle ./isletest ./internal/...
RACE  := CGO_ENABLED=1 GORACE=halt_on_error=1 $(GO) test -race -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=modernc.org/libc/...=-race=false

.PHONY: help build ui ui-check run test test-real check bench clean fmt
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: $(BIN) ## the binary, at bin/isle, with the portal if npm is there

$(BIN): $(SOURCES) $(PORTAL)
	@mkdir -p bin
	@test -f $(UI_BUILT) || echo "isle: SKIPPED the portal, which is built by npm (apt install npm); the binary has a page that says so"
	@echo "isle: building $(BIN); the first time fetches modules and takes a minute or two (each line is a package that is done)"
	@$(GO) build -v -ldflags="-s -w" -o $(BIN) ./cmd/isle

ui: $(UI_MODULES) ## the portal, which the binary embeds
	cd $(UI) && npm run --silent build -- --logLevel warn

# For a build that goes on without the portal where its libraries cannot be had.
$(UI_BUILT): $(UI_SOURCES)
	@$(MAKE) --no-print-directory ui || echo "isle: SKIPPED the portal, whose libraries npm cannot fetch here; the binary has a page that says so"

$(UI_MODULES): $(UI)/package-lock.json
	@cd $(UI) && if cmp -s package-lock.json node_modules/.fetched; then touch node_modules/.fetched; else \
	echo "isle: fetching the portal's libraries; the first time takes a minute or two" && \
	npm ci --prefer-offline --no-progress && cp package-lock.json node_modules/.fetched; fi

ui-check: ## types and unit tests of the portal
	@if $(MAKE) --no-print-directory $(UI_MODULES); then cd $(UI) && npm run --silent check && npm run --silent test; \
	else echo "isle: SKIPPED the portal's types and tests: npm cannot fetch its libraries here"; fi

run: build ## build, start the server, deploy the example environment on first start
	@$(BIN) up

test: ## every test that needs only Go
	$(GO) test -timeout 9m ./...

test-real: $(PORTAL) ## tests of the built binary with curl, az, kills and a fresh clone; then the race detector
	$(GO) test -v -timeout 25m -tags real -run '^TestReal' ./cmd/isle
	@command -v $$($(GO) env CC) >/dev/null || echo "isle: SKIPPED the race detector, which needs a C compiler (apt install gcc)"
	! command -v $$($(GO) env CC) >/dev/null || $(RACE) -timeout 15m $(RACED)

check: $(PORTAL) ## format, vet, static analysis, tidy modules; types and unit tests of the portal
	@if [ -n "$(NPM)" ]; then $(MAKE) --no-print-directory ui-check; else echo "isle: SKIPPED the portal's types and tests, which need npm"; fi
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi
	$(GO) vet -tags real ./...
	$(GO) tool staticcheck -tags real ./...
	@out=$$($(GO) mod tidy -diff 2>&1 | grep -v '^go: downloading '); case "$$out" in \
	*"diff current/"*) echo "$$out" | head -20; echo "isle: go.mod or go.sum is not tidy; go mod tidy mends it"; exit 1;; \
	*"go: "*": "*) echo "isle: SKIPPED go mod tidy, which fails for a reason outside:"; echo "$$out" | tail -3;; esac
	@cd internal/bench/language && if $(GO) mod download 2>/dev/null; then $(GO) vet ./...; \
	else echo "isle: SKIPPED go vet of internal/bench/language: the peers that it measures cannot be fetched"; fi

bench: build ## measure, and print the tables of BENCHMARKS.md
	$(GO) test -run '^$$' -bench . -benchmem ./expr ./engine ./netpol ./internal/store ./internal/runner ./internal/connector/script ./internal/netns ./internal/dataplane ./internal/testfile ./internal/kernel ./isletest
	cd internal/bench/language && $(GO) test -bench . -benchmem -benchtime 200ms -count 3 . | $(GO) run .
	$(GO) run ./internal/bench

fmt: ## format every file
	gofmt -w $$(git ls-files '*.go')

clean: ## remove what was built
	rm -rf bin internal/portal/dist/ui $(UI)/node_modules
