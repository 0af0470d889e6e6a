"""Edit → labels on the screen: how long a changed setting takes until the new shape is seen.

`python benchmarks/canvas_latency.py` starts a server of its own with networks of 100 and 500
layers, drives Chromium, changes `out_channels` of the first convolution, and measures inside the
page from the change to the frame in which the label shows the new shape.
Reach: median ≤ 100 ms with 100 layers.
"""

import argparse
import itertools
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

REACH_MS = 100
MEASURE = """
(value) => new Promise((done) => {
  const all = [...document.querySelectorAll("*")];
  const host = all.find((e) => e.shadowRoot?.querySelector(".lamina"));
  const root = host.shadowRoot;
  const field = root.querySelector('[data-testid="field-out_channels"]');
  const buttons = field.parentElement.querySelectorAll(".stp button");
  const label = () => root.querySelector('[data-testid="node-conv1"] .l2')?.textContent ?? "";
  const start = performance.now();
  buttons[value].click();
  const before = label();
  const look = () => {
    if (label() !== before) requestAnimationFrame(() => done(performance.now() - start));
    else if (performance.now() - start > 10000) done(NaN);
    else requestAnimationFrame(look);
  };
  look();
})
"""


def network(layers: int) -> dict[str, Any]:
    """Convolutions, each normalised and activated, in one chain: an edit runs through all."""
    nodes: list[dict[str, Any]] = [
        {"id": "image", "layer": "Input", "params": {"shape": [3, 32, 32]}}
    ]
    number = 0
    while len(nodes) < layers - 4:
        number += 1
        settings = {"out_channels": 16, "kernel_size": 3, "padding": 1}
        nodes += [
            {"id": f"conv{number}", "layer": "Conv2d", "params": settings},
            {"id": f"bn{number}", "layer": "BatchNorm2d"},
            {"id": f"relu{number}", "layer": "ReLU"},
        ]
    nodes += [
        {"id": "pool", "layer": "AdaptiveAvgPool2d", "params": {"output_size": 1}},
        {"id": "flat", "layer": "Flatten"},
        {"id": "head", "layer": "Linear", "params": {"out_features": 10}},
        {"id": "scores", "layer": "Output"},
    ]
    edges = [[a["id"], b["id"]] for a, b in itertools.pairwise(nodes)]
    return {"nodes": nodes, "edges": edges}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def serve(home: Path, port: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port),
               "--server.headless", "true", "--server.fileWatcherType", "none"]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "LAMINA_HOME": str(home)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    for _ in range(400):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
            return process
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The server did not start.")


def measure(address: str, project: str, rounds: int) -> tuple[list[float], float]:
    """Milliseconds of each edit, and seconds until the canvas was there."""
    from playwright.sync_api import sync_playwright

    from tests.journeys.browser import ARGUMENTS, installed

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(), args=list(ARGUMENTS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        start = time.perf_counter()
        page.goto(f"{address}/build?project={project}")
        page.locator('[data-testid="node-conv1"]').click()
        opened = time.perf_counter() - start
        page.locator('[data-testid="field-out_channels"]').wait_for()
        for _ in range(3):
            page.evaluate(MEASURE, 0)
        found = []
        for number in range(rounds):
            found.append(float(page.evaluate(MEASURE, number % 2)))
            page.wait_for_timeout(150)
        browser.close()
    return found, opened


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LAMINA_HOME"] = folder
        from builder import workspace
        from builder.project import Project

        ids = {}
        for layers in (100, 500):
            project = {"name": f"{layers} layers", "graphs": {"model": network(layers)}}
            ids[layers] = workspace.create(Project.model_validate(project))
        port = free_port()
        server = serve(Path(folder), port)
        try:
            print(f"{'layers':>6}  {'median ms':>9}  {'p95 ms':>6}  {'reach':>7}  {'opened s':>8}")
            for layers, project in ids.items():
                times, opened = measure(f"http://127.0.0.1:{port}", project, rounds)
                middle = statistics.median(times)
                high = sorted(times)[int(len(times) * 0.95) - 1]
                reach = f"≤ {REACH_MS}" if layers == 100 else "–"
                print(f"{layers:>6}  {middle:>9.0f}  {high:>6.0f}  {reach:>7}  {opened:>8.1f}")
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(20)


if __name__ == "__main__":
    main()
