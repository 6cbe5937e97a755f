"""The Yocto layer: crates, licences and versions agree with the tree, and the recipes do what they say.

bitbake's own parser reads the recipes; the classes of openembedded-core are stood in for by the few lines
of them that the recipes lean on. What the recipe compiles and installs is compiled and installed here, and
the package's tests are run.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
YOCTO = ROOT / "packaging" / "yocto"
LAYER = YOCTO / "meta-evcp"
RECIPES = LAYER / "recipes-evcp" / "evcp"
LIBRARY = Path(os.environ.get("EVCP_LIBRARY", ROOT / "target" / "release" / "libevcp.so"))

LOCKS = {
    "evcp-crates.inc": ROOT / "Cargo.lock",
    "evcp-crates-scarthgap.inc": RECIPES / "Cargo.lock.scarthgap",
}

RELEASES = ["scarthgap", "whinlatter", "wrynose", "blacksail"]

#: What oelint-adv asks for and the layer does without, each with the reason.
SUPPRESSED = {
    "oelint.var.mandatoryvar.HOMEPAGE": "the project has no page yet",
    "oelint.var.suggestedvar.BUGTRACKER": "the project has no page yet",
    "oelint.var.bbclassextend": "the library is for the device alone",
}

CARGO_C = (
    "cargo_c_do_compile() {\n    :\n}\ncargo_c_do_install() {\n    : %s\n}\n"
    "EXPORT_FUNCTIONS do_compile do_install\n"
)

#: What a recipe needs of the classes that it inherits.
CLASSES = {
    "base": "",
    "cargo": 'CARGO_BUILD_FLAGS = "--frozen"\nCARGO_TARGET_SUBDIR = "release"\n',
    "cargo_c": CARGO_C % "--library-type cdylib",
    "cargo-update-recipe-crates": "",
    "ptest": 'PTEST_PATH = "${libdir}/${BPN}/ptest"\n',
    "python_hatchling": "",
}


#: A commit, for what does not depend on it.
PINNED = "0123456789012345678901234567890123456789"


@pytest.fixture
def recipe(tmp_path):
    """Reads a recipe as a release would: `recipe("evcp", ["PV"], RUSTVERSION="1.75%")`; None unsets."""

    def read(name, get, classes=(), **settings):
        folder = tmp_path / "layer"
        for file, text in {**CLASSES, **dict(classes)}.items():
            (folder / "classes").mkdir(parents=True, exist_ok=True)
            (folder / "classes" / f"{file}.bbclass").write_text(text)
        settings = {
            "RUSTVERSION": "1.94%", "WORKDIR": str(tmp_path), "DL_DIR": str(tmp_path / "downloads"),
            "libdir": "/usr/lib", "bindir": "/usr/bin", "EVCP_SRCREV": PINNED, **settings,
        }
        settings = {variable: value for variable, value in settings.items() if value is not None}
        (file,) = RECIPES.glob(f"{name}_*.bb")
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name("recipe_reader.py"), file, folder,
             json.dumps({"set": settings, "get": get})],
            capture_output=True, text=True,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return read


def locked(lock):
    packages = tomllib.loads(lock.read_text())["package"]
    return {f"{crate['name']}/{crate['version']}": crate["checksum"] for crate in packages if "source" in crate}


@pytest.mark.parametrize("listing", LOCKS)
def test_the_crates_are_those_of_the_lock_file(listing):
    uris = re.findall(r"^    crate://crates\.io/(\S+) \\$", (RECIPES / listing).read_text(), re.MULTILINE)
    assert len(uris) > 100
    assert sorted(uris) == sorted(locked(LOCKS[listing]))


@pytest.mark.parametrize("listing", LOCKS)
def test_each_crate_has_the_checksum_of_the_lock_file(listing):
    sums = re.findall(r'^SRC_URI\[(\S+)\.sha256sum\] = "(\w+)"$', (RECIPES / listing).read_text(), re.MULTILINE)
    assert dict(sums) == {uri.replace("/", "-"): checksum for uri, checksum in locked(LOCKS[listing]).items()}


@pytest.fixture
def copy(tmp_path):
    """A tree that may be spoiled: the layer, its script, and the lock file."""
    shutil.copytree(YOCTO, tmp_path / "packaging" / "yocto")
    shutil.copy(ROOT / "Cargo.lock", tmp_path)
    return tmp_path


def update(tree, *arguments):
    script = tree / "packaging" / "yocto" / "update-crates"
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)


def test_the_check_of_the_crates_passes_here(copy):
    done = update(copy, "--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_check_of_the_crates_names_a_list_that_is_behind(copy):
    lock = copy / "Cargo.lock"
    lock.write_text(re.sub(r'(name = "libc"\nversion = ")', r"\g<1>9", lock.read_text()))
    done = update(copy, "--check")
    assert done.returncode == 1
    assert "evcp-crates.inc is not what Cargo.lock says" in done.stderr


def test_the_update_of_the_crates_mends_a_list_that_is_behind(copy):
    listing = copy / RECIPES.relative_to(ROOT) / "evcp-crates.inc"
    listing.write_text("")
    assert update(copy).returncode == 0
    assert listing.read_text() == (RECIPES / "evcp-crates.inc").read_text()


@pytest.mark.parametrize("name", ["evcp", "python3-evcp"])
def test_the_recipe_has_the_version_and_the_licence_of_the_crate(recipe, name):
    crate = tomllib.loads((ROOT / "Cargo.toml").read_text())["package"]
    read = recipe(name, ["PN", "PV", "LICENSE"])
    assert (read["PN"], read["PV"]) == (name, crate["version"])
    assert read["LICENSE"].split(" | ") == crate["license"].split(" OR ")


def test_the_checksums_of_the_licences_are_right(recipe):
    files = re.findall(r"file://(\S+);md5=(\w+)", recipe("evcp", ["LIC_FILES_CHKSUM"])["LIC_FILES_CHKSUM"])
    assert {name for name, _ in files} == {"LICENSE-APACHE", "LICENSE-MIT"}
    assert all(hashlib.md5((ROOT / name).read_bytes()).hexdigest() == md5 for name, md5 in files)


@pytest.mark.parametrize("release", RELEASES)
def test_the_linter_finds_nothing(release):
    files = [LAYER / "conf" / "layer.conf", *sorted(RECIPES.glob("*.bb")), *sorted(RECIPES.glob("*.inc"))]
    suppressed = [word for rule in SUPPRESSED for word in ("--suppress", rule)]
    done = subprocess.run(
        [sys.executable, "-m", "oelint_adv", "--quiet", "--release", release, *suppressed, *files],
        capture_output=True, text=True,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_layer_says_which_releases_it_is_for():
    said = re.search(r'^LAYERSERIES_COMPAT_evcp = "(.*)"$', (LAYER / "conf" / "layer.conf").read_text(), re.MULTILINE)
    assert said.group(1).split() == RELEASES


@pytest.mark.parametrize(
    ("rust", "crates"),
    [("1.75%", "evcp-crates-scarthgap"), ("1.85.1", "evcp-crates-scarthgap"), ("1.90%", "evcp-crates"),
     ("1.97.1%", "evcp-crates"), ("%", "evcp-crates")],
)
def test_an_old_compiler_gets_the_crates_that_it_can_build(recipe, rust, crates):
    read = recipe("evcp", ["SRC_URI", "do_configure"], RUSTVERSION=rust)
    uris = re.findall(r"crate://crates\.io/(\S+)", read["SRC_URI"])
    assert sorted(uris) == sorted(locked(LOCKS[f"{crates}.inc"]))
    assert f'[ "{crates}" = "evcp-crates-scarthgap" ]' in read["do_configure"]


@pytest.mark.parametrize(
    "classes",
    [
        {},
        {"cargo_c": CARGO_C % "--libdir ${libdir}"},
        {"cargo_c": CARGO_C % "" + 'CARGO_C_BUILD_FLAGS = "--libdir ${libdir}"\n'},
    ],
    ids=["class without it", "class that installs with it", "class that builds with it"],
)
def test_cargo_is_told_once_where_libraries_go(recipe, classes):
    read = recipe("evcp", ["CARGO_BUILD_FLAGS"], classes=classes)
    assert read["CARGO_BUILD_FLAGS"].count("--libdir /usr/lib") == (0 if classes else 1)
    assert "--no-default-features --features capi" in read["CARGO_BUILD_FLAGS"]


def git(folder, *arguments):
    return subprocess.run(["git", "-C", folder, *arguments], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(copy):
    """The copy, committed."""
    git(copy, "init", "-q")
    git(copy, "add", ".")
    git(copy, "-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "-m", "x")
    return copy


def test_what_is_built_is_the_commit_around_the_layer(recipe, repository, monkeypatch):
    monkeypatch.setitem(globals(), "RECIPES", repository / RECIPES.relative_to(ROOT))
    read = recipe("evcp", ["SRC_URI"], EVCP_SRCREV=None)
    assert read["SRC_URI"].split()[0].startswith(f"git://{repository};protocol=file;")
    assert read["revision"] == git(repository, "rev-parse", "HEAD")


def test_sources_from_elsewhere_are_pinned_by_two_variables(recipe):
    mirror = "git://git.example.com/evcp.git;protocol=https;branch=main"
    read = recipe("python3-evcp", ["SRC_URI", "BP"], EVCP_GIT=mirror, EVCP_SRCREV=PINNED)
    assert read["SRC_URI"] == f"{mirror};destsuffix={read['BP']}"
    assert read["revision"] == PINNED


def test_the_recipe_for_python_finds_its_project():
    text = next(RECIPES.glob("python3-evcp_*.bb")).read_text()
    folder = re.search(r'^PEP517_SOURCE_PATH = "\$\{S\}/(.*)"$', text, re.MULTILINE).group(1)
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())
    assert project["build-system"]["build-backend"] == "hatchling.build"
    assert project["project"]["name"] == "evcp"


def run(script, **environment):
    return subprocess.run(["sh", "-e"], input=script, env={**os.environ, **environment}, capture_output=True, text=True)


@pytest.fixture
def image(recipe, tmp_path):
    """What the recipe installs, beside the library: made by the commands of the recipe."""
    target = tmp_path / "build" / "target"
    target.mkdir(parents=True)
    (target / "release").symlink_to(LIBRARY.parent)
    tasks = ["do_compile", "do_compile_ptest", "do_install", "do_install_ptest"]
    read = recipe(
        "evcp", [*tasks, "D", "PTEST_PATH"], S=str(ROOT), CC="cc", CXX="c++", CFLAGS="-O1 -Wall -Werror",
        CXXFLAGS="-O1 -Wall -Werror", LDFLAGS=f"-Wl,-rpath,{LIBRARY.parent}",
    )
    tests = Path(read["D"] + read["PTEST_PATH"])
    tests.mkdir(parents=True)
    shutil.copy(RECIPES / "evcp" / "run-ptest", tests)
    # The classes' own tasks build the library, which is here already.
    done = run("cargo_c_do_compile() { :; }\ncargo_c_do_install() { :; }\n" + "\n".join(read[task] for task in tasks))
    assert done.returncode == 0, done.stderr
    return Path(read["D"]), tests


def test_the_tests_of_the_package_pass(image):
    root, tests = image
    done = run(f"{tests}/run-ptest", BIN=str(root / "usr" / "bin"))
    results = re.findall(r"^(PASS|FAIL): (\S+)$", done.stdout, re.MULTILINE)
    assert results == [("PASS", name) for name in ("test_capi", "minimal", "charger", "charger-cpp")], done.stderr
    assert done.returncode == 0


def test_the_tests_of_the_package_say_what_fails(image):
    root, tests = image
    (root / "usr" / "bin" / "evcp-charger").write_text("#!/bin/sh\nexit 0\n")
    (root / "usr" / "bin" / "evcp-minimal").unlink()
    done = run(f"{tests}/run-ptest", BIN=str(root / "usr" / "bin"))
    results = re.findall(r"^(PASS|FAIL): (\S+)$", done.stdout, re.MULTILINE)
    assert results == [("PASS", "test_capi"), ("FAIL", "minimal"), ("FAIL", "charger"), ("PASS", "charger-cpp")]
    assert done.returncode == 2
