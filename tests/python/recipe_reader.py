"""Reads a recipe with bitbake's own parser and prints variables of it as JSON.

usage: recipe_reader.py RECIPE CLASSES VARIABLES

CLASSES is a folder of classes in the place of openembedded-core's; VARIABLES is JSON: "set" holds what
the configuration would say, "get" names what is printed.
"""

import json
import os
import sys
import types

# The package leaves out bitbake's hash server, which only a build talks to.
sys.modules["hashserv"] = types.ModuleType("hashserv")
sys.modules["hashserv.client"] = sys.modules["hashserv"].client = types.ModuleType("hashserv.client")

import bb.data
import bb.fetch2
import bb.parse

#: The part of bitbake.conf that says what a recipe is called and where its files are.
CONFIGURATION = {
    "__bbclasstype": "recipe",
    "PN": "${@bb.parse.vars_from_file(d.getVar('FILE', False), d)[0]}",
    "PV": "${@bb.parse.vars_from_file(d.getVar('FILE', False), d)[1]}",
    "BPN": "${PN}",
    "BP": "${BPN}-${PV}",
    "S": "${WORKDIR}/${BP}",
    "B": "${WORKDIR}/build",
    "D": "${WORKDIR}/image",
    "THISDIR": "${@os.path.dirname(d.getVar('FILE'))}",
    "AUTOREV": "${@bb.fetch2.get_autorev(d)}",
    "BB_SRCREV_POLICY": "clear",
    "PATH": os.environ["PATH"],
}


def read(recipe, classes, variables):
    d = bb.data.init()
    for name, value in {**CONFIGURATION, "BBPATH": classes, **variables["set"]}.items():
        d.setVar(name, value)
    bb.parse.init_parser(d)
    d = bb.parse.handle(recipe, d, 0)[""]
    return {name: d.getVar(name) for name in variables["get"]} | {"revision": bb.fetch2.get_hashvalue(d)}


if __name__ == "__main__":
    print(json.dumps(read(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))))
