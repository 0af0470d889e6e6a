"""The server's process begins its slow imports by itself and ends with one clear line."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SERVER = """
import asyncio, atexit
from builder.ui import warm

warm.start = lambda: None
async def serve():
    async for _ in warm.lifespan(None):
        atexit.register(print, "what came later is undone first")
asyncio.run(serve())
"""


def test_the_server_s_last_line_says_that_runs_go_on() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SERVER], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0
    assert ended.stdout == "what came later is undone first\n"
    assert ended.stderr == "Lamina has stopped. Runs that are under way go on.\n"


def test_the_server_comes_up_without_a_word_of_streamlit_s() -> None:
    """What is cached is declared at import, before the server runs, which Streamlit may remark."""
    begun = subprocess.run(
        [sys.executable, "-c", "import app, builder.ui.chrome"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert (begun.returncode, begun.stderr) == (0, "")
