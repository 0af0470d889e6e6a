"""One long text: pieces that are the text again, shared out by position, with tokens that fit."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder import data
from builder.data import pieces
from builder.errors import LaminaError
from builder.project import Data, Project, Split, Step, TaskChoice

PROSE = "".join(f"Line {i} of a story that goes on.\n" for i in range(400))


def project(path: Path, *steps: Step, **options: object) -> Project:
    path.write_text(PROSE, encoding="utf-8")
    given = Data.model_validate(
        {
            "source": "long_text",
            "options": {"path": str(path), **options},
            "split": Split(kind="given"),
            "prepare": steps,
        }
    )
    return Project(data=given, task=TaskChoice(kind="language_model"))


@given(st.text(max_size=400), st.integers(8, 40))
def test_pieces_are_short_enough_and_joined_the_text(text: str, most: int) -> None:
    found = pieces.cut(text, most)
    assert "".join(found) == text
    assert all(0 < len(piece.encode("utf-8", errors="replace")) <= most for piece in found)


@pytest.mark.parametrize("level", ["character", "word", "bpe"])
def test_no_kind_of_token_is_cut_off(level: str, tmp_path: Path) -> None:
    step = Step.model_validate({"kind": "tokens", "level": level, "lower": False, "min_count": 1})
    prepared = data.prepare(project(tmp_path / "a.txt", step, context=16))
    kept = prepared.tensors("train")["text"]
    tokens = prepared.preparation["inputs"]["text"]
    assert prepared.spec.inputs["text"].shape == (16,)
    assert tokens["level"] == level
    whole = PROSE.split()
    read = " ".join(prepared.runtime.restore("text", row) for row in kept).split()
    if level == "word":
        assert read[:40] == [part for word in whole for part in _apart(word)][:40]
    else:
        joined = "".join(str(prepared.runtime.restore("text", row)) for row in kept)
        assert PROSE.startswith(joined)
        assert len(joined) > 0.8 * len(PROSE)


def _apart(word: str) -> list[str]:
    return [word[:-1], "."] if word.endswith(".") else [word]


def test_the_text_is_shared_out_by_position(tmp_path: Path) -> None:
    prepared = data.prepare(project(tmp_path / "a.txt", validation=0.1, test=0.2))
    texts = [
        "".join(
            str(prepared.runtime.restore("text", row)) for row in prepared.tensors(split)["text"]
        )
        for split in ("train", "validation", "test")
    ]
    assert "".join(texts) == PROSE
    assert [round(len(text) / len(PROSE), 2) for text in texts] == [0.7, 0.1, 0.2]


def test_characters_are_the_usual_tokens_and_a_large_letter_is_another(tmp_path: Path) -> None:
    prepared = data.prepare(project(tmp_path / "a.txt"))
    assert set(prepared.preparation["inputs"]["text"]["vocabulary"]) == set(PROSE)
    assert prepared.spec.target is None


def test_a_length_that_would_cut_the_text_is_refused(tmp_path: Path) -> None:
    step = Step.model_validate({"kind": "tokens", "max_length": 8})
    with pytest.raises(LaminaError, match="would be cut"):
        data.prepare(project(tmp_path / "a.txt", step))


def test_equal_lines_of_one_text_are_no_finding(tmp_path: Path) -> None:
    given = project(tmp_path / "a.txt").data
    (tmp_path / "a.txt").write_text("The same line.\n" * 500)
    assert data.inspect(given).findings == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"context": 4}, "no whole number|not a whole number"),
        ({"context": True}, "not a whole number"),
        ({"test": 0.9}, "from 0 to 0.5"),
        ({"encoding": "utf-7"}, "encoding 'utf-7'"),
        ({"context": 1000}, "too few for a context"),
    ],
)
def test_a_mistake_in_the_options_is_told(
    options: dict[str, object], words: str, tmp_path: Path
) -> None:
    with pytest.raises(LaminaError, match=words):
        data.read(project(tmp_path / "a.txt", **options).data)


def test_a_folder_is_no_long_text(tmp_path: Path) -> None:
    with pytest.raises(LaminaError, match="folder"):
        data.read(Data(source="long_text", options={"path": str(tmp_path)}))


def test_pythons_reference_is_there_without_a_network() -> None:
    raw = data.read(Data(source="bundled_text"))
    text = "".join(raw.media["text"].values)
    assert text.startswith('The "assert" statement')
    assert len(text) > 300_000
    assert raw.given is not None
    assert (raw.given[1:] >= raw.given[:-1]).all()


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (PROSE, "long_text"),
        ("To be, or not to be,\nthat is the question.\n" * 40, "long_text"),
        ("x,y\n" + "1,a\n2,b\n" * 40, "table"),
        ("3.5\n4.5\n" * 40, "table"),
        ("name\tcolour of it\n" + "rose\tred and white\nlily\twhite all over\n" * 40, "table"),
    ],
    ids=["story", "verse", "commas", "numbers", "tabs"],
)
def test_prose_is_told_from_a_table(text: str, source: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text)
    assert data.recognise([path]).source == source


def test_a_template_may_read_a_table_as_a_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x,y\n" + "1,a\n2,b\n" * 40)
    assert data.recognise([path], prefer="long_text").source == "long_text"


@pytest.mark.parametrize("text", ["a" * 5000, " \n" * 3000], ids=["one character", "white space"])
def test_a_text_without_anything_to_learn_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(text)
    given = Data(source="long_text", options={"path": str(tmp_path / "a.txt")})
    with pytest.raises(LaminaError, match="nothing to learn"):
        data.read(given)


@pytest.mark.parametrize(("characters", "kept"), [(100_000, 5_000), (1_000_000, 10_000)])
def test_of_a_long_text_validation_takes_no_more_than_it_needs(characters: int, kept: int) -> None:
    found = pieces.raw("some words " * (characters // 11), {}, "a.txt")
    sizes = [
        sum(
            len(piece)
            for piece, split in zip(found.media["text"].values, found.given)
            if split == n
        )
        for n in (0, 1, 2)
    ]
    assert sizes[1] == pytest.approx(kept, abs=128)
    assert sizes[2] == pytest.approx(characters / 10, abs=128)


def test_a_share_out_of_range_is_refused_and_a_given_one_kept() -> None:
    assert pieces.raw("some words " * 90_000, {"validation": 0.2}, "a").options["validation"] == 0.2
    with pytest.raises(LaminaError, match="is not a number from 0"):
        pieces.raw("some words " * 900, {"validation": 0.7}, "a")
