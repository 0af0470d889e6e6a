"""A wheel carries what the app needs at its new place."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_pages_and_the_settings_lie_beside_the_package(names: set[str]) -> None:
    assert "builder/ui/_app/app.py" in names
    assert "builder/ui/_app/.streamlit/config.toml" in names
    pages = {f"builder/ui/_app/pages/{page.name}" for page in (ROOT / "pages").glob("*.py")}
    assert pages
    assert pages <= names


def test_the_front_ends_come_built_and_without_their_sources(names: set[str]) -> None:
    front = {name for name in names if "/frontend/" in name}
    for part in ("canvas", "live"):
        assert any(name.startswith(f"builder/ui/{part}/frontend/dist/{part}-") for name in front)
    assert all("/frontend/dist/" in name for name in front)


def test_every_file_of_the_package_is_in_it(names: set[str]) -> None:
    ours = {
        path.relative_to(ROOT).as_posix()
        for ending in ("py", "css", "js", "json")
        for path in (ROOT / "builder").rglob(f"*.{ending}")
    }
    needed = {name for name in ours if "/frontend/" not in name and "/_app/" not in name}
    assert len(needed) > 300
    assert needed <= names
