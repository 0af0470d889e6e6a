"""`python -m builder` is `lamina`. Only light modules are imported here, so that Ctrl-C is answered
while the heavy ones load.
"""

import os
import signal
import sys

STOPPED = 130


def main() -> None:
    """Run the command line."""
    guard()
    from builder.cli import main as run

    run()


def guard() -> None:
    """From now on Ctrl-C leaves at once and without a traceback, unless whoever started us has it
    ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def _leave(*_: object) -> None:
    if "uvicorn" in sys.modules:  # the server, which closes what it has open
        sys.exit(STOPPED)
    os.write(2, b"Stopped.\n")
    os._exit(STOPPED)  # an import in the middle would make an error of its own of any exception


if __name__ == "__main__":
    main()
