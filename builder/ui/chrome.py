"""What surrounds every page: navigation, styles, the bar with the crumb and the next step."""

from collections.abc import Callable, Sequence
from functools import cache
from html import escape

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from builder.ui import parts, places, tokens, warm

TITLES = {
    "home": "Home",
    "data": "Data",
    "build": "Build",
    "train": "Train",
    "evaluate": "Evaluate",
    "explain": "Explain",
    "runs": "Runs",
    "deploy": "Deploy",
}
"""Pages by name, in the order of the journey."""

ABOUT = (
    "**Lamina** builds neural networks in the browser and gives plain PyTorch. "
    "Everything stays on this machine."
)


def pages() -> list[StreamlitPage]:
    """All pages, for st.navigation."""
    return [page_object(name) for name in TITLES]


def page_object(name: str) -> StreamlitPage:
    """A page by its name, as st.navigation and st.switch_page take it."""
    home = name == "home"
    return st.Page(
        places.page_file(name), title=TITLES[name], url_path=None if home else name, default=home
    )


def logo() -> None:
    """Three stacked laminae, in the accent of the visitor's theme; the name beside it is set by
    the style sheet.
    """
    colour = tokens.colours()
    st.logo(laminae(colour["acc"], colour["bg"]), size="medium")


def laminae(accent: str, paper: str) -> str:
    """The mark as SVG text."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">'
        f'<path d="M3 16.500 12 12l9 4.500L12 21Z" fill="{accent}"/>'
        f'<path d="M3 12 12 7.500 21 12l-9 4.500Z" fill="{accent}" opacity=".55" stroke="{paper}"/>'
        f'<path d="M3 7.500 12 3l9 4.500L12 12Z" fill="{paper}" stroke="{accent}" '
        'stroke-width="1.600" stroke-linejoin="round"/>'
        "</svg>"
    )


def styles() -> None:
    """The look of every page. Of the entry point, so that it outlives a change of pages."""
    st.html(f"<style>{tokens.css()}{_theme()}</style>")


def mark_running() -> None:
    """A dot beside Train in the navigation while any run is under way.

    One element either way: Streamlit keeps styles by their index, and the page's own come next.
    """
    rule = ""
    if warm.ready() and _running():
        place = list(TITLES).index("train") + 1
        train = f'[data-testid="stTopNav"] > div:nth-child({place}) a'
        rule = (
            f"{train}{{position:relative}}"
            f'{train}::after{{content:"";position:absolute;right:3px;top:50%;margin-top:-3px;'
            "width:6px;height:6px;border-radius:50%;background:var(--acc)}"
        )
    st.html(f"<style>{rule}</style>")


@st.cache_resource(ttl=2.0, show_spinner=False)
def _running() -> bool:
    """A plain yes or no; `cache_data` would warn where it is declared before the server runs."""
    from builder import runs

    return any(row.status in ("preparing", "running") for row in runs.list_runs())


@cache
def _theme() -> str:
    return parts.icon_css() + (places.UI / "theme.css").read_text(encoding="utf-8")


@cache
def _sheet(name: str) -> str:
    own = places.UI / "screens" / f"{name}.css"
    return own.read_text(encoding="utf-8") if own.is_file() else ""


def page(name: str) -> None:
    """The first call of every screen: its title, and its own styles from screens/<name>.css."""
    st.set_page_config(
        page_title=f"{TITLES[name]} · Lamina",
        page_icon=laminae("#0b6a6c", "#ffffff"),
        layout="wide",
        initial_sidebar_state="collapsed",
        menu_items={"About": ABOUT},
    )
    st.html(f"<style>{_sheet(name)}</style>")
    with st.container(key="lm_watch"):
        data = {"theme": tokens.theme(), "top": st.session_state.get(TOP, 0)}
        _watch()(key="lm_theme", data=data, on_theme_change=_nothing)


TOP = "lm_top"


def to_top() -> None:
    """Have the page scrolled to its top once it is drawn anew: what comes is another form."""
    st.session_state[TOP] = st.session_state.get(TOP, 0) + 1


WATCH = """
// One step for Back per thing a person does: Streamlit pushes the address twice where a page is
// turned with parameters, once on the page that is left, and again when Python adds some.
if (!history.pushState.lamina) {
  const push = history.pushState.bind(history);
  let acted = false;
  const act = () => { acted = true; };
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, act, true);
  history.pushState = (...entry) => {
    if (acted) push(...entry);
    else history.replaceState(...entry);
    acted = false;
  };
  history.pushState.lamina = true;
}
// While the server is away one line of Lamina's own stands for Streamlit's dialog of that name,
// which is closed as soon as it comes and before it is seen; other dialogs stay. Streamlit tries
// the server again by itself, and its page comes back with it.
if (!window.laminaAway) {
  const line = document.createElement("div");
  line.id = "lamina-away";
  line.setAttribute("role", "status");
  document.body.append(line);
  let since = 0;
  const look = () => {
    const app = document.querySelector('[data-testid="stApp"]');
    const gone = !app || app.dataset.testConnectionState !== "CONNECTED";
    since = gone ? since || Date.now() : 0;
    const words = since && Date.now() - since >= 1000 ?
      "Lamina's server does not answer; what runs goes on. It is tried again …" : "";
    if (line.textContent !== words) line.textContent = words;
    if (since && !words) setTimeout(look, 1100 - (Date.now() - since));
    for (const dialog of document.querySelectorAll('[data-testid="stDialog"]')) {
      const title = dialog.querySelector("h1, h2, [slot=title]") || dialog;
      if (dialog.dataset.lamina || !title.textContent.startsWith("Connection error")) continue;
      dialog.dataset.lamina = "closed";
      dialog.style.display = "none";
      const close = dialog.querySelector('button[aria-label="Close"]');
      if (close) close.click();
    }
  };
  window.laminaAway = new MutationObserver(look);
  window.laminaAway.observe(document.body, {
    childList: true, subtree: true,
    attributes: true, attributeFilter: ["data-test-connection-state"],
  });
}
// The project's name in any bar opens the menu of projects before it; a menu's first line to type
// in is at hand once it is opened.
if (!window.laminaMenus) {
  window.laminaMenus = true;
  const enter = (tries) => setTimeout(() => {
    const menu = document.querySelector('[data-testid="stPopoverBody"]');
    const line = menu?.querySelector('[data-testid="stTextInput"] input');
    if (line && !menu.contains(document.activeElement)) line.focus();
    else if (!menu && tries) enter(tries - 1);
  }, 80);
  addEventListener("click", (event) => {
    const hit = event.composedPath()[0];
    if (hit.closest?.(".crumb b, .lm-crumb b"))
      document.querySelector(".st-key-lm_switch button")?.click();
    if (hit.closest?.('[data-testid="stPopoverButton"]')) enter(8);
  });
}
let told = "";
export default function ({ data, parentElement, setTriggerValue }) {
  if (data.top && data.top !== window.laminaTop) {
    window.laminaTop = data.top;
    const up = () => document.querySelector('[data-testid="stMain"]')?.scrollTo(0, 0);
    for (const pause of [0, 300, 900]) setTimeout(up, pause);
  }
  const place = parentElement.host || parentElement;
  const scheme = getComputedStyle(place).colorScheme.includes("dark") ? "dark" : "light";
  if (scheme === data.theme) { told = ""; return; }
  if (scheme === told) return;
  told = scheme;
  setTimeout(() => setTriggerValue("theme", scheme), 0);
}
"""


@cache
def _watch() -> Callable[..., object]:
    """Asks for a new run when the visitor changes the theme, which Streamlit by itself does not."""
    return st.components.v2.component("lamina_theme", html="<i></i>", js=WATCH)


def _nothing() -> None:
    """The run itself is all that is wanted."""


def bar(
    crumbs: Sequence[str], saved: str | None = None, actions: Callable[[], object] | None = None
) -> None:
    """The 44 px bar: project / part / part (the last one marked), what is saved, and buttons.

    `actions` draws the buttons, left to right; one of them, at most, is the page's filled one.
    """
    with st.container(
        key="lm_bar", horizontal=True, vertical_alignment="center", horizontal_alignment="right"
    ):
        parts.html(_crumb(crumbs, saved), "crumb")
        if actions is not None:
            actions()


def _crumb(crumbs: Sequence[str], saved: str | None) -> str:
    last = len(crumbs) - 1
    names = []
    for i, name in enumerate(crumbs):
        tag, kind = ("b", "part") if i == 0 else ("span", "part on" if i == last else "part")
        safe = escape(name)
        names.append(f'<{tag} class="{kind}" title="{safe}">{safe}</{tag}>')
    trail = '<span class="sep">/</span>'.join(names)
    mark = (
        f'<span class="lm-row lm-s lm-f" style="gap:4px"><span class="lm-ok">{parts.icon("check")}'
        f"</span>{escape(saved)}</span>"
        if saved
        else ""
    )
    sign = parts.icon("file", False)
    return f'<div class="lm-crumb"><span class="lm-f">{sign}</span>{trail}{mark}</div>'
