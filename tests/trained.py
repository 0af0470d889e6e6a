"""Small trained runs that several tests look at.

Each is made once per process, in a home of its own.
"""

import os
import random
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from builder.project import Data


class Trained(NamedTuple):
    home: Path
    project: str
    run: str


def _table(path: Path) -> None:
    """Whether somebody buys: the older, and those in town A.

    "mean & <b>" is a hostile name of a town.
    """
    draw = random.Random(0)
    lines = ["age,town,rooms,buys,price"]
    for _ in range(240):
        age, town, rooms = draw.randint(18, 80), draw.choice("AB"), draw.randint(1, 6)
        town = "A" if town == "A" else "<b>B</b>"
        buys = age + (25 if town == "A" else 0) + draw.gauss(0, 6) > 60
        price = 100 * rooms + 3 * age + draw.gauss(0, 20)
        lines.append(f"{age},{town},{rooms},{'yes' if buys else 'no'},{price:.1f}")
    path.write_text("\n".join(lines) + "\n")


def _texts(path: Path) -> None:
    draw = random.Random(0)
    good, bad = ["lovely", "great", "<b>fine</b>"], ["awful", "dull", "poor"]
    lines = ["review,verdict"]
    for at in range(160):
        words = draw.choices(["the", "film", "was", "and", "plot"], k=5)
        words.insert(draw.randrange(5), draw.choice(good if at % 2 else bad))
        lines.append(f"{' '.join(words)} {at},{'good' if at % 2 else 'bad'}")
    path.write_text("\n".join(lines) + "\n")


def _data(kind: str, home: Path) -> tuple[str, Data | None]:
    path = home / f"{kind}.csv"
    if kind == "image":
        return "cnn", None
    if kind == "text":
        _texts(path)
        return "bag-text", Data(source="table", options={"path": str(path)}, target="verdict")
    _table(path)
    if kind == "headless":
        path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
        columns = {"#4": {"role": "ignore"}}
        options = {"path": str(path)}
        data = Data(source="table", options=options, target="#3", columns=columns)
        return "mlp-classification", data
    number = kind == "number"
    return (
        "mlp-regression" if number else "mlp-classification",
        Data(
            source="table",
            options={"path": str(path)},
            target="price" if number else "buys",
            columns={"buys" if number else "price": {"role": "ignore"}},
        ),
    )


@cache
def _train(kind: str) -> Trained:
    from builder import runs, templates, workspace

    home = Path(tempfile.mkdtemp(prefix=f"lamina-{kind}-"))
    before = os.environ.get("LAMINA_HOME")
    os.environ["LAMINA_HOME"] = str(home)
    try:
        name, data = _data(kind, home)
        project = templates.make(name, data)
        key = workspace.create(project)
        run = runs.start(
            workspace.open_project(key),
            project_id=key,
            detach=False,
            overrides={"recipe.epochs": 2 if kind == "image" else 6, "recipe.device": "cpu"},
        )
        assert run.status.status == "finished", run.log()
    finally:
        if before is None:
            os.environ.pop("LAMINA_HOME")
        else:
            os.environ["LAMINA_HOME"] = before
    return Trained(home, key, run.id)


def trained(kind: str, monkeypatch: pytest.MonkeyPatch) -> Trained:
    """A finished run on images, a table (with a head, or "headless"), numbers or texts.

    LAMINA_HOME points at its home.
    """
    found = _train(kind)
    monkeypatch.setenv("LAMINA_HOME", str(found.home))
    return found
