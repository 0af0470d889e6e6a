"""How long it takes from a click in the navigation until the next page can be used.

    python benchmarks/page_speed.py [--rounds 5] [--home FOLDER] [--only evaluate explain]

Trains scikit-learn's digits (and Titanic where LAMINA_TEST_DATA names the real data), starts a
server, and walks through all pages in Chromium. `shown` ends when the page's main element is
visible, `usable` when Streamlit's script has come to rest as well. `train` is the time from the
click on Train until the first point of the curve is on the screen, for the second run of a server.
`server` is the CPU time that the server's process spent meanwhile. --home keeps the trained
projects for the next time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

TARGET, POINT_TARGET = 1.0, 0.5
MAIN = {
    "home": ".st-key-open_digits button",
    "data": ".st-key-lm_data_main",
    "build": '[data-testid^="node-"]',
    "train": '[data-testid="live-charts"]',
    "evaluate": '[data-testid^="cell-"]',
    "explain": ".st-key-sample_next button",
    "runs": '[data-testid^="run-"]',
    "deploy": ".st-key-lm_body_deploy",
}
"""What a person came to the page for; visible first, then the script must rest."""

CLICK = """
([place, main]) => new Promise((done, fail) => {
  const visible = (found) => found && found.getClientRects().length > 0;
  const inside = (root) => {
    const found = root.querySelector(main);
    if (found) return visible(found);
    for (const one of root.querySelectorAll(".stBidiComponent *, [data-testid=stBidiComponent] *"))
      if (one.shadowRoot && visible(one.shadowRoot.querySelector(main))) return true;
    return false;
  };
  const app = () => document.querySelector("[data-testid=stApp]");
  const links = document.querySelectorAll('[data-testid="stTopNavLink"]');
  const start = performance.now();
  const limit = start + 60000;
  let shown = 0, last = 0, was = "";
  const look = () => {
    const now = performance.now();
    if (!shown && links[place].getAttribute("href") && inside(document)) shown = now - start;
    const state = app().getAttribute("data-test-script-state");
    if (state !== was) { was = state; last = now; }
    const still = shown && state === "notRunning" && now - last > 100;
    if (still) done([shown, Math.max(shown, last - start)]);
    else if (now > limit) fail(new Error(`${main} after a minute: ${shown} ${state}`));
    else requestAnimationFrame(look);
  };
  links[place].click();
  requestAnimationFrame(look);
})
"""

TRAIN = """
() => new Promise((done, fail) => {
  const button = document.querySelector(".st-key-train_start button");
  const start = performance.now();
  const points = (root) => {
    for (const one of root.querySelectorAll('section.chart[aria-label="Loss"]'))
      if (Number(one.getAttribute("data-points")) > 0) return true;
    for (const one of root.querySelectorAll("*"))
      if (one.shadowRoot && points(one.shadowRoot)) return true;
    return false;
  };
  const look = () => {
    if (points(document)) done(performance.now() - start);
    else if (performance.now() > start + 60000) fail(new Error("no point after a minute"));
    else setTimeout(look, 5);
  };
  button.click();
  look();
})
"""

TRAINED = """
import json, sys
from pathlib import Path
from builder import runs, templates, workspace
from builder.cli.beginning import data_from

made = {"digits": templates.make("cnn")}
if sys.argv[1]:
    file = Path(sys.argv[1]) / "tabular_titanic" / "titanic.csv"
    made["titanic"] = templates.make("mlp-classification", data_from([file], "Survived", None))
found = {}
for name, project in made.items():
    key = workspace.create(project)
    run = runs.start(project, project_id=key, overrides={"recipe.epochs": 8})
    runs.wait(run.id, 600)
    found[name] = [key, run.id]
runs.shutdown()
print(json.dumps(found))
"""


def main() -> None:
    """Measure all pages and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--home", type=Path, help="LAMINA_HOME to use and keep")
    parser.add_argument("--only", nargs="*", choices=list(MAIN), default=list(MAIN))
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lamina-pages-") as folder:
        home = chosen.home or Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        projects = trained(home)
        loads = [os.getloadavg()[0]]
        rows = list(measured(home, projects, chosen.only, chosen.rounds))
        loads.append(os.getloadavg()[0])
    print(
        "| project | page | shown | usable (median) | slowest | server, CPU | within the target |"
    )
    print("|---|---|---|---|---|---|---|")
    for project, page, shown, usable, cpu, target in rows:
        middle = statistics.median(usable)
        print(
            f"| {project} | {page} | {statistics.median(shown):.2f} s | {middle:.2f} s "
            f"| {max(usable):.2f} s | {statistics.median(cpu) * 1000:.0f} ms "
            f"| {'yes' if middle <= target else f'NO ({target} s)'} |"
        )
    print(
        f"\n{chosen.rounds} rounds, {os.cpu_count()} cores, load average "
        f"{loads[0]:.1f} before and {loads[1]:.1f} after."
    )


def trained(home: Path) -> dict[str, tuple[str, str]]:
    """Project and run by name: made in the home, or kept there from an earlier time."""
    kept = home / "page-speed.json"
    if not kept.exists():
        data = os.environ.get("LAMINA_TEST_DATA", "")
        done = subprocess.run(
            [sys.executable, "-c", TRAINED, data],
            cwd=ROOT, env={**os.environ, "LAMINA_HOME": str(home)},
            stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        kept.write_text(done.stdout.strip().splitlines()[-1])
    return {name: (key, run) for name, (key, run) in json.loads(kept.read_text()).items()}


def measured(
    home: Path, projects: dict[str, tuple[str, str]], pages: list[str], rounds: int
) -> Iterator[tuple[str, str, list[float], list[float], list[float], float]]:
    """Project, page, seconds until shown and usable, CPU seconds of the server, target."""
    from playwright.sync_api import sync_playwright

    from tests.journeys.browser import ARGUMENTS, installed
    from tests.journeys.conftest import Server

    server = Server(home)
    server.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=installed(), args=list(ARGUMENTS))
            for name, (key, run) in projects.items():
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.goto(f"{server.address}/train?project={key}&run={run}")
                page.locator('[data-testid="live-charts"]').wait_for(timeout=120_000)
                settle(server)
                yield from walk(server, page, name, pages, rounds)
                if name == "digits" and "train" in pages:
                    found = [train(server, page, key, run) for _ in range(rounds + 1)][1:]
                    seconds = [one[0] for one in found]
                    cpu = [one[1] for one in found]
                    yield name, "train, first point", seconds, seconds, cpu, POINT_TARGET
                page.close()
            browser.close()
    finally:
        server.kill()


def walk(
    server: Any, page: Any, name: str, pages: list[str], rounds: int
) -> Iterator[tuple[str, str, list[float], list[float], list[float], float]]:
    """Every page from the one before it; the first round, which fills the caches, apart."""
    found: dict[str, list[tuple[float, float, float]]] = {one: [] for one in pages}
    order = [one for one in MAIN if one in pages]
    for turn in range(rounds + 1):
        for one in order:
            before = cpu_of(server)
            shown, usable = page.evaluate(CLICK, [list(MAIN).index(one), MAIN[one]])
            found[one].append((shown / 1000, usable / 1000, cpu_of(server) - before))
            page.wait_for_timeout(300)
        if turn == 0 and len(order) == 1:
            page.evaluate(CLICK, [0, MAIN["home"]])
    for one in order:
        first, *later = found[one]
        print(f"{name} {one}: the first visit {first[1]:.2f} s", file=sys.stderr)
        yield (name, one, *(list(column) for column in zip(*later, strict=True)), TARGET)  # type: ignore[misc]


def train(server: Any, page: Any, key: str, run: str) -> tuple[float, float]:
    """Seconds from the click on Train to the first point, and the server's CPU seconds."""
    start = page.locator(".st-key-train_start button")
    if not page.url.startswith(f"{server.address}/train"):
        page.goto(f"{server.address}/train?project={key}&run={run}")
    page.locator('[data-testid="live-again"]').click(timeout=60_000)
    start.wait_for(timeout=60_000)
    page.wait_for_timeout(1500)
    before = cpu_of(server)
    seconds = page.evaluate(TRAIN) / 1000
    spent = cpu_of(server) - before
    ended = page.locator('[data-testid="run-status"]')
    ended.filter(has_text="Finished").wait_for(timeout=300_000)
    return seconds, spent


def cpu_of(server: Any) -> float:
    """CPU seconds of the server's process so far."""
    times = psutil.Process(server.process.pid).cpu_times()
    return float(times.user + times.system)


def settle(server: Any) -> None:
    """Wait until the server has nothing to do in the background: the libraries are imported."""
    for _ in range(120):
        before = cpu_of(server)
        time.sleep(1)
        if cpu_of(server) - before < 0.05:
            return


if __name__ == "__main__":
    main()
