"""Everything that Lamina keeps lies under LAMINA_HOME."""

from pathlib import Path

import pytest

from builder.errors import LaminaError
from builder.home import home, room


def test_the_folder_is_made_on_first_use(lamina_home: Path) -> None:
    assert not lamina_home.exists()
    assert home() == lamina_home.resolve()
    assert room("projects") == lamina_home.resolve() / "projects"
    assert room("projects").is_dir()


def test_without_the_variable_it_is_the_users_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("LAMINA_HOME")
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: str(tmp_path / "user"))
    assert home() == (tmp_path / "user").resolve()


def test_a_file_in_its_place_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LAMINA_HOME", str(tmp_path / "file"))
    with pytest.raises(LaminaError, match="cannot be made") as caught:
        home()
    assert caught.value.place == "LAMINA_HOME"


def test_a_room_that_cannot_be_made_is_told_in_words(lamina_home: Path) -> None:
    home()
    (lamina_home / "runs").write_text("")
    with pytest.raises(LaminaError, match="cannot be made"):
        room("runs")
