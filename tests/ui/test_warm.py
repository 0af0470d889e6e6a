"""The server's process begins its slow imports by itself and ends with one clear line."""

import subprocess
import sys

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
