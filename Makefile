# evcp. `make` builds libevcp.so, `make test` runs every test, `make demo` shows the main job.

CARGO ?= cargo
PYTHON ?= python3
CC ?= cc
VENV := .venv
PY := $(VENV)/bin/python
RELEASE := target/release
CFLAGS_C := -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude
LINK := -L$(RELEASE) -levcp -Wl,-rpath,$(CURDIR)/$(RELEASE)
export CARGO_TARGET_DIR := $(CURDIR)/target

.PHONY: lib simulator examples demo test test-rust test-python lint header tools bench clean

lib:
	$(CARGO) rustc --release --lib --crate-type cdylib

simulator:
	$(CARGO) build --release --example simulator

# The same line as in the README.
examples: lib
	$(CC) $(CFLAGS_C) examples/c/minimal.c -o $(RELEASE)/minimal $(LINK)
	$(CC) $(CFLAGS_C) examples/c/charger.c -o $(RELEASE)/charger $(LINK)

demo: examples $(VENV)/ready
	$(PY) examples/demo/demo.py $(RELEASE)/charger

test: lint test-rust test-python

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --quiet --all-targets -- -D warnings
	$(CARGO) clippy --quiet --no-default-features --lib -- -D warnings
	$(CARGO) clippy --quiet --no-default-features --features net,bundled-sqlite --lib -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --no-deps

test-rust:
	$(CARGO) test
	cd tests/header && $(CARGO) test

test-python: tools simulator examples $(VENV)/ready
	$(CARGO) build --no-default-features --example wire_filter
	cd tests/python && ../../$(PY) -m pytest

# Writes include/evcp.h anew from src/ffi.
header:
	cd tests/header && BLESS=1 $(CARGO) test --quiet

# Everything that Python needs is in the checkout.
$(VENV)/ready: tests/python/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
	touch $@

# What the tests need of the system: installed when that is allowed, named when it is not.
tools:
	@missing=; for tool in valgrind strace; do \
		command -v $$tool > /dev/null || missing="$$missing $$tool"; done; \
	command -v g++ > /dev/null || missing="$$missing g++"; \
	if [ -n "$$missing" ]; then \
		echo "installing:$$missing"; \
		(apt-get update -qq && apt-get install -qq -y --no-install-recommends $$missing) \
		|| { echo "please install:$$missing" >&2; exit 1; }; \
	fi

bench: lib simulator $(VENV)/ready
	$(PY) benches/measure.py

clean:
	$(CARGO) clean
	rm -rf $(VENV)
