"""Where the pages and the settings lie: at the top of a clone, or inside the package of an
install.
"""

from pathlib import Path

UI = Path(__file__).resolve().parent
MAIN = UI / "main.py"


def top() -> Path:
    """The folder that holds app.py, pages/ and .streamlit/: the clone's root, or builder/ui/_app
    of a wheel.
    """
    packed = UI / "_app"
    return packed if packed.is_dir() else UI.parent.parent


def page_file(name: str) -> Path:
    """The file of a page, by its name ("data")."""
    return top() / "pages" / f"{name}.py"
