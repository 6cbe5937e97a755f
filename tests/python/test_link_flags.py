"""packaging/link-flags: the linker's flags that make the library smaller, where they are possible."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "link-flags"
TARGET = "armv7-unknown-linux-gnueabihf"
PACKED, FOLDED = "-Clink-arg=-Wl,-z,pack-relative-relocs", "-Clink-arg=-Wl,--icf=safe"

#: A cargo whose linker refuses what $REFUSED names, and does not know what $UNKNOWN names but goes on.
CARGO = """#!/bin/sh
flag=; for each; do [ "$last" != --target-dir ] || out=$each/debug; last=$each flag=$each; done
[ "$flag" != "$REFUSED" ] || exit 1
mkdir -p "$out"
case $flag in "$UNKNOWN") ;; *relocs) echo GLIBC_ABI_DT_RELR ;; esac > "$out/libprobe.so"
"""
#: A compiler with the headers of $GLIBC, or of those in its sysroot.
COMPILER = """#!/bin/sh
for each; do case $each in --sysroot=*) GLIBC=${each#--sysroot=glibc-} ;; esac; done
cat > /dev/null
echo "${GLIBC:-__GLIBC__ __GLIBC_MINOR__}" | tr . ' '
"""


@pytest.fixture
def flags(tmp_path):
    """What the script says with these in the environment."""
    for name, text in {"cargo": CARGO, "compiler": COMPILER}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def run(**environment):
        known = {key: os.environ[key] for key in ["PATH", "HOME"]}
        known |= {"CARGO": str(tmp_path / "cargo"), "CC": str(tmp_path / "compiler")}
        environment = {key: value.replace("COMPILER", known["CC"]) for key, value in environment.items()}
        return subprocess.run(
            [SCRIPT], env=known | environment, check=True, capture_output=True, text=True
        ).stdout.split()

    return run


@pytest.mark.parametrize("glibc", ["2.36", "2.41", "2.99", "2.100"])
def test_relocations_are_packed_from_glibc_2_36_on(flags, glibc):
    assert flags(GLIBC=glibc) == [PACKED, FOLDED]


@pytest.mark.parametrize("glibc", ["2.35", "2.31", "2.4", "1.99", "", "3.0"])
def test_relocations_are_not_packed_for_older_loaders_and_other_c_libraries(flags, glibc):
    assert flags(GLIBC=glibc) == [FOLDED]


def test_a_linker_that_refuses_a_flag_or_does_not_know_it_does_not_get_it(flags):
    assert flags(GLIBC="2.41", REFUSED=FOLDED) == [PACKED]
    assert flags(GLIBC="2.41", REFUSED=PACKED) == [FOLDED]
    assert flags(GLIBC="2.41", UNKNOWN=PACKED) == [FOLDED]


def test_without_a_compiler_or_without_cargo_nothing_is_known(flags):
    assert flags(CC="/does/not/exist") == [FOLDED]
    assert flags(GLIBC="2.41", CARGO="/does/not/exist") == []


def test_for_another_machine_its_own_compiler_and_sysroot_are_asked(flags):
    name = TARGET.replace("-", "_")
    linker, rustflags = (f"CARGO_TARGET_{name.upper()}_{what}" for what in ["LINKER", "RUSTFLAGS"])
    old, new = "--sysroot=glibc-2.35", "--sysroot=glibc-2.36"
    # Who builds says nothing of the machine that it is built for.
    assert flags(GLIBC="2.41", TARGET=TARGET) == [FOLDED]
    assert flags(GLIBC="2.41", TARGET=TARGET, **{f"CC_{name}": "COMPILER"}) == [PACKED, FOLDED]
    assert flags(GLIBC="2.41", TARGET=TARGET, **{linker: "COMPILER"}) == [PACKED, FOLDED]
    asked = {f"CC_{name}": "COMPILER", "GLIBC": "2.41", "TARGET": TARGET}
    assert flags(**asked, **{f"CFLAGS_{name}": old}) == [FOLDED]
    assert flags(**asked, **{f"CFLAGS_{name}": new}) == [PACKED, FOLDED]
    assert flags(**asked, **{rustflags: f"-Clink-arg={old} -Clink-arg=-fuse-ld=bfd"}) == [FOLDED]
    # The linker's counts: it is what the library is linked with.
    assert flags(**asked, **{f"CFLAGS_{name}": new, rustflags: f"-Clink-arg={old}"}) == [FOLDED]
