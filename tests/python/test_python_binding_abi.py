"""The ctypes description of evcp.h is evcp.h: names, layouts, values and arguments, by a C program."""

import ctypes
import re
import subprocess
import sys

import evcp
import pytest
from evcp import _abi, _library

from binding import BINDING, ROOT, python

HEADER = re.sub(r"/\*.*?\*/", "", (ROOT / "include" / "evcp.h").read_text(), flags=re.DOTALL)

STRUCTS = {
    "evcp_supply_t": _abi.Supply, "evcp_tx_info_t": _abi.TxInfo, "evcp_sample_t": _abi.Sample,
    "evcp_period_t": _abi.Period, "evcp_stats_t": _abi.Stats, "evcp_log_line_t": _abi.LogLine,
    "evcp_callbacks_t": _abi.Callbacks, "evcp_auth_info_t": _abi.AuthInfo, "evcp_timeout_info_t": _abi.TimeoutInfo, "evcp_restart_info_t": _abi.RestartInfo,
    "evcp_status_info_t": _abi.StatusInfo,
    "evcp_data_info_t": _abi.DataInfo, "evcp_boot_info_t": _abi.BootInfo,
    "evcp_connection_info_t": _abi.ConnectionInfo, "evcp_key_info_t": _abi.KeyInfo,
    "evcp_storage_info_t": _abi.StorageInfo,
    "evcp_network_profile_t": _abi.NetworkProfile,
    "evcp_fault_info_t": _abi.FaultInfo,
    "evcp_key_decl_t": _abi.KeyDecl,
    "evcp_frame_info_t": _abi.FrameInfo,
    "evcp_profile_info_t": _abi.ProfileInfo,
    "evcp_limit_t": _abi.LimitGiven, "evcp_local_limit_t": _abi.LocalLimit,
}
#: The longest prefix that fits counts.
ENUMS = {
    "EVCP_E_": evcp.ErrorCode, "EVCP_EV_": evcp.Ev, "EVCP_M_": evcp.Measurand, "EVCP_PHASE_": evcp.Phase,
    "EVCP_AT_": evcp.At, "EVCP_TX_": evcp.Change, "EVCP_BOOT_": evcp.Boot, "EVCP_AUTH_": evcp.Auth,
    "EVCP_BY_": evcp.By, "EVCP_FOR_": evcp.For, "EVCP_WHY_": evcp.Why, "EVCP_FEEDBACK_": evcp.Feedback,
    "EVCP_RESTART_": evcp.Verdict,
    "EVCP_REASON_": evcp.Reason, "EVCP_ERROR_": evcp.Fault, "EVCP_STORAGE_": evcp.Storage, "EVCP_STATUS_": evcp.Status, "EVCP_READ_": evcp.Read, "EVCP_LOG_": evcp.LogLevel,
    "EVCP_KEY_": evcp.KeyKind, "EVCP_FRAME_": evcp.Direction, "EVCP_PURPOSE_": evcp.Purpose,
}
WITHOUT_A_PREFIX = [evcp.Answer, evcp.Link, evcp.Unit]


def fields(body):
    """The names of the members of a struct, in their order."""
    found = []
    for member in body.split(";"):
        if match := re.search(r"\(\*(\w+)\)|(\w+)(?:\[\d+\])?\s*$", member.strip(), re.DOTALL):
            found.append(match.group(1) or match.group(2))
    return found


def structs():
    found = re.findall(r"typedef struct \{(.*?)\} (evcp_\w+);", HEADER, re.DOTALL)
    return {name: fields(body) for body, name in found}


def constants():
    return re.findall(r"^#define (EVCP_\w+) \(?-?\d+\)?$", HEADER, re.MULTILINE)


def functions():
    """name: how many arguments it takes."""
    prototypes = re.sub(r"typedef.*?;", "", HEADER[HEADER.index('extern "C"'):], flags=re.DOTALL)
    found = re.findall(r"\b(evcp_\w+)\(([^()]*)\);", prototypes)
    return {name: 0 if arguments.strip() == "void" else arguments.count(",") + 1 for name, arguments in found}


def python_value(name):
    if name.startswith("EVCP_VERSION_"):
        part = ("MAJOR", "MINOR", "PATCH").index(name[len("EVCP_VERSION_"):])
        return _library.numbers(evcp.__version__)[part]
    if name in ("EVCP_OK", "EVCP_ANSWER_MS"):
        return evcp.ErrorCode.OK if name == "EVCP_OK" else evcp.ANSWER_MS
    for prefix, enum in ENUMS.items():
        if name.startswith(prefix):
            return enum[name[len(prefix):]]
    (enum,) = [enum for enum in WITHOUT_A_PREFIX if name[len("EVCP_"):] in enum.__members__]
    return enum[name[len("EVCP_"):]]


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What a C program says of every struct, member and constant: {name: (numbers)}."""
    lines = []
    for struct, members in structs().items():
        lines.append(f'printf("{struct} %zu %zu\\n", sizeof({struct}), _Alignof({struct}));')
        lines += [
            f'printf("{struct}.{member} %zu %zu\\n", offsetof({struct}, {member}), sizeof((({struct} *)0)->{member}));'
            for member in members
        ]
    lines += [f'printf("{name} %lld\\n", (long long){name});' for name in constants()]
    folder = tmp_path_factory.mktemp("abi")
    source = folder / "abi.c"
    source.write_text("#include <evcp.h>\n#include <stdio.h>\nint main(void)\n{\n" + "\n".join(lines) + "\nreturn 0;\n}\n")
    program = folder / "abi"
    subprocess.run(["cc", "-std=c11", f"-I{ROOT / 'include'}", str(source), "-o", str(program)], check=True)
    text = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    return {name: tuple(map(int, numbers)) for name, *numbers in map(str.split, text.splitlines())}


def test_every_struct_has_the_members_of_the_header_at_their_places(printed):
    assert set(structs()) == set(STRUCTS)
    for name, members in structs().items():
        here = STRUCTS[name]
        assert printed[name] == (ctypes.sizeof(here), ctypes.alignment(here))
        assert [field for field, _ in here._fields_] == members
        for member in members:
            assert printed[f"{name}.{member}"] == (getattr(here, member).offset, getattr(here, member).size), member


def test_every_constant_has_the_value_of_the_header(printed):
    assert len(constants()) > 100
    for name in constants():
        assert printed[name] == (int(python_value(name)),), name


def test_no_enum_has_a_member_that_the_header_lacks():
    known = [python_value(name) for name in constants() if not name.startswith("EVCP_VERSION_")]
    for enum in [*ENUMS.values(), *WITHOUT_A_PREFIX]:
        for member in enum:
            assert any(one is member for one in known), member


def test_every_function_is_declared_with_as_many_arguments_as_it_has():
    assert len(functions()) == HEADER.count("EVCP_API") - 2  # its definitions
    assert {name: len(arguments) for name, (_, arguments) in _abi.FUNCTIONS.items()} == functions()


def kind(text):
    """Which ctypes may stand for a type or an argument of C."""
    if "*" in text:
        return "pointer"
    text = re.sub(r"\bconst\b", "", text).split()[0]
    text = re.search(rf"typedef (\w+) {text};", HEADER).group(1) if f" {text};" in HEADER else text
    # ctypes knows no size_t of its own: it is one of the integers.
    text = text.replace("size_t", f"uint{8 * ctypes.sizeof(ctypes.c_size_t)}_t")
    return "pointer" if text in ("evcp_data_fn", "evcp_log_fn") else text


def ctypes_kind(one):
    if one is None:
        return "void"
    if one in (ctypes.c_void_p, ctypes.c_char_p) or issubclass(one, (ctypes._Pointer, ctypes._CFuncPtr)):
        return "pointer"
    if one in (ctypes.c_bool, ctypes.c_double):
        return one.__name__[len("c_"):]
    sign = "int" if one(-1).value == -1 else "uint"
    return f"{sign}{8 * ctypes.sizeof(one)}_t"


def test_every_argument_and_result_has_the_kind_of_the_header():
    prototypes = dict(re.findall(r"\b(evcp_\w+)\(([^()]*)\);", HEADER))
    for name, (result, arguments) in _abi.FUNCTIONS.items():
        wanted = [] if prototypes[name].strip() == "void" else [kind(one) for one in prototypes[name].split(",")]
        assert [ctypes_kind(one) for one in arguments] == wanted, name
        declared = re.search(rf"([\w \*]+?)\b{name}\(", HEADER).group(1).replace("EVCP_API", "")
        assert ctypes_kind(result) == kind(declared), name


def test_every_slot_has_the_arguments_of_the_header():
    table = re.search(r"typedef struct \{([^}]*)\} evcp_callbacks_t;", HEADER).group(1)
    slots = {name: arguments.split(",") for name, arguments in re.findall(r"\(\*(\w+)\)\(([^)]*)\)", table)}
    assert list(slots) == list(_abi.SLOTS)
    for name, arguments in slots.items():
        assert [ctypes_kind(one) for one in _abi.SLOTS[name]._argtypes_] == [kind(one) for one in arguments], name


def test_a_number_that_this_version_does_not_know_is_a_member_all_the_same():
    status = evcp.Status(4711)
    assert status == 4711 and isinstance(status, evcp.Status) and str(status) == "OTHER_4711"
    with pytest.raises(ValueError):
        evcp.Status("Available")


def test_a_constant_has_the_name_that_ocpp_gives_it():
    named = [evcp.Status.SUSPENDED_EV, evcp.Reason.EV_DISCONNECTED, evcp.Fault.GROUND_FAILURE, evcp.Read.SAMPLE]
    assert [evcp.name(one) for one in named] == ["SuspendedEV", "EVDisconnected", "GroundFailure", "Sample.Periodic"]
    assert evcp.name(evcp.Change.STARTED) == "started" and evcp.name(evcp.Status(4711)) == "unknown"


def test_the_soname_follows_from_the_version():
    names = {"0.1.0": "libevcp.so.0.1", "0.0.7": "libevcp.so.0.0.7", "1.2.3": "libevcp.so.1", "2.0.0-rc.1": "libevcp.so.2"}
    assert {version: _library.soname(version) for version in names} == names


def test_only_a_library_with_the_same_abi_fits():
    assert _library.fits((0, 1, 9), (0, 1, 0)) and _library.fits((1, 3, 0), (1, 2, 5))
    assert not _library.fits((0, 2, 0), (0, 1, 0)) and not _library.fits((1, 1, 0), (1, 2, 0))
    assert not _library.fits((2, 0, 0), (1, 0, 0)) and not _library.fits((0, 1, 0), (1, 1, 0))


def refused(monkeypatch, library):
    monkeypatch.setitem(python.__globals__["ENVIRONMENT"], "EVCP_LIBRARY", str(library))
    result = python("-c", "import evcp")
    assert result.returncode == 1
    return result.stderr.splitlines()[-1]


def built(folder, code):
    (folder / "stub.c").write_text(code)
    subprocess.run(
        ["cc", "-shared", "-fPIC", str(folder / "stub.c"), "-o", str(folder / "libstub.so")], check=True
    )
    return folder / "libstub.so"


def test_a_library_that_is_not_there_is_named(monkeypatch, tmp_path):
    assert "nowhere.so" in refused(monkeypatch, tmp_path / "nowhere.so")


def test_a_library_that_is_another_one_is_named(monkeypatch, tmp_path):
    library = built(tmp_path, "int something_else;")
    assert refused(monkeypatch, library) == f"ImportError: evcp: {library} is not libevcp: it has no evcp_version_number()"


def test_a_library_of_another_abi_is_named_with_both_versions(monkeypatch, tmp_path):
    library = built(tmp_path, "unsigned evcp_version_number(void) { return 0x6301; }")
    text = f"ImportError: evcp: {library} is version 0.99.1, this package is {evcp.__version__}"
    assert refused(monkeypatch, library) == text


def test_a_library_that_lacks_a_function_is_named(monkeypatch, tmp_path):
    major, minor, patch = _library.numbers(evcp.__version__)
    library = built(tmp_path, f"unsigned evcp_version_number(void) {{ return {major << 16 | minor << 8 | patch}; }}")
    assert "has no evcp_strerror()" in refused(monkeypatch, library)


def test_the_package_needs_no_python_newer_than_it_says():
    wanted = re.search(r'requires-python = ">=3\.(\d+)"', (BINDING / "pyproject.toml").read_text()).group(1)
    # In a process of its own: Python 3.11 cannot parse while the garbage collector of a process logs exceptions.
    sources = [str(source) for source in BINDING.rglob("*.py")]
    code = (
        "import ast, pathlib, sys\n"
        f"for source in sys.argv[1:]: ast.parse(pathlib.Path(source).read_text(), feature_version=(3, {wanted}))"
    )
    parsed = python("-c", code, *sources)
    assert sources and parsed.returncode == 0, parsed.stderr


def test_mypy_is_content_with_the_package_and_with_those_who_use_it(tmp_path):
    user = tmp_path / "user.py"
    user.write_text(
        "import evcp\n"
        "class Mine(evcp.ChargePoint):\n"
        "    async def on_unlock(self, connector: int) -> evcp.Answer:\n"
        "        return evcp.Answer.ACCEPTED\n"
        "    def on_meter_read(self, connector: int, context: evcp.Read) -> list[evcp.Sample]:\n"
        "        return [evcp.Sample(1.0)]\n"
        "async def main(config: evcp.Config) -> None:\n"
        "    async with Mine(config) as mine:\n"
        "        reveal_type(mine)\n"
        "        mine.set_ev('1', evcp.Ev.PLUGGED)\n"
    )
    command = ["-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    package = python(*command, str(BINDING / "src" / "evcp"))
    assert package.returncode == 0, package.stdout + package.stderr
    said = python(*command, str(user), cwd=BINDING / "src").stdout
    assert 'Revealed type is "user.Mine"' in said
    assert 'incompatible type "str"; expected "int"' in said and said.count("error:") == 1, said


def test_the_package_imports_without_a_third_party(tmp_path):
    code = "import sys, evcp; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = set(python("-S", "-c", code).stdout.split()) - set(sys.stdlib_module_names)
    assert {name for name in loaded if not name.startswith("_")} == {"evcp"}
