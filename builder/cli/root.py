"""The command line's frame: how results are printed and how mistakes become exit codes."""

import json
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from builder import wording
from builder.errors import LaminaError

if TYPE_CHECKING:
    from builder.project import Project
    from builder.runs import Run

OK, WRONG_INPUT, USAGE, RUN_FAILED, STOPPED = 0, 1, 2, 3, 130

app = typer.Typer(
    name="lamina",
    help="Build, train and explain neural networks. Without a command, the web app starts.",
    no_args_is_help=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]
ProjectFile = Annotated[Path, typer.Argument(metavar="FILE", help="A project file.")]
RunId = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's id, the beginning of one, or 'last'.")
]
Checkpoint = Annotated[
    str, typer.Option(help="Which kept state of the network: best, last or a name.")
]


def emit(document: Any, as_json: bool, text: Callable[[], str]) -> None:
    """Print the document as JSON, or the text that a person reads."""
    print(to_json(document) if as_json else text())


def to_json(document: Any) -> str:
    """Strict JSON: NaN and infinity become null, arrays and tensors become lists."""
    return json.dumps(_plain(document), ensure_ascii=False, allow_nan=False, indent=1)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if value is None or isinstance(value, str | int | bool):
        return value
    if hasattr(value, "tolist"):  # numpy arrays and scalars, tensors
        return _plain(value.tolist())
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return str(value)


def table(rows: Iterable[Sequence[Any]], header: Sequence[str]) -> str:
    """Columns of equal width, numbers as they are."""
    lines = [
        tuple(header),
        *(tuple("" if c is None else wording.one_line(str(c)) for c in row) for row in rows),
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines
    )


def number(value: Any) -> str:
    """A figure with four significant digits, a large one in whole numbers (47,970); a dash where
    there is none.
    """
    if not isinstance(value, int | float) or value != value:
        return "–"
    if isinstance(value, int) or 9999.5 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value + 0.0:.4g}"  # no -0


def say(message: str) -> None:
    """One line for the person, on standard error, so that standard output stays clean."""
    print(message, file=sys.stderr, flush=True)


def load(file: Path) -> "Project":
    """The project of that file. Raises LaminaError where it cannot be read or names Input nodes
    that it does not have.
    """
    from builder import project

    given = project.load(file)
    project.check_names(given)
    return given


def find_run(given: str) -> "Run":
    """The run of that id, of the one id that begins so, or the newest for 'last'.

    Raises LaminaError where there is none or more than one.
    """
    from builder import runs

    rows = runs.list_runs()
    ids = [row.id for row in rows]
    if given == "last":
        if not ids:
            raise LaminaError("There is no run yet.", remedy="Start one with `lamina train FILE`.")
        return runs.open_run(ids[0])
    if given in ids:
        return runs.open_run(given)
    near = [item for item in ids if item.startswith(given)]
    if len(near) == 1:
        return runs.open_run(near[0])
    if near:
        raise LaminaError(
            f"{len(near)} runs begin with '{given}'.", place="RUN", remedy="Write more of the id."
        )
    raise LaminaError(
        f"There is no run '{given}'.", place="RUN", remedy="`lamina runs list` shows them all."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code; a mistake is a sentence, never a traceback."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, signal.default_int_handler):
        signal.signal(signal.SIGINT, _interrupt)
    sys.exit(_run(given))


_interrupted: list[bool] = []


def _interrupt(*_: object) -> None:
    _interrupted.append(True)
    raise KeyboardInterrupt


def _run(given: list[str]) -> int:
    as_json = "--json" in given
    try:
        left = app(given, prog_name="lamina", standalone_mode=not as_json)
        return left if isinstance(left, int) else OK
    except TyperException as error:  # with --json only: else typer shows it
        _complain(_usage(error), as_json)
        return USAGE
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else OK
    except KeyboardInterrupt:
        say("Stopped.")
        return STOPPED
    except LaminaError as error:
        _complain(error, as_json)
        return WRONG_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        _complain(_system_error(error), as_json)
        return WRONG_INPUT
    except MemoryError:
        remedy = "Use less data, a smaller batch or a smaller network."
        _complain(LaminaError("The memory of this machine is used up.", remedy=remedy), as_json)
        return WRONG_INPUT
    except Exception as error:
        if _interrupted:  # a library made an error of its own of Ctrl-C
            say("Stopped.")
            return STOPPED
        _complain(_own_fault(error), as_json)
        return WRONG_INPUT


def _usage(error: TyperException) -> LaminaError:
    """A wrong command line, for `--json`."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "lamina"
    remedy = f"`{command} --help` shows what it takes."
    return LaminaError(
        wording.sentenced(error.format_message()), place=command, remedy=remedy, code="usage"
    )


def _complain(error: LaminaError, as_json: bool) -> None:
    say(to_json({"error": error.to_dict()}) if as_json else f"Error: {error}")


def _system_error(error: OSError) -> LaminaError:
    import errno

    place = str(error.filename or "")
    if error.errno == errno.ENOSPC:
        remedy = "Free some space, or set LAMINA_HOME to a folder on another disk."
        return LaminaError("The disk is full.", place=place, remedy=remedy)
    return LaminaError(f"{error.strerror or error}.", place=place, remedy="Check the path.")


def _own_fault(error: Exception) -> LaminaError:
    """Something that should not happen: the details go to a file, the person gets a sentence."""
    if os.environ.get("LAMINA_DEBUG"):
        raise error
    handle, name = tempfile.mkstemp(prefix="lamina-error-", suffix=".txt", text=True)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("".join(traceback.format_exception(error)))
    return LaminaError(
        f"Lamina itself went wrong ({type(error).__name__}: {error}).",
        remedy=f"The details are in {name}; please report them.",
    )
