"""Screenshots of every page and of the states worth a look, light and dark, at 1440×900 and
1280×800: `make shots`.

They lie in shots/. `python tests/journeys/shots.py build train` takes only those pages; `states`
are menus, sheets and what is empty, wrong or failed. The README's picture, docs/pictures/build.png,
is a copy of state-repair-light-1440.png.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.journeys import browser as chromium
from tests.journeys.conftest import ROOT, Server

SIZES = ((1440, 900), (1280, 800))
PAGES = ("home", "data", "build", "train", "evaluate", "explain", "runs", "deploy")
ONCE = ("home", "build", "runs")
"""Pages that look alike for every kind of project."""
FULL = ("cnn", "mlp-classification", "mlp-regression")
MAKERS = {"gan": 12, "language-model": 1}
"""Networks that make things, with the epochs that a picture needs."""
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
      // a component of ours that has not drawn yet is an empty box
      if (one.dataset && one.dataset.testid === "stBidiComponentRegular") {
        const root = one.shadowRoot || one;
        const held = root.querySelector("#root, .lamina, .lamina-live");
        if (held && !held.firstElementChild && held.id === "root") seen.waiting += 1;
      }
    }
  };
  walk(document);
  const app = document.querySelector("[data-testid=stApp]");
  if (!app || app.dataset.testScriptState !== "notRunning") seen.waiting += 1;
  return [seen.parts, document.documentElement.scrollHeight, seen.waiting];
}"""
"""How many elements there are, those within components too, and how many things are awaited."""


class Made(NamedTuple):
    """A project of the server's home, and its run."""

    template: str
    project: str
    run: str

    @property
    def query(self) -> str:
        return f"?project={self.project}&run={self.run}"


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


START = """
import sys, time
from builder import project, runs, workspace
made = project.load(sys.argv[1])
key = workspace.create(made)
run = runs.start(made, project_id=key, detach=True)
while runs.open_run(run.id).status.status not in ("finished", "failed", "stopped"):
    time.sleep(0.2)
print(key, run.id)
"""


PAUSED = """
import sys, time
from builder import project, runs, workspace
made = project.load(sys.argv[1])
key = workspace.create(made)
run = runs.start(made, project_id=key, detach=True)
while len(runs.open_run(run.id).epochs()) < 6:
    time.sleep(0.1)
runs.order(run.id, {"order": "pause"})
while runs.open_run(run.id).status.status != "paused":
    time.sleep(0.1)
print(key, run.id)
"""
"""A run stands still in the middle, as a picture needs it."""

OPEN = """
import sys
from builder import project, workspace
print(workspace.create(project.load(sys.argv[1])))
"""
BLANK = """
from builder import project, workspace
print(workspace.create(project.Project(name="from nothing")))
"""
TROUBLED = "customer,joined,age,visits,plan,spent,country,churn\n" + "".join(
    f"{9000 + i},2024-{1 + i % 12:02}-{1 + i % 28:02},{'' if i % 7 == 0 else 18 + i * 7 % 60},"
    f"{900 + i * 37 % 4100},{'basic' if i % 3 else 'gold'},{(i % 5 == 0) * 50 + 3},Norway,"
    f"{'yes' if i % 5 == 0 else 'no'}\n"
    for i in range(240)
)
"""An identifier, a date, gaps, a constant, and a column that gives the target away."""
CROSSED = Path(__file__).with_name("crossed.lamina.json")
"""A residual block whose shortcut was joined with nothing in between: the shapes differ."""


def project(server: Server, template: str, *changes: str, script: str = START) -> Made:
    """A project of the template in the server's home, with a run; `changes` as in "epochs=3"."""
    file = server.home / f"{template}{len(changes)}.lamina.json"
    server.lamina("new", "--template", template, "-o", str(file))
    if changes:
        server.python(CHANGE, str(file), *changes)
    print(f"training {template} …", flush=True)
    key, run = server.python(script, str(file), patience=3600).split()[-2:]
    return Made(template, key, run)


DIVERGES = ("optimizer.lr=1e6", "optimizer.weight_decay=1e33")

CHANGE = """
import json, sys
from builder import project
made = project.load(sys.argv[1]).model_dump(mode="json", exclude_defaults=True)
for change in sys.argv[2:]:
    *path, last = change.partition("=")[0].split(".")
    place = made["recipe"]
    for name in path:
        place = place[name]
    place[last] = json.loads(change.partition("=")[2])
made["lamina"] = 1
open(sys.argv[1], "w").write(json.dumps(made))
"""


Step = Callable[[Page], None]
"""What is done on a page before its picture."""


def _sheet(page: Page) -> None:
    page.locator(".react-flow__pane").first.click(position={"x": 600, "y": 400})
    page.keyboard.press("?")


def _quick(page: Page) -> None:
    page.locator(".react-flow__pane").first.click(position={"x": 600, "y": 400})
    page.keyboard.press("/")
    page.keyboard.type("conv")


def _word(word: str) -> Step:
    return lambda page: page.get_by_text(word, exact=True).first.click()


def _at_conv(page: Page) -> None:
    """A layer selected beside the error, as the first look at a wrong network has it."""
    page.locator('.react-flow__node[data-id="block1_conv1"]').click(position={"x": 40, "y": 12})


class Odd(NamedTuple):
    """Projects in a state that is worth a look, by their ids; a run where there is one."""

    failed: Made
    paused: Made
    crossed: str
    blank: str
    troubled: str


def odd(server: Server) -> Odd:
    """Make them in the server's home."""
    table = server.home / "customers.csv"
    table.write_text(TROUBLED, encoding="utf-8")
    file = server.home / "troubled.lamina.json"
    server.lamina("new", "--data", str(table), "-o", str(file))
    return Odd(
        failed=project(server, "mlp-classification", *DIVERGES),
        paused=project(server, "cnn", "epochs=300", script=PAUSED),
        crossed=server.python(OPEN, str(CROSSED)).split()[-1],
        blank=server.python(BLANK).split()[-1],
        troubled=server.python(OPEN, str(file)).split()[-1],
    )


def states(images: Made, table: Made, odd: Odd) -> dict[str, tuple[str, Step]]:
    """What stands only after a click, or where something is missing: address, and what to do."""

    def nothing(_: Page) -> None:
        """The page as it opens."""

    return {
        "none": ("data", nothing),
        "unknown": ("evaluate?project=nowhere", nothing),
        "failed": (f"train{odd.failed.query}", nothing),
        "paused": (f"train{odd.paused.query}", nothing),
        "blank": (f"build?project={odd.blank}", nothing),
        "findings": (f"data?project={odd.troubled}", nothing),
        "recipe": (f"train?project={table.project}", nothing),
        "node": (f"build{images.query}", _word("conv2")),
        "repair": (f"build?project={odd.crossed}", _at_conv),
        "sheet": (f"build{images.query}", _sheet),
        "quick": (f"build{images.query}", _quick),
        "split": (f"data{table.query}", _word("Change")),
        "reading": (f"data{table.query}", _word("How it is read")),
        "method": (f"explain{images.query}", _word("Method")),
        "choose": (f"explain{images.query}", _word("Choose")),
        "draw": (f"deploy{images.query}", _word("Draw")),
        "sweep": (f"runs{table.query}", _word("New sweep")),
        "help": ("", lambda page: page.locator(".st-key-lm_help button").click()),
    }


def _take(page: Page, name: str, tone: str) -> None:
    page.screenshot(path=OUT / f"{name}-{tone}.png")
    print(f"{name}-{tone}.png", flush=True)


def _pages(page: Page, address: str, made: list[Made], wanted: list[str], tone: str) -> None:
    for name in wanted:
        for one in made if name not in ONCE else made[:1]:
            page.goto(f"{address}/{'' if name == 'home' else name}{one.query}")
            settle(page)
            _take(page, name if one.template == "cnn" else f"{name}-{one.template}", tone)


def _states(page: Page, address: str, found: dict[str, tuple[str, Step]], tone: str) -> None:
    for name, (route, act) in found.items():
        page.goto(f"{address}/{route}")
        settle(page)
        act(page)
        settle(page)
        _take(page, f"state-{name}", tone)


def _tones(browser: Browser) -> Iterator[tuple[Page, str]]:
    """A page in each scheme and size, with what its pictures' names end in."""
    for scheme in ("light", "dark"):
        for width, height in SIZES:
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme
            )
            yield context.new_page(), f"{scheme}-{width}"
            context.close()


def main(wanted: list[str]) -> None:
    """Take the page of a first start, train one project of each kind, then take all others."""
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = Server(Path(folder) / "home")
        server.home.mkdir()
        server.start()
        path = chromium.installed()
        browser = playwright.chromium.launch(executable_path=path, args=list(chromium.ARGUMENTS))
        try:
            if "states" in wanted:
                for page, tone in _tones(browser):
                    _states(page, server.address, {"first": ("", lambda _: None)}, tone)
            made = [project(server, name) for name in FULL]
            made += [project(server, name, f"epochs={count}") for name, count in MAKERS.items()]
            found = states(made[0], made[1], odd(server)) if "states" in wanted else {}
            for page, tone in _tones(browser):
                _pages(page, server.address, made, [n for n in wanted if n in PAGES], tone)
                _states(page, server.address, found, tone)
        finally:
            browser.close()
            server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:] or [*PAGES, "states"])
