"""The official JSON schemas of OCPP 1.6, as the package `ocpp` carries them, and what can be made of them.

A schema is walked as a tree of `{"type": ..}`; references are resolved on loading.
"""

import copy
import json
import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import jsonschema
import ocpp
from hypothesis import strategies as st

FOLDER = Path(ocpp.__file__).parent / "v16" / "schemas"
FORMATS = jsonschema.FormatChecker(["date-time"])
assert "date-time" in FORMATS.checkers, "rfc3339-validator is missing"

INT32 = (-(2**31), 2**31 - 1)
INT64 = (-(2**63), 2**63 - 1)

# Integers that count watt-hours, which need more than 32 bits.
WIDE = {"meterStart", "meterStop", "transactionId"}

TYPE = "TypeConstraintViolation"
PROPERTY = "PropertyConstraintViolation"
OCCURENCE = "OccurenceConstraintViolation"
FORMATION = "FormationViolation"


def load(path):
    # Decimal, because 0.3 is no multiple of 0.1 among floats.
    schema = json.loads(path.read_text("utf-8-sig"), parse_float=Decimal)
    definitions = schema.pop("definitions", {})

    def resolve(node):
        if isinstance(node, list):
            return [resolve(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return resolve(definitions[node["$ref"].rsplit("/", 1)[1]])
        return correct({key: resolve(value) for key, value in node.items()})

    return resolve(schema)


def correct(node):
    """What the specification says and the files do not, or the other way round."""
    words = node.get("enum")
    if isinstance(words, list) and "Celcius" in words:
        # OCPP-J 1.6 errata 2.1: both spellings. OCPP 1.6, 7.45: there is no Hertz.
        node["enum"] = [word for word in words if word not in ("Celsius", "Hertz")] + ["Celsius"]
    return node


# The name of the file, such as "ResetResponse", to the schema.
SCHEMAS = {path.stem: load(path) for path in sorted(FOLDER.glob("*.json"))}


def check(name, text):
    """Raises unless the text is a valid payload by the official schema."""
    schema = SCHEMAS[name]
    validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft4Validator)
    validator(schema, format_checker=FORMATS).validate(json.loads(text, parse_float=Decimal))


def is_date(schema):
    return schema.get("format") == "date-time"


# ---- valid payloads ----


def payloads(schema, name=""):
    """A strategy for valid payloads."""
    kind = schema["type"]
    if kind == "object":
        members = schema.get("properties", {})
        required = set(schema.get("required", []))
        each = {key: payloads(value, key) for key, value in members.items()}
        return st.fixed_dictionaries(
            {key: value for key, value in each.items() if key in required},
            optional={key: value for key, value in each.items() if key not in required},
        )
    if kind == "array":
        return st.lists(payloads(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
    if kind == "integer":
        return st.integers(*(INT64 if name in WIDE else INT32))
    if kind == "number":
        assert schema["multipleOf"] == Decimal("0.1")
        return st.integers(-(10**9), 10**9).map(lambda tenths: tenths / 10)
    if kind == "boolean":
        return st.booleans()
    assert kind == "string", kind
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if is_date(schema):
        return dates()
    longest = schema.get("maxLength", 1000)
    short = st.text(st.characters(exclude_categories=["Cs"]), max_size=min(longest, 30))
    return st.one_of(short, st.sampled_from("aé🔌").map(lambda char: char * longest))


@st.composite
def dates(draw):
    """RFC 3339, with any fraction and offset."""
    date = draw(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)))
    fraction = draw(st.text("0123456789", max_size=12))
    offset = draw(st.sampled_from(["Z", "+00:00", "-00:00", "+02:00", "-05:30", "+14:00", "-12:00"]))
    point = "." if fraction else ""
    return date.replace(microsecond=0).isoformat() + point + fraction + offset


def instant(text):
    """The point in time, cut to milliseconds."""
    form = r"(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d+))?(?:Z|([+-])(\d+):(\d+))"
    *fields, fraction, sign, hours, minutes = re.fullmatch(form, text).groups()
    date = datetime(*map(int, fields)) + timedelta(milliseconds=int((fraction or "").ljust(3, "0")[:3]))
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    return date + offset if sign == "-" else date - offset


def meaning(value, schema):
    """The payload with what may be spelt in several ways replaced by what it means."""
    if schema["type"] == "object":
        return {key: meaning(item, schema["properties"][key]) for key, item in value.items()}
    if schema["type"] == "array":
        return [meaning(item, schema["items"]) for item in value]
    return instant(value) if is_date(schema) else value


# ---- invalid payloads ----


def faults(payload, schema):
    """All single faults that can be made in a valid payload: (faulty payload, code, path)."""
    for value in ([], "x", 1, 1.5, True):
        yield value, FORMATION, ""
    for steps, replace, code, path in inside(payload, schema, (), "", ""):
        faulty = copy.deepcopy(payload)
        *outer, last = steps
        target = faulty
        for step in outer:
            target = target[step]
        if replace is REMOVED:
            del target[last]
        else:
            target[last] = replace
        yield faulty, code, path


REMOVED = object()


def inside(value, schema, steps, path, name, required=True):
    """Faults as (steps to the place, what to put there, code, path)."""
    if steps:
        for wrong, code in wrong_values(schema, name):
            yield steps, wrong, code, path
        if required:
            yield steps, None, TYPE, path
    if schema["type"] == "object":
        members = schema.get("properties", {})
        inner = f"{path}." if path else ""
        for extra in ["extra"] + [key.capitalize() for key in list(members)[:1]]:
            if extra not in members:
                yield (*steps, extra), 1, FORMATION, inner + extra
                yield (*steps, extra), None, FORMATION, inner + extra
        for key in schema.get("required", []):
            yield (*steps, key), REMOVED, OCCURENCE, inner + key
        for key, item in value.items():
            required = key in schema.get("required", [])
            yield from inside(item, members[key], (*steps, key), inner + key, key, required)
    elif schema["type"] == "array":
        for index, item in enumerate(value):
            yield from inside(item, schema["items"], (*steps, index), f"{path}[{index}]", "")


def wrong_values(schema, name):
    kind = schema["type"]
    samples = {
        "string": ["1"],
        "integer": [1, 1.5],
        "number": [1, 1.5],
        "boolean": [True, False],
        "array": [[], [1]],
        "object": [{}, {"a": 1}],
    }
    for other, values in samples.items():
        numbers = {"integer", "number"}
        if other != kind and not {other, kind} <= numbers:
            yield from ((value, TYPE) for value in values)
    if kind == "integer":
        low, high = INT64 if name in WIDE else INT32
        yield from ((value, PROPERTY) for value in (high + 1, low - 1, 2**64, 10**30))
        yield from ((value, TYPE) for value in (1.5, -0.1))
    if kind == "number":
        yield from ((value, PROPERTY) for value in (1e16, -1e300))
    if "enum" in schema:
        word = schema["enum"][0]
        for wrong in ("", "Nonsense", word.swapcase(), word + " "):
            if wrong not in schema["enum"]:
                yield wrong, PROPERTY
    elif is_date(schema):
        for wrong in ("", "yesterday", "2024-02-30T00:00:00Z", "2024-01-01", "2024-01-01T25:00:00Z"):
            yield wrong, PROPERTY
    elif "maxLength" in schema:
        yield from ((char * (schema["maxLength"] + 1), PROPERTY) for char in "aé🔌")


def without_optional(payload, schema):
    """All ways to say of one optional member that it is not there: (with null, without it)."""
    if schema["type"] == "object":
        members = schema.get("properties", {})
        for key in sorted(members.keys() - set(schema.get("required", []))):
            rest = {name: item for name, item in payload.items() if name != key}
            yield {**rest, key: None}, rest
        for key, item in payload.items():
            for null, absent in without_optional(item, members[key]):
                yield {**payload, key: null}, {**payload, key: absent}
    elif schema["type"] == "array":
        for index, item in enumerate(payload):
            for null, absent in without_optional(item, schema["items"]):
                yield tuple([*payload[:index], one, *payload[index + 1:]] for one in (null, absent))


# ---- what there is in a schema ----


def parts(schema, path=""):
    """The paths of all members, and all words as `path=word`."""
    if schema["type"] == "object":
        for key, item in schema.get("properties", {}).items():
            yield f"{path}.{key}"
            yield from parts(item, f"{path}.{key}")
    elif schema["type"] == "array":
        yield from parts(schema["items"], f"{path}[]")
    for word in schema.get("enum", []):
        yield f"{path}={word}"


def parts_of(value, schema, path=""):
    """The same, as far as they occur in a payload."""
    if schema["type"] == "object":
        for key, item in value.items():
            yield f"{path}.{key}"
            yield from parts_of(item, schema["properties"][key], f"{path}.{key}")
    elif schema["type"] == "array":
        for item in value:
            yield from parts_of(item, schema["items"], f"{path}[]")
    elif "enum" in schema:
        yield f"{path}={value}"
