"""`lamina` and `lamina app`: start the web app on this machine."""

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from builder import __version__, errors
from builder.cli import root

DEFAULT_PORT = 8501
TRIES = 50
STREAMLIT = (
    "from builder.__main__ import guard; guard(); "
    "import runpy; runpy.run_module('streamlit', run_name='__main__', alter_sys=True)"
)
"""`python -m streamlit`, which leaves without a traceback when it is stopped while it loads."""

Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help=f"The port; {DEFAULT_PORT} or the next free one."),
]


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"lamina {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version."),
]
Host = Annotated[str, typer.Option(help="The address to listen on; by default this machine alone.")]


@root.app.callback(invoke_without_command=True)
def start(context: typer.Context, version: Version = False) -> None:
    """Build, train and explain neural networks. Without a command, the web app starts."""
    del version  # answered before anything else
    if context.invoked_subcommand is None:
        serve(None, "127.0.0.1")


@root.app.command("app")
def app(port: Port = None, host: Host = "127.0.0.1") -> None:
    """Start the web app."""
    serve(port, host)


def serve(port: int | None, host: str) -> None:
    """Run the server until it is stopped. Raises LaminaError where the port is taken."""
    chosen = pick_port(port, host)
    if port is None and chosen != DEFAULT_PORT:
        root.say(f"Port {DEFAULT_PORT} is in use; taking {chosen}.")
    folder = app_folder()
    root.say(f"Lamina opens at http://{'127.0.0.1' if host == '0.0.0.0' else host}:{chosen}")
    root.say("Stop it with Ctrl-C; runs that are under way go on.")
    command = [sys.executable, "-c", STREAMLIT, "run", str(folder / "app.py")]
    command += ["--server.port", str(chosen), "--server.address", host]
    environment = dict(os.environ)
    if home := environment.get("LAMINA_HOME"):
        environment["LAMINA_HOME"] = str(Path(home).resolve())
    os.chdir(folder)
    if os.name == "nt":
        raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)
    sys.stderr.flush()
    os.execve(sys.executable, command, environment)  # one process: whoever stops it, stops it all


def pick_port(port: int | None, host: str) -> int:
    """The port asked for, or the first free one from the default on.

    Raises LaminaError where the one asked for is taken or the address cannot be used.
    """
    if port is not None:
        if not is_free(port, host):
            free = next((n for n in range(port + 1, port + TRIES) if is_free(n, host)), None)
            remedy = f"Try `lamina app --port {free}`." if free else "Choose another port."
            raise errors.LaminaError(f"Port {port} is in use.", place=host, remedy=remedy)
        return port
    for candidate in range(DEFAULT_PORT, DEFAULT_PORT + TRIES):
        if is_free(candidate, host):
            return candidate
    raise errors.LaminaError(
        f"No port from {DEFAULT_PORT} to {DEFAULT_PORT + TRIES - 1} is free.",
        place=host,
        remedy="Name one with --port.",
    )


def is_free(port: int, host: str) -> bool:
    """Whether a server could listen there. Raises LaminaError for an address that is not ours, and
    for a port that is the system's."""
    import errno

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            if error.errno == errno.EACCES:
                raise errors.LaminaError(
                    f"You may not listen on port {port}.",
                    place="--port",
                    remedy="Name a port from 1024 on.",
                ) from error
            raise errors.LaminaError(
                f"This machine cannot listen on {host}: {error.strerror or error}.",
                place="--host",
                remedy="Use 127.0.0.1.",
            ) from error
    return True


def app_folder() -> Path:
    """Where app.py, pages/ and .streamlit/ lie: the clone, or builder/ui/_app of a wheel."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "ui" / "_app", package.parent):
        if (folder / "app.py").is_file() and (folder / ".streamlit").is_dir():
            return folder
    raise errors.LaminaError(
        "The files of the web app are missing.",
        place=str(package),
        remedy="Install Lamina again, or start it from a whole clone.",
    )
