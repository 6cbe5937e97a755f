"""The C++ binding: it compiles everywhere, reaches all of the C API, and keeps its promises."""

import asyncio
import json
import os
import re
import subprocess

import pytest

from programs import ended
from test_c_api import LIBRARY, ROOT, SANITIZE, VALGRIND, WARNINGS, run, session_of_the_charger

HEADER = ROOT / "bindings" / "cpp" / "evcp.hpp"
EXAMPLE = "examples/cpp/charger.cpp"
QUESTIONS = "tests/cpp/questions.cpp"
PROMISES = ["tests/cpp/test_cpp.cpp", "tests/cpp/second_unit.cpp"]
INCLUDES = [f"-I{ROOT / 'include'}", f"-I{ROOT / 'bindings' / 'cpp'}"]

#: What evcp.hpp does not name, and why.
NOT_NAMED = {
    "EVCP_VERSION_MAJOR": "a constant of evcp.h, which evcp.hpp includes",
    "EVCP_VERSION_MINOR": "as above",
    "EVCP_VERSION_PATCH": "as above",
    "EVCP_API": "an attribute of declarations",
    "EVCP_H": "the include guard",
    "EVCP_CALLBACKS_INIT": "for those who do without evcp.hpp, which sets struct_size itself",
    "EVCP_SUPPLY_INIT": "as above",
    "EVCP_STATS_INIT": "as above",
    "EVCP_RESTART_INFO_INIT": "as above",
    "EVCP_TX_INFO_INIT": "as above",
    "EVCP_CONNECTION_INFO_INIT": "as above",
    "EVCP_BOOT_INFO_INIT": "as above",
    "EVCP_FAULT_INFO_INIT": "as above",
    "EVCP_KEY_INFO_INIT": "as above",
    "EVCP_KEY_DECL_INIT": "as above",
    "EVCP_PROFILE_INFO_INIT": "as above",
    "EVCP_LIMIT_INIT": "as above",
    "EVCP_LOCAL_LIMIT_INIT": "as above",
}


def built(sources, folder, *flags, compiler="g++", standard="c++14"):
    """Compiles each source as a unit of its own, and links them to one program."""
    sources = [sources] if isinstance(sources, str) else sources
    program = folder / f"{sources[0].rpartition('/')[2]}-{compiler}-{standard}.program"
    subprocess.run(
        [compiler, f"-std={standard}", *WARNINGS, *flags, *INCLUDES, *(str(ROOT / source) for source in sources),
         "-o", str(program), f"-L{LIBRARY.parent}", "-levcp", "-lpthread", f"-Wl,-rpath,{LIBRARY.parent}"],
        check=True,
    )
    return str(program)


@pytest.mark.parametrize("standard", ["c++14", "c++17", "c++20"])
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_the_header_and_all_that_uses_it_compile_without_a_warning(compiler, standard, tmp_path):
    alone = tmp_path / "alone.cpp"
    alone.write_text("#include <evcp.hpp>\n")
    for source, more in [(alone, ["-Wshadow", "-Wconversion", "-Wnon-virtual-dtor"]), (ROOT / EXAMPLE, []),
                         *((ROOT / unit, []) for unit in [*PROMISES, QUESTIONS])]:
        subprocess.run(
            [compiler, f"-std={standard}", *WARNINGS, *more, *INCLUDES, "-fsyntax-only", str(source)], check=True,
        )


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
def test_the_header_defines_no_macro_but_its_guard(compiler):
    def macros(*include):
        listing = subprocess.run(
            [compiler, "-std=c++14", *INCLUDES, "-dM", "-E", "-x", "c++", *include, "-"],
            input="", check=True, capture_output=True, text=True,
        )
        return {line.split()[1] for line in listing.stdout.splitlines()}

    standard = re.findall(r"^#include <(\w+)>", HEADER.read_text(), re.MULTILINE)
    before = macros("-include", "evcp.h", *(word for name in standard for word in ("-include", name)))
    assert macros("-include", "evcp.hpp") - before == {"EVCP_HPP"}


def test_every_function_and_constant_of_the_c_api_is_reached():
    c_api = re.sub(r"/\*.*?\*/", "", (ROOT / "include" / "evcp.h").read_text(), flags=re.DOTALL)
    binding = re.sub(r"//.*", "", HEADER.read_text())
    functions = set(re.findall(r"\b(evcp_\w+)\s*\(", c_api))
    constants = set(re.findall(r"#define (EVCP_\w+)", c_api))
    slots = set(re.findall(r"\(\*(\w+)\)\(void \*user_data", c_api)) - {"evcp_data_fn", "evcp_log_fn"}
    assert len(functions) > 45 and len(constants) > 100 and len(slots) > 15
    reached = set(re.findall(r"\w+", binding))
    # A function counts when it is called, a slot when it is set.
    called = set(re.findall(r"\b(evcp_\w+)\(", binding))
    assigned = set(re.findall(r"slots\.(\w+) =", binding))
    # Only its milliseconds are wanted, in the text.
    explained = {"EVCP_ANSWER_MS"} & set(re.findall(r"EVCP_\w+", HEADER.read_text()))
    assert functions - called == set()
    assert constants - reached - explained == set(NOT_NAMED)
    assert slots - assigned == set()


def unexplained(declaration, access="public"):
    """The public items below a declaration that have no comment, as the compiler sees them."""
    for item in declaration.get("inner", []):
        kind, name = item["kind"], item.get("name")
        if kind == "AccessSpecDecl":
            access = item["access"]
        if access != "public" or name in (None, "detail") or item.get("isImplicit") or not kind.endswith("Decl"):
            continue
        # Copying, moving and destruction are explained at the class.
        special = name.startswith("~") or item.get("explicitlyDeleted") or (
            kind == "CXXConstructorDecl" and re.search(r"\((const )?evcp::\w+ &&?\)|\((const )?\w+ &&?\)$",
                                                       item["type"]["qualType"].replace(" noexcept", "")))
        if not special and not any(part["kind"] == "FullComment" for part in item.get("inner", [])):
            yield f"{kind} {name}"
        if kind in ("NamespaceDecl", "EnumDecl", "CXXRecordDecl"):
            inside = "private" if item.get("tagUsed") == "class" else "public"
            yield from unexplained(item, inside)


def test_every_public_item_of_the_header_is_explained():
    dump = subprocess.run(
        ["clang++", "-std=c++14", *INCLUDES, "-x", "c++", "-fsyntax-only", "-Xclang", "-ast-dump=json",
         "-Xclang", "-ast-dump-filter=evcp", str(HEADER)],
        check=True, capture_output=True, text=True,
    ).stdout
    decoder, at, namespaces = json.JSONDecoder(), dump.find("{"), []
    while at >= 0:
        found, end = decoder.raw_decode(dump, at)
        if found["kind"] == "NamespaceDecl" and found["name"] == "evcp":
            namespaces.append(found)
        at = dump.find("{", end)
    assert namespaces
    assert [name for namespace in namespaces for name in unexplained(namespace)] == []


async def test_the_binding_keeps_every_promise(central, tmp_path):
    assert "0 failures" in await run([built(PROMISES, tmp_path), central.url])


async def test_the_binding_keeps_every_promise_with_another_compiler(central, tmp_path):
    program = built(PROMISES, tmp_path, "-O2", compiler="clang++", standard="c++20")
    assert "0 failures" in await run([program, central.url])


@pytest.mark.parametrize("compiler", ["g++", "clang++"])
async def test_the_binding_is_clean_under_sanitizers(compiler, central, tmp_path):
    program = built(PROMISES, tmp_path, *SANITIZE, compiler=compiler, standard="c++17")
    assert "0 failures" in await run([program, central.url])


async def test_the_binding_is_clean_under_valgrind(central, tmp_path):
    program = built(PROMISES, tmp_path, "-g")
    assert "0 failures" in await run([*VALGRIND, program, central.url])


async def answers_on_the_wire(command, central):
    """Asks all that a central system can ask; returns what the charge point printed."""
    point = central.point("QUESTIONS")
    process = await asyncio.create_subprocess_exec(
        *command, central.url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=os.environ,
    )
    central.point("QUESTIONS").policy.data_transfer = {"status": "Accepted", "data": "welcome"}
    await point.status(7, "Available", timeout=60)
    sent = await point.wait("DataTransfer", vendorId="vendor")
    assert sent == {"vendorId": "vendor", "messageId": "hello", "data": "there"}

    unlocked = [(await point.call("UnlockConnector", connector_id=number)).status for number in range(1, 8)]
    assert unlocked == [
        "UnlockFailed",  # dropped
        "Unlocked", "UnlockFailed", "NotSupported",
        "Unlocked",  # kept, and answered by another thread
        "UnlockFailed", "UnlockFailed",  # a std::exception and an int were thrown
    ]
    echoed = await point.call("DataTransfer", vendor_id="echo", message_id="m", data="d")
    assert (echoed.status, echoed.data) == ("Accepted", "m/d")
    assert (await point.call("DataTransfer", vendor_id="dropped")).status == "Rejected"
    assert (await point.call("DataTransfer", vendor_id="nobody")).status == "UnknownVendorId"
    assert (await point.call("ChangeConfiguration", key="Colour", value="blue")).status == "Accepted"
    assert (await point.call("ChangeAvailability", connector_id=3, type="Inoperative")).status == "Accepted"
    trigger = {"requested_message": "MeterValues", "connector_id": 2}
    assert (await point.call("TriggerMessage", **trigger)).status == "Accepted"
    shown = await point.wait("MeterValues", connectorId=2)  # a dropped reply: what was pushed last
    assert float(shown["meterValue"][0]["sampledValue"][0]["value"]) == 4321
    assert (await point.call("Reset", type="Soft")).status == "Rejected"  # dropped
    assert (await point.call("Reset", type="Hard")).status == "Accepted"
    code, out, err = await ended(process)
    assert code == 0, f"{out.decode()}\n{err.decode()}"
    return out.decode().splitlines()


async def expect_the_answers(command, central):
    printed = await answers_on_the_wire(command, central)
    assert "vendor data: welcome" in printed
    assert "exception: the motor burns" in printed and "exception of another kind" in printed
    assert "key Colour is blue" in printed and "connector 3 out of service" in printed
    assert "time" in printed and "wrong time" not in printed


async def test_a_reply_that_is_dropped_kept_or_thrown_away_is_seen_on_the_wire(central, tmp_path):
    await expect_the_answers([built(QUESTIONS, tmp_path)], central)


async def test_a_handler_that_is_not_there_is_the_default_of_the_library(central, tmp_path):
    point = central.point("QUESTIONS")
    process = await asyncio.create_subprocess_exec(built(QUESTIONS, tmp_path), central.url, "none")
    await point.status(7, "Available", timeout=60)
    assert (await point.call("UnlockConnector", connector_id=1)).status == "NotSupported"
    assert (await point.call("Reset", type="Hard")).status == "Rejected"
    assert (await point.call("DataTransfer", vendor_id="echo")).status == "UnknownVendorId"
    process.kill()
    await process.wait()


async def test_replies_are_clean_under_sanitizers(central, tmp_path):
    await expect_the_answers([built(QUESTIONS, tmp_path, *SANITIZE, compiler="clang++")], central)


async def test_replies_are_clean_under_valgrind(central, tmp_path):
    await expect_the_answers([*VALGRIND, built(QUESTIONS, tmp_path, "-g")], central)


async def test_the_example_in_cpp_charges(central, tmp_path):
    await session_of_the_charger([built(EXAMPLE, tmp_path)], central, tmp_path)


async def test_the_example_in_cpp_is_clean_under_sanitizers(central, tmp_path):
    await session_of_the_charger([built(EXAMPLE, tmp_path, *SANITIZE)], central, tmp_path)


async def test_the_example_in_cpp_is_clean_under_valgrind(central, tmp_path):
    await session_of_the_charger([*VALGRIND, built(EXAMPLE, tmp_path, "-g")], central, tmp_path)


README = (ROOT / "bindings" / "cpp" / "README.md").read_text()


async def test_the_program_in_the_readme_of_the_binding_runs(tmp_path):
    source = tmp_path / "readme.cpp"
    source.write_text(re.search(r"```cpp\n(.*?)```", README, re.DOTALL).group(1))
    assert "connector 1 off" in await run([built(str(source), tmp_path)])


def test_the_example_builds_with_the_line_in_the_readme_of_the_binding(tmp_path):
    line = re.search(r"^c\+\+ -std=c\+\+14 .*$", README, re.MULTILINE).group(0)
    assert all(flag in line for flag in WARNINGS) and EXAMPLE in line
    for name in ("include", "bindings", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "release").symlink_to(LIBRARY.parent)
    subprocess.run(line, shell=True, cwd=tmp_path, check=True)
