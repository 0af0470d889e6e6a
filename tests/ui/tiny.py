"""A kept project that trains in a moment."""

from pathlib import Path

from builder import templates, workspace
from builder.project import Data


def tiny_project(folder: Path) -> str:
    """The id of a project on a table of 60 rows, two columns and a yes or no, kept in `folder`."""
    rows = "\n".join(f"{at},{at % 7},{'yes' if at % 3 else 'no'}" for at in range(60))
    path = folder / "tiny.csv"
    path.write_text(f"a,b,buys\n{rows}\n")
    data = Data(source="table", options={"path": str(path)}, target="buys")
    return workspace.create(templates.make("mlp-classification", data))
