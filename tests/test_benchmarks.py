"""The benchmarks are not run here, but what they take from the package is there."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAMS = sorted((ROOT / "benchmarks").rglob("*.py"))


def _file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    found = (path / "__init__.py", path.with_suffix(".py"))
    return next((one for one in found if one.exists()), None)


def _defined(path: Path) -> set[str]:
    """Names at the top of a module, those within an `if` or `try` too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names.update((one.asname or one.name).split(".")[0] for one in node.names)
    return names


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_benchmark_s_imports_from_the_package_exist(program: Path) -> None:
    missing = []
    for node in ast.walk(ast.parse(program.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("builder"):
            continue
        path = _file(str(node.module))
        known = _defined(path) if path else set()
        for one in node.names:
            if path is None or (
                one.name not in known and _file(f"{node.module}.{one.name}") is None
            ):
                missing.append(f"{node.module}.{one.name}")
    assert not missing
