SUMMARY = "OCPP 1.6-J charge point as a C library"
SUMMARY:${PN}-examples = "Example firmwares for evcp"
DESCRIPTION = "libevcp.so speaks OCPP 1.6-J for the firmware of an EV charger, and loses no transaction."
SECTION = "libs"

require evcp-source.inc

DEPENDS += "sqlite3"

inherit cargo cargo_c cargo-update-recipe-crates ptest

# The newest crates need Rust 1.89. For older compilers there is a second lock file with crates that
# Rust 1.75 builds.
def evcp_crates(d):
    version = (d.getVar("RUSTVERSION") or "").strip("%").strip(".").split(".")[:2]
    old = "" not in version and [int(number) for number in version] < [1, 89]
    return "evcp-crates-scarthgap" if old else "evcp-crates"

EVCP_CRATES = "${@evcp_crates(d)}"
# nooelint: oelint.file.requirenotfound - which of the two files it is depends on the release
require ${EVCP_CRATES}.inc

SRC_URI += "file://run-ptest"

PACKAGECONFIG ??= "tls"
PACKAGECONFIG[tls] = "--features tls,,,"

# Without the default features, SQLite is the system's.
CARGO_BUILD_FLAGS:append = " --no-default-features --features capi ${PACKAGECONFIG_CONFARGS} ${EVCP_LIBDIR}"

# Only the class of newer releases tells cargo-c where libraries go, and twice is an error.
EVCP_LIBDIR = "${@'' if '--libdir' in evcp_class_text(d) else '--libdir ${libdir}'}"

def evcp_class_text(d):
    return " ".join(d.getVar(name, False) or "" for name in ("CARGO_C_BUILD_FLAGS", "cargo_c_do_install"))

# Only the class of newer releases says so.
export LIBSQLITE3_SYS_USE_PKG_CONFIG = "1"

# The packages are stripped by bitbake, which keeps what a debugger needs in evcp-dbg.
export CARGO_PROFILE_RELEASE_STRIP = "none"
export CARGO_PROFILE_RELEASE_DEBUG = "line-tables-only"

# The task takes every Cargo.lock below its folder, and some of the tests have one of their own.
CARGO_LOCK_SRC_DIR = "${WORKDIR}/lock"
do_update_crates[prefuncs] += "evcp_lock_alone"
# nooelint: oelint.task.docstrings - it is no task
evcp_lock_alone() {
    if [ "${EVCP_CRATES}" != "evcp-crates" ]; then
        bbfatal "this release is too old for the newest crates: use packaging/yocto/update-crates"
    fi
    install -D -m 0644 ${S}/Cargo.lock ${CARGO_LOCK_SRC_DIR}/Cargo.lock
}

do_configure:prepend() {
    if [ "${EVCP_CRATES}" = "evcp-crates-scarthgap" ]; then
        cp ${S}/packaging/yocto/meta-evcp/recipes-evcp/evcp/Cargo.lock.scarthgap ${S}/Cargo.lock
    fi
}

EVCP_LINK = "-L${B}/target/${CARGO_TARGET_SUBDIR} -levcp"

do_compile:append() {
    ${CC} ${CFLAGS} -std=c11 -I${S}/include ${S}/examples/c/minimal.c \
        -o ${B}/evcp-minimal ${LDFLAGS} ${EVCP_LINK}
    ${CC} ${CFLAGS} -std=c11 -I${S}/include ${S}/examples/c/charger/*.c \
        -o ${B}/evcp-charger ${LDFLAGS} ${EVCP_LINK}
    ${CXX} ${CXXFLAGS} -std=c++17 -I${S}/include -I${S}/bindings/cpp ${S}/examples/cpp/charger.cpp \
        -o ${B}/evcp-charger-cpp ${LDFLAGS} ${EVCP_LINK}
}

do_install:append() {
    for name in minimal charger charger-cpp; do
        install -D -m 0755 ${B}/evcp-$name ${D}${bindir}/evcp-$name
    done
}

do_compile_ptest() {
    ${CC} ${CFLAGS} -std=c11 -I${S}/include ${S}/tests/capi/test_capi.c \
        -o ${B}/test_capi ${LDFLAGS} ${EVCP_LINK} -lpthread -lm
}

do_install_ptest() {
    install -m 0755 ${B}/test_capi ${D}${PTEST_PATH}/test_capi
    install -m 0644 ${S}/tests/capi/central.py ${D}${PTEST_PATH}/central.py
}

PACKAGES =+ "${PN}-examples"

FILES:${PN}-examples += "${bindir}/evcp-*"

RDEPENDS:${PN}-ptest += "${PN}-examples python3-asyncio python3-core python3-crypt python3-json"
