"""Finders on the command line: which learning rate, which batch size, before a run."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from builder import project
from builder.cli import root
from builder.cli.training import with_setting
from builder.progress import Progress

if TYPE_CHECKING:
    from builder.train.finder import BatchSearch, RateSearch

Sets = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="recipe.optimizer.name=SGD")
]
Rows = Annotated[Path | None, typer.Option("--data", help="Try on this file instead.")]


@root.app.command("find-rate")
def find_rate(
    file: root.ProjectFile,
    steps: Annotated[int, typer.Option(help="How many rates are tried, 10 to 10,000.")] = 100,
    sets: Sets = None,
    data: Rows = None,
    as_json: root.Json = False,
) -> None:
    """Try learning rates in short steps on a copy of the network, and suggest one."""
    from builder import runs

    found = runs.find_rate(
        _given(file, sets), data_path=_path(data), steps=steps, report=_reporter()
    )
    _emit(found, as_json, _rate_text)


@root.app.command("find-batch")
def find_batch(
    file: root.ProjectFile,
    seconds: Annotated[float, typer.Option(help="No new size is tried after that.")] = 20.0,
    sets: Sets = None,
    data: Rows = None,
    as_json: root.Json = False,
) -> None:
    """Measure rows per second by batch size, up to what fits in memory, and suggest one."""
    from builder import runs

    found = runs.find_batch(
        _given(file, sets), data_path=_path(data), seconds=seconds, report=_reporter()
    )
    _emit(found, as_json, _batch_text)


def _given(file: Path, sets: list[str] | None) -> project.Project:
    given = root.load(file)
    for item in sets or ():
        given = with_setting(given, item)
    return given


def _path(data: Path | None) -> str | None:
    return str(data.absolute()) if data else None


def _reporter() -> Progress:
    """One line on standard error that is written over, where a person looks at it."""
    live = sys.stderr.isatty()

    def report(what: str, done: int, total: int) -> None:
        if live:
            print(f"\r{what}: {done} of {total}\x1b[K", end="", file=sys.stderr, flush=True)

    return report


def _emit(
    found: "RateSearch | BatchSearch", as_json: bool, text: Callable[[dict[str, Any]], str]
) -> None:
    """The result in place of the line of progress."""
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    document = found.to_dict()
    root.emit(document, as_json, lambda: text(document))


def _rate_text(found: dict[str, Any]) -> str:
    if found["suggested"] is None:
        return str(found["words"])
    rate = f"{found['suggested']:g}"
    return f"{found['words']}\nuse {rate}: --set recipe.optimizer.lr={rate}"


def _batch_text(found: dict[str, Any]) -> str:
    rows = [
        (one["size"], root.number(round(one["samples_per_second"])) if not one["problem"] else "–",
         one["problem"])
        for one in found["trials"]
    ]  # fmt: skip
    size = found["suggested"]
    lines = root.table(rows, ("rows", "rows a second", ""))
    return f"{lines}\n{found['words']}\nuse {size}: --set recipe.batch_size={size}"
