"""The wheels of the Python binding: with the library in it or without, from a checkout or an sdist."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import evcp
import pytest

from binding import BINDING, LIBRARY, ROOT

VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)
PLATFORM = re.sub("[-.]", "_", sysconfig.get_platform())
SAY = "import evcp; print(evcp.__version__, evcp._abi.lib._name); evcp.ChargePoint(evcp.Config('ws://x', 'a', 'v', 'm'))"


def clean(**more):
    """Without what leads to the checkout and its library."""
    kept = {name: value for name, value in os.environ.items() if name not in ("EVCP_LIBRARY", "PYTHONPATH")}
    return {**kept, **more}


def built(folder, *what, **environment):
    """Builds with the packages that are installed here, without the network."""
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), *what, str(BINDING)],
        check=True, env=clean(**environment), capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture
def installed(tmp_path):
    """Installs a wheel into a fresh venv; a function that runs its Python."""

    def install(wheel):
        venv = tmp_path / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
        program = str(venv / "bin" / "python")
        subprocess.run(
            [sys.executable, "-m", "pip", "--python", program, "install", "--quiet", "--no-index", "--no-deps",
             "--disable-pip-version-check", str(wheel)],
            check=True, env=clean(),
        )

        def run(code, **environment):
            return subprocess.run(
                [program, "-c", code], cwd=tmp_path, env=clean(**environment), capture_output=True, text=True
            )

        return run

    return install


def test_the_version_is_that_of_the_library():
    assert evcp.__version__ == VERSION


@pytest.mark.parametrize("what", [("--wheel",), ()], ids=["from the checkout", "from the sdist"])
def test_a_wheel_with_the_library_needs_nothing_else(tmp_path, installed, what):
    wheel = built(tmp_path / "dist", *what, EVCP_LIBRARY=LIBRARY)
    assert wheel.name == f"evcp-{VERSION}-py3-none-{PLATFORM}.whl"
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("evcp/libevcp.so") == Path(LIBRARY).read_bytes()
        assert "evcp/py.typed" in archive.namelist()
        metadata = archive.read(f"evcp-{VERSION}.dist-info/WHEEL").decode()
    assert f"Tag: py3-none-{PLATFORM}\n" in metadata and "Root-Is-Purelib: false" in metadata
    ran = installed(wheel)(SAY)
    assert (ran.returncode, ran.stderr) == (0, "")
    version, name = ran.stdout.split()
    assert version == VERSION and Path(name).parent.name == "evcp" and str(tmp_path) in name


def test_a_wheel_without_the_library_loads_that_of_the_system(tmp_path, installed):
    wheel = built(tmp_path / "dist", "--wheel")
    assert wheel.name == f"evcp-{VERSION}-py3-none-any.whl"
    assert not any(name.endswith(".so") for name in zipfile.ZipFile(wheel).namelist())
    run = installed(wheel)
    missing = run(SAY)
    soname = evcp._library.soname(VERSION)
    assert missing.returncode == 1 and "ImportError: evcp: libevcp was not found" in missing.stderr
    assert soname in missing.stderr

    system = tmp_path / "lib"
    system.mkdir()
    for name in ("libevcp.so", soname):
        (system / name).symlink_to(LIBRARY)
        ran = run(SAY, LD_LIBRARY_PATH=str(system))
        assert (ran.returncode, ran.stdout.split(), ran.stderr) == (0, [VERSION, name], "")
    ran = run(SAY, EVCP_LIBRARY=LIBRARY)
    assert ran.stdout.split() == [VERSION, LIBRARY]


def test_an_sdist_carries_what_it_needs_and_no_library(tmp_path):
    built(tmp_path, EVCP_LIBRARY=LIBRARY)
    (sdist,) = tmp_path.glob("*.tar.gz")
    names = {Path(name).relative_to(f"evcp-{VERSION}").as_posix() for name in tarfile.open(sdist).getnames()}
    assert {"Cargo.toml", "hatch_build.py", "pyproject.toml", "README.md", "src/evcp/__init__.py"} <= names
    assert not any(name.endswith(".so") for name in names)
