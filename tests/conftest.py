"""What all tests share: a Lamina home of their own, and the real data where it is."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")

# The same examples on every machine, however slow; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture(autouse=True)
def lamina_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Path:
    """LAMINA_HOME points into the test's own folder; journeys bring their own server and home."""
    home = tmp_path / "lamina-home"
    if "journey" not in request.keywords:
        monkeypatch.setenv("LAMINA_HOME", str(home))
    return home


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data; skips where LAMINA_TEST_DATA does not name it."""
    named = os.environ.get("LAMINA_TEST_DATA")
    if not named:
        pytest.skip("LAMINA_TEST_DATA is not set; it names the folder of real data sets")
    return Path(named)
