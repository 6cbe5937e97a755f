"""The commands of the README's "Every way in", run as they are written."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def commands():
    readme = (ROOT / "README.md").read_text()
    section = readme.split("## Every way in", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


def test_every_way_in_works_as_the_readme_says():
    blocks = commands()
    assert len(blocks) == 5
    environment = {name: value for name, value in os.environ.items() if name != "EVCP_LIBRARY"}
    done = subprocess.run(
        ["bash", "-euxo", "pipefail"], input="\n".join(blocks), cwd=ROOT, env=environment,
        capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "evcp 0.1.0: success" in done.stdout
    assert done.stdout.endswith("0.1.0\n")
    for program in ("charger", "charger-static", "charger-cpp"):
        assert (ROOT / "target" / program).exists()
