# evcp. `make` builds libevcp.so, `make install` installs it, `make test` runs every test,
# `make demo` shows the main job.

CARGO ?= cargo
PYTHON ?= python3
CC ?= cc
CXX ?= c++
VENV := .venv
PY := $(VENV)/bin/python
# TARGET builds for another machine: see docs/cross.md.
TARGET ?=
RELEASE := target/$(TARGET:%=%/)release
KIT := target/$(TARGET:%=%/)testkit
TOOLS := target/tools
CFLAGS_C := -std=c11 -Wall -Wextra -Wpedantic -Werror -Iinclude
CFLAGS_CXX := -std=c++14 -Wall -Wextra -Wpedantic -Werror -Iinclude -Ibindings/cpp
LINK := -L$(RELEASE) -levcp -Wl,-rpath,$(CURDIR)/$(RELEASE)
export CARGO_TARGET_DIR := $(CURDIR)/target

# Where `make install` puts things: below DESTDIR, to be used at PREFIX. FEATURES: "--no-default-features
# --features capi,tls" takes the system's SQLite, for instance.
DESTDIR ?=
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
FEATURES ?=

# The version stands in Cargo.toml. Programs ask for libevcp.so.$(ABI): before 1.0 a minor version may
# break the ABI, after it only a major one.
VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml)
ABI := $(shell echo $(VERSION) | sed 's/^\(0\.0\.[0-9]*\|0\.[0-9]*\|[0-9]*\).*/\1/')
DESCRIPTION := $(shell sed -n 's/^description = "\(.*\)"$$/\1/p' Cargo.toml)

# The paths of the machine that builds have no place in what it builds: panics name their files. Flags
# of a target's own, which RUSTFLAGS would hide, stay.
CARGO_HOME ?= $(HOME)/.cargo
REMAP = --config "target.'cfg(all())'.rustflags=['--remap-path-prefix=$(CARGO_HOME)/registry/src=crates', \
	'--remap-path-prefix=$(CURDIR)=evcp']" --config "env.CFLAGS='$(CRATES_CFLAGS) \
	-ffile-prefix-map=$(CARGO_HOME)/registry/src=crates -ffile-prefix-map=$(CURDIR)=evcp'"
CRATES_CFLAGS := $(shell sed -n 's/^CFLAGS = "\(.*\)"$$/\1/p' .cargo/config.toml)

# Both libraries in one go. A library with threads cannot be unloaded: nodelete.
BUILD = $(CARGO) rustc $(REMAP) --lib --crate-type cdylib,staticlib $(TARGET:%=--target %) $(FEATURES)
BUILD_LIB = $(BUILD) --release -- $(call LINKED,evcp) $(SMALLER)
BUILD_KIT = $(BUILD) --profile testkit --features testkit -- $(call LINKED,evcp-test)
LINKED = -Clink-arg=-Wl,-soname,lib$(1).so.$(ABI) -Clink-arg=-Wl,-z,nodelete --print native-static-libs

# The compiler for the machine that it is built for, of which cargo knows as its linker: its binutils hide the
# symbols of the static library.
CARGO_LINKER := CARGO_TARGET_$(shell echo '$(TARGET)' | tr 'a-z-' 'A-Z_')_LINKER
LINKER = $(or $(if $(TARGET),$($(CARGO_LINKER))),$(CC))

# The linker's flags that make the library smaller, where they are possible (docs/cross.md): asked once, when it is
# built. SMALLER= leaves them out.
SMALLER = $(eval SMALLER := $(shell CARGO="$(CARGO)" CC="$(CC)" TARGET="$(TARGET)" packaging/link-flags))$(SMALLER)

.PHONY: lib kit install install-kit simulator examples demo test test-rust test-python test-packages test-cross \
	test-oldest crates wheel lint header abi \
	tools bench fuzz-smoke clean

lib:
	$(BUILD_LIB)
	ln -sf libevcp.so $(RELEASE)/libevcp.so.$(ABI)

# The test kit, libevcp-test: for tests of a firmware, never for a charger.
kit:
	$(BUILD_KIT)
	ln -sf libevcp.so $(KIT)/libevcp-test.so
	ln -sf libevcp.so $(KIT)/libevcp-test.so.$(ABI)
	ln -sf libevcp.a $(KIT)/libevcp-test.a

# Installs the libraries of a build and what tools look for: its name, where it was built, how.
define INSTALL
install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(DATADIR)/cmake/evcp
install -m 755 $(2)/libevcp.so $(DESTDIR)$(LIBDIR)/lib$(1).so.$(VERSION)
ln -sf lib$(1).so.$(VERSION) $(DESTDIR)$(LIBDIR)/lib$(1).so.$(ABI)
ln -sf lib$(1).so.$(VERSION) $(DESTDIR)$(LIBDIR)/lib$(1).so
CC="$(LINKER)" packaging/hide-symbols $(2)/libevcp.a $(DESTDIR)$(LIBDIR)/lib$(1).a
install -m 644 packaging/cmake/*.cmake $(DESTDIR)$(DATADIR)/cmake/evcp
private=$$($(3) 2>&1 | sed -n 's/^note: native-static-libs: //p'); \
sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@NAME@|$(1)|' -e 's|@DESCRIPTION@|$(4)|' \
	-e 's|@LIBDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))|' \
	-e 's|@INCLUDEDIR@|$(patsubst $(PREFIX)/%,$${prefix}/%,$(INCLUDEDIR))|' \
	-e "s|@PRIVATE@|$$private|" \
	packaging/evcp.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/$(1).pc
chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/$(1).pc
endef

# The same tree as `cargo cinstall` of cargo-c makes, but for the symbols of libevcp.a.
install: lib
	$(call INSTALL,evcp,$(RELEASE),$(BUILD_LIB),$(DESCRIPTION))
	install -m 644 include/evcp.h bindings/cpp/evcp.hpp $(DESTDIR)$(INCLUDEDIR)

# The test kit beside it, on machines where firmware is tested.
install-kit: install kit
	$(call INSTALL,evcp-test,$(KIT),$(BUILD_KIT),The test kit of evcp: a charge point in virtual time)
	install -m 644 include/evcp_test.h $(DESTDIR)$(INCLUDEDIR)

simulator:
	$(CARGO) build $(REMAP) --release --example simulator

# The same line as in the README.
examples: lib
	$(CC) $(CFLAGS_C) examples/c/minimal.c -o $(RELEASE)/minimal $(LINK)
	$(CC) $(CFLAGS_C) examples/c/charger/*.c -o $(RELEASE)/charger $(LINK)
	$(CXX) $(CFLAGS_CXX) examples/cpp/charger.cpp -o $(RELEASE)/charger-cpp $(LINK)

demo: examples $(VENV)/ready
	$(PY) examples/demo/demo.py $(RELEASE)/charger

# What the tests in virtual time said over the wire is looked at by the Python ones: they run once for both.
test: export EVCP_TRACES := $(CURDIR)/target/traces
test: tools lint test-rust test-python

lint:
	$(CARGO) fmt --check --all
	$(CARGO) clippy --quiet --all-targets -- -D warnings
	$(CARGO) clippy --quiet --no-default-features --lib -- -D warnings
	$(CARGO) clippy --quiet --features testkit --lib -- -D warnings
	$(CARGO) clippy --quiet --no-default-features --features net,bundled-sqlite --lib -- -D warnings
	cd testing && $(CARGO) clippy --quiet --all-features --all-targets -- -D warnings
	cd fuzz && $(CARGO) fmt --check && $(CARGO) clippy --quiet --lib --tests --examples -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --quiet --no-deps

test-rust:
	$(if $(EVCP_TRACES),rm -rf $(EVCP_TRACES) && mkdir -p $(EVCP_TRACES))
	$(CARGO) test
	$(CARGO) test --features testkit --lib kit
	cd tests/header && $(CARGO) test
	cd fuzz && $(CARGO) test --lib
	cd fuzz && $(CARGO) test --lib --features kit world

# Every fuzz target for 20 s; how to run them for longer is in fuzz/README.md.
fuzz-smoke: tools
	fuzz/smoke

# Most tests wait for clocks and for other programs: so many files of them run at a time.
AT_ONCE = -n auto --maxprocesses 4 --dist loadfile

test-python: tools simulator examples kit $(VENV)/ready
	$(CARGO) build --no-default-features --example wire_filter
	cd tests/python && ../../$(PY) -m pytest $(AT_ONCE)

# cargo-c installs the same tree as `make install`. Not part of `make test`, since a fresh checkout has to
# build cargo-c first.
test-packages: tools lib $(VENV)/ready $(TOOLS)/bin/cargo-cinstall
	cd tests/packages && ../../$(PY) -m pytest -q

# Builds for aarch64 and armv7 with Debian's cross compilers, and runs them under qemu.
test-cross: tools $(VENV)/ready
	tests/cross/run

# Builds what ships with the oldest compilers that can be had, in the way of a Yocto recipe.
test-oldest: tools $(VENV)/ready
	tests/oldest/run

# Writes the lists of crates of the Yocto recipe anew: after each change of a lock file.
crates:
	tests/oldest/lock
	packaging/yocto/update-crates

# A wheel with the library inside; `pip install ./bindings/python` makes one for the system's library.
wheel: lib $(VENV)/ready
	EVCP_LIBRARY=$(CURDIR)/$(RELEASE)/libevcp.so $(PY) -m build --no-isolation --wheel \
		--outdir target/wheels bindings/python

# Fast to build rather than fast to run, and with cargo's own lock file.
$(TOOLS)/bin/cargo-cinstall:
	CARGO_PROFILE_DEV_DEBUG=0 $(CARGO) install --debug --locked --root $(TOOLS) cargo-c@0.10.24+cargo-0.98.0

# Writes include/evcp.h and include/evcp_test.h anew from src/ffi.
header:
	cd tests/header && BLESS=1 $(CARGO) test --quiet

# Takes the ABI of the header as the one that is promised from now on: see docs/abi.md first.
abi: $(VENV)/ready
	BLESS=1 $(CARGO) test --quiet --lib layout
	cd tests/python && BLESS=1 ../../$(PY) -m pytest -q test_abi.py

# Everything that Python needs is in the checkout.
$(VENV)/ready: tests/python/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
	touch $@

# What the tests need of the system: installed when that is allowed, named when it is not.
tools:
	@CARGO="$(CARGO)" PYTHON="$(PYTHON)" tests/tools

bench: tools examples simulator kit $(VENV)/ready
	$(PY) benches/measure.py

clean:
	$(CARGO) clean
	rm -rf $(VENV)
