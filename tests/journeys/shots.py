"""Screenshots of every page, light and dark, at 1440×900 and 1280×800: `make shots`.

They lie in shots/. `python tests/journeys/shots.py build train` takes only those pages.
"""

import json
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.journeys import browser as chromium
from tests.journeys.conftest import ROOT, Server

SIZES = ((1440, 900), (1280, 800))
PAGES = ("home", "data", "build", "train", "evaluate", "explain", "runs", "deploy")
OUT = ROOT / "shots"


STATE = """() => {
  const seen = { parts: 0, waiting: 0 };
  const walk = (place) => {
    for (const one of place.querySelectorAll("*")) {
      seen.parts += 1;
      if (one.shadowRoot) walk(one.shadowRoot);
      if (one.tagName === "IMG" && !one.complete) seen.waiting += 1;
      const name = one.dataset ? one.dataset.testid || "" : "";
      if (name === "stSkeleton" || name === "busy" || name === "stSpinner") seen.waiting += 1;
    }
  };
  walk(document);
  const app = document.querySelector("[data-testid=stApp]");
  if (!app || app.dataset.testScriptState !== "notRunning") seen.waiting += 1;
  return [seen.parts, document.documentElement.scrollHeight, seen.waiting];
}"""
"""How many elements there are, those within components too, and how many things are awaited."""


def settle(page: Page) -> None:
    """Wait until the script is at rest, nothing is awaited, and components stay as they are."""
    page.wait_for_load_state("load")
    steady, last = 0, None
    for _ in range(240):
        page.wait_for_timeout(250)
        now = page.evaluate(STATE)
        steady = steady + 1 if now == last and now[2] == 0 else 0
        last = now
        if steady >= 6:
            return
    print(f"  not at rest after a minute: {last}", flush=True)


def project(server: Server, template: str) -> tuple[str, str]:
    """A trained project of the template in the server's home: its id and its run."""
    file = server.home / f"{template}.lamina.json"
    server.lamina("new", "--template", template, "-o", str(file))
    opened = """
import json, sys
from builder import project, runs, workspace
made = project.load(sys.argv[1])
made = made.model_copy(update={"name": sys.argv[2]})
key = workspace.create(made)
run = runs.start(made, project_id=key, detach=True)
import time
for _ in range(600):
    if runs.open_run(run.id).status.status in ("finished", "failed", "stopped"):
        break
    time.sleep(0.2)
print(json.dumps([key, run.id]))
"""
    import subprocess

    done = subprocess.run(
        [sys.executable, "-c", opened, str(file), template],
        cwd=ROOT, env=server.environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    key, run = json.loads(done.stdout.strip().splitlines()[-1])
    return key, run


def main(wanted: list[str]) -> None:
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "home")
        server.home.mkdir()
        server.start()
        path = chromium.installed()
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        try:
            made = {
                name: project(server, name)
                for name in ("cnn", "mlp-classification", "mlp-regression")
            }
            for scheme in ("light", "dark"):
                for width, height in SIZES:
                    context = browser.new_context(
                        viewport={"width": width, "height": height}, color_scheme=scheme
                    )
                    page = context.new_page()
                    for name in wanted:
                        for template, (key, run) in made.items():
                            if name in ("home", "build", "runs") and template != "cnn":
                                continue
                            route = "" if name == "home" else name
                            page.goto(f"{server.address}/{route}?project={key}&run={run}")
                            settle(page)
                            part = "" if template == "cnn" else f"-{template}"
                            page.screenshot(path=OUT / f"{name}{part}-{scheme}-{width}.png")
                            print(f"{name}{part}-{scheme}-{width}.png", flush=True)
                    context.close()
        finally:
            browser.close()
            server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:] or list(PAGES))
