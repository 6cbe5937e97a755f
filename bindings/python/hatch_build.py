"""Where the version comes from, and what makes a wheel with or without the library in it."""

import os
import re
import sysconfig
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface


def cargo_toml(root):
    """In an sdist it lies beside this file, in a checkout at the top of the repository."""
    beside = Path(root, "Cargo.toml")
    return beside if beside.exists() else Path(root).parents[1] / "Cargo.toml"


class Version(MetadataHookInterface):
    def update(self, metadata):
        found = re.search(r'^version = "([^"]+)"', cargo_toml(self.root).read_text("utf-8"), re.MULTILINE)
        metadata["version"] = found.group(1)


class Library(BuildHookInterface):
    def initialize(self, version, build_data):
        added = build_data["force_include"]
        added[str(cargo_toml(self.root))] = "Cargo.toml" if self.target_name == "sdist" else "evcp/Cargo.toml"
        library = os.environ.get("EVCP_LIBRARY")
        if self.target_name == "wheel" and version == "standard" and library:
            added[str(Path(library).resolve())] = "evcp/libevcp.so"
            platform = re.sub(r"[-.]", "_", sysconfig.get_platform())
            build_data.update(pure_python=False, tag=f"py3-none-{platform}")
