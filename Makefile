# Viflux. Bare `make` lists what one can do; the same targets serve a person and CI.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
.SILENT:
.PHONY: help build run test quick lint test-native test-python soak chaos bench fuzz generate probes probes-same clean

PYTHON ?= python3
BIN := .venv/bin
NATIVE := collectors/native
NATIVE_SOURCES := $(shell find $(NATIVE) -path $(NATIVE)/target -prune -o \( -name '*.rs' -o -name Cargo.toml -o -name Cargo.lock \) -print) $(wildcard collectors/ebpf/*/*.bpf.o)
# The compiler that made the committed objects; another one makes others, that do the same.
CLANG ?= clang-14
STRIP ?= llvm-strip-14
PROBES := $(notdir $(patsubst %/,%,$(dir $(wildcard collectors/ebpf/*/*.bpf.c))))
ARGS ?=
TESTS ?= tests

help: ## list the targets
	echo "make TARGET, where TARGET is one of"
	sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 16

build: .venv/.built ## make .venv if missing, and build the native core

run: .venv/.built ## build, and start everything on this host (ARGS="--set counters.interval=1s")
	exec $(BIN)/viflux up $(ARGS)

test: .venv/.developer ## all checks and tests; a real part that is missing is a skip that names it
	$(MAKE) -s -j2 -Otarget lint test-native
	$(MAKE) -s test-python

quick: .venv/.developer ## the tests that one needs while working, under two minutes
	$(BIN)/pytest -q -m "not slow and not root" $(TESTS)

lint: .venv/.developer ## ruff, mypy strict, rustfmt, clippy, rendered files
	echo "lint: ruff"; $(BIN)/ruff check -q . ; $(BIN)/ruff format -q --check .
	echo "lint: mypy"; $(BIN)/mypy
	if cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1; then
	  echo "lint: rustfmt and clippy"
	  cargo fmt --manifest-path $(NATIVE)/Cargo.toml --all --check
	  cargo clippy -q --release --locked --manifest-path $(NATIVE)/Cargo.toml --workspace --all-targets -- -D warnings
	elif [ "$${REQUIRE_REAL_PARTS:-}" = 1 ]; then
	  echo "lint: clippy or rustfmt is missing; install both (rustup component add clippy rustfmt)" >&2; exit 3
	else
	  echo "lint: SKIPPED clippy and rustfmt, not installed (rustup component add clippy rustfmt)"
	fi

test-native: .venv/.developer ## the tests of the native core
	# Without the examples, which clippy checks and benchmarks build.
	cargo test -q --release --locked --manifest-path $(NATIVE)/Cargo.toml --workspace --exclude border --tests

test-python: .venv/.developer ## the tests of everything else (TESTS=tests/store, REQUIRE_REAL_PARTS=1)
	$(BIN)/pytest -q -m "not soak" -n 2 $(TESTS)

soak: .venv/.developer ## long runs: every process killed twenty times under load
	$(BIN)/pytest -q -m soak $(TESTS)

chaos: .venv/.developer ## everything killed, frozen, filled and stepped for 30 minutes, as root; a table of what became of what was sent (ARGS="--seed 7 --seconds 600 --brokers 1")
	$(BIN)/python -m tests.chaos $(ARGS)

bench: .venv/.developer ## the benchmark tables; needs root for namespaces
	$(BIN)/python -m benchmarks $(ARGS)

fuzz: ## ten minutes of fuzzing every parser of foreign bytes; needs a nightly toolchain and cargo-fuzz (SECONDS_EACH=100)
	cd $(NATIVE)
	for target in packet sflow netflow capture decoder state; do
	  mkdir -p target/corpus/$$target
	  nice cargo +nightly fuzz run $$target target/corpus/$$target hostile/corpus/$$target -- -max_total_time=$${SECONDS_EACH:-100} -max_len=4096 -rss_limit_mb=1024 -timeout=5
	done

generate: .venv/.developer ## render the files that come from the column registry and the catalogue
	$(BIN)/python -m viflux.registry.rust > $(NATIVE)/columns/src/generated.rs
	$(BIN)/python -m viflux.registry.rust rows > $(NATIVE)/wire/src/rows.rs
	cargo fmt --manifest-path $(NATIVE)/Cargo.toml -p columns -p wire
	$(BIN)/python -m viflux.registry.tables > docs/tables.md
	$(BIN)/python -m ingest.store.ddl > ingest/store/golden.sql
	$(BIN)/python -m analytics.catalogue.page > docs/slis.md

probes: ## build the programs of collectors/ebpf again, and render their records; needs clang 14, llvm 14 and libbpf-dev
	command -v $(CLANG) $(STRIP) >/dev/null || { echo "probes: $(CLANG) or $(STRIP) is missing; install clang-14, llvm-14 and libbpf-dev" >&2; exit 3; }
	cd collectors/ebpf
	options="-O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Werror -fdebug-compilation-dir=. -I/usr/include/$$(uname -m)-linux-gnu"
	for probe in $(PROBES); do
	  $(CLANG) $$options -fdebug-prefix-map=$$PWD=. -c $$probe/$$probe.bpf.c -o $$probe/$$probe.bpf.new
	  $(STRIP) -g $$probe/$$probe.bpf.new
	  mv $$probe/$$probe.bpf.new $$probe/$$probe.bpf.o
	  (cd ../.. && $(PYTHON) -m collectors.ebpf.records collectors/ebpf/$$probe/$$probe.bpf.o viflux_$$probe > $(NATIVE)/wire/src/$${probe}_record.rs)
	  (cd ../../$(NATIVE) && rustfmt wire/src/$${probe}_record.rs)
	done
	cd ../../benchmarks/floor
	$(CLANG) $$options -fdebug-prefix-map=$$PWD=. -c floor.bpf.c -o floor.bpf.o
	$(STRIP) -g floor.bpf.o

probes-same: ## prove that the committed objects and records are what the sources make
	before=$$(sha256sum collectors/ebpf/*/*.bpf.o benchmarks/floor/*.bpf.o $(NATIVE)/wire/src/*_record.rs)
	$(MAKE) -s probes
	[ "$$before" = "$$(sha256sum collectors/ebpf/*/*.bpf.o benchmarks/floor/*.bpf.o $(NATIVE)/wire/src/*_record.rs)" ] || { echo "probes: an object or a record differs from what its source makes" >&2; exit 1; }
	echo "probes: the same"

clean: ## remove what was built; data folders stay
	rm -rf .venv $(NATIVE)/target collectors/_native*.so .mypy_cache .ruff_cache .pytest_cache

.venv/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "build: Python 3.11 or newer is needed as $(PYTHON)" >&2; exit 3; }
	command -v cargo >/dev/null && cargo --version >/dev/null 2>&1 || { echo "build: cargo is missing; install Rust 1.95 or newer with rustup, then run make again" >&2; exit 3; }
	command -v cc >/dev/null || { echo "build: a C compiler is missing; install build-essential, then run make again" >&2; exit 3; }
	[ -x $(BIN)/python ] || $(PYTHON) -m venv .venv || { echo "build: the venv module is missing; install python3-venv, then run make again" >&2; exit 3; }
	echo "build: Python packages and native core, three to five minutes the first time"
	$(BIN)/pip install -q --disable-pip-version-check -e .
	touch $@ .venv/.built

.venv/.built: .venv/.installed $(NATIVE_SOURCES)
	# What .venv/.installed has just built is not built again.
	if [ ! -e $@ ] || [ -n "$$(find $^ -newer $@ -print -quit)" ]; then
	  $(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	fi
	touch $@

.venv/.developer: .venv/.built
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["dev"], sep="\n")' > .venv/developer.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --upgrade --target .venv/oldest chdb==2.1.1 &
	oldest=$$!
	$(BIN)/pip install -q --disable-pip-version-check -r .venv/developer.txt
	wait $$oldest
	touch $@
