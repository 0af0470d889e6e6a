"""An exported folder's own command, carried out with what else is installed here blocked."""

import subprocess
import sys
from pathlib import Path

BLOCKED = """
import sys

class Wall:
    names = {"builder", "streamlit", "pandas", "safetensors", "PIL", "sklearn", "pydantic"}

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ImportError(f"{name} is not installed here")

sys.meta_path.insert(0, Wall())
import runpy

sys.path.insert(0, ".")
script = sys.argv[1]
sys.argv = sys.argv[1:]
runpy.run_path(script, run_name="__main__")
"""


def said(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """`python <command>` in the folder."""
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
