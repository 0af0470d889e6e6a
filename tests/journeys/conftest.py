"""A server of its own for each journey module, and pages of a real Chromium."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.journeys import browser as chromium
from tests.journeys import steps

expect.set_options(timeout=steps.LONG)  # a busy machine is right too

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """The app as a user starts it: `lamina app`, with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "LAMINA_HOME": str(self.home), "OMP_NUM_THREADS": "2"}

    def start(self) -> None:
        log = (self.home.parent / f"{self.home.name}-server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "builder", "app", "--port", str(self.port)],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1):
                    return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise AssertionError(Path(log.name).read_text()[-4000:])

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def lamina(self, *arguments: str) -> str:
        """Run the command line against the same home."""
        return self._run([sys.executable, "-m", "builder", *arguments])

    def python(self, code: str, *arguments: str, patience: float = 300) -> str:
        """Run a line of Python against the same home, for at most so many seconds."""
        return self._run([sys.executable, "-c", code, *arguments], patience)

    def reads(self, found: Callable[[str], bool], code: str, *arguments: str) -> bool:
        """Whether that line of Python comes to print what is looked for."""
        until = time.monotonic() + steps.LONG / 1000
        while not found(self.python(code, *arguments)):
            if time.monotonic() > until:
                return False
        return True

    def _run(self, command: list[str], patience: float = 300) -> str:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=patience,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shutdown(self) -> None:
        self.kill()
        script = "from builder import runs; runs.shutdown()"
        subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=self.environment, check=False, timeout=60
        )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    served = Server(tmp_path_factory.mktemp("journey") / "home")
    served.home.mkdir()
    served.start()
    yield served
    served.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium.installed()
    assert path, "no Chromium; run `make journeys`, which brings one"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(steps.LONG)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    if os.environ.get("LAMINA_SHOTS"):
        opened.screenshot(path=Path(os.environ["LAMINA_SHOTS"]) / f"{request.node.name}.png")
    context.close()
    assert not errors, errors
