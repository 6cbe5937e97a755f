"""Turns evcp.h into a shared library of empty functions, whose debug information has all types of the API.

A library made by rustc does not show the types that are reached only through callbacks; this one does.

usage: stub.py HEADER OUTPUT.so
"""

import re
import subprocess
import sys
from pathlib import Path


def definitions(header):
    """The header, with a body for each function."""
    text = Path(header).read_text()
    # Each declaration begins with EVCP_API.
    declared = re.findall(r"^EVCP_API\s+(.*?);", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL), re.MULTILINE | re.DOTALL)
    bodies = []
    for declaration in declared:
        kind = re.match(r"(?:EVCP_\w+\s+)?(.*?)\bevcp_\w+\s*\(", declaration, re.DOTALL)[1].strip()
        bodies.append(f"{declaration}\n{{\n    {'' if kind == 'void' else f'return ({kind})0;'}\n}}\n")
    return text, bodies


def build(header, output):
    text, bodies = definitions(header)
    source = Path(output).with_suffix(".c")
    source.write_text("\n".join([text, *bodies]))
    subprocess.run(
        ["gcc", "-std=c11", "-g", "-fno-eliminate-unused-debug-types", "-fPIC", "-shared", "-w", source, "-o", output,
         "-Wl,-soname,libevcp.so"],
        check=True,
    )
    return len(bodies)


if __name__ == "__main__":
    build(sys.argv[1], sys.argv[2])
