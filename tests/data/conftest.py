"""Small tables to try things on."""

from collections.abc import Callable
from pathlib import Path

import pytest

from builder.project import Data

Write = Callable[..., Data]


@pytest.fixture
def table(tmp_path: Path) -> Write:
    """Write a text table and give the data section that reads it: table("a,b\\n1,2\\n",
    target="b")."""

    def write(text: str | bytes, name: str = "table.csv", **parts: object) -> Data:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        options = {"path": str(path), **parts.pop("options", {})}  # type: ignore[dict-item]
        return Data.model_validate({"source": "table", "options": options, **parts})

    return write
