"""What goes wrong is told as fact, place and remedy."""

import pytest

from builder import wording
from builder.errors import LaminaError


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (LaminaError("It is wrong."), "It is wrong."),
        (LaminaError("It is wrong.", place="a.csv, line 3"), "a.csv, line 3: It is wrong."),
        (LaminaError("It is wrong.", remedy="Mend it."), "It is wrong. Mend it."),
        (LaminaError("Wrong.", place="data.target", remedy="Mend."), "data.target: Wrong. Mend."),
    ],
)
def test_the_sentence_reads_place_fact_remedy(error: LaminaError, text: str) -> None:
    assert str(error) == text
    assert isinstance(error, ValueError)


def test_the_parts_stay_apart_for_screens_and_json() -> None:
    error = LaminaError("Fact.", place="place", remedy="Remedy.", code="stale")
    assert error.to_dict() == {
        "fact": "Fact.",
        "place": "place",
        "remedy": "Remedy.",
        "code": "stale",
    }


@pytest.mark.parametrize(
    ("place", "begun"),
    [
        ("recipe", "Recipe"),
        ("run abc", "Run abc"),
        ("unk.json, evil", "unk.json, evil"),
        ("bin.json", "bin.json"),
        ("data.target", "data.target"),
        ("data/mine", "data/mine"),
        ("evil", "evil"),
        ("/tmp/x", "/tmp/x"),
        ("", ""),
    ],
)
def test_a_place_begins_a_sentence_but_a_given_name_keeps_its_case(place: str, begun: str) -> None:
    assert wording.begun(place) == begun


@pytest.mark.parametrize(
    ("share", "places", "told"),
    [
        (0.0, 0, "0 %"),
        (1.0, 0, "100 %"),
        (0.591, 0, "59 %"),
        (0.591, 1, "59.1 %"),
        (199 / 200, 0, "99.5 %"),
        (1999 / 2000, 1, "99.95 %"),
        (0.99999, 1, "99.999 %"),
        (1 / 1000, 0, "0.1 %"),
        (1 / 10_000, 1, "0.01 %"),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(share: float, places: int, told: str) -> None:
    assert wording.percent(share, places) == told
