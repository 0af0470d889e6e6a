"""Texts in plain files get their class from their file's or their folder's name."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from builder.data.sources.text_files import TextFiles, decode
from builder.errors import LaminaError


def write(root: Path, files: dict[str, str], encoding: str = "utf-8") -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text.encode(encoding))
    return root


def read(path: Path, **options: Any) -> Any:
    return TextFiles().read({"path": str(path), **options})


def test_files_that_share_a_name_are_classes_with_a_text_on_every_line(tmp_path: Path) -> None:
    write(
        tmp_path, {"r.pos": "good\n\nfine\r\n", "r.neg": "bad\n", "notes.md": "x", "other.csv": "y"}
    )
    for path in (tmp_path / "r.pos", tmp_path / "r.neg", tmp_path):
        raw = read(path)
        assert raw.media["text"].values == ["bad", "good", "fine"]
        assert raw.frame["label"].tolist() == ["neg", "pos", "pos"]


def test_text_files_side_by_side_are_classes_by_their_names(tmp_path: Path) -> None:
    raw = read(write(tmp_path, {"ham.txt": "a b\nc d", "spam.txt": "win"}))
    assert raw.classes == ("ham", "spam")
    assert raw.rows == 3


def test_class_folders_hold_a_text_per_file_and_keep_train_and_test(tmp_path: Path) -> None:
    files = {
        "imdb/train/pos/1.txt": "good\nfilm",
        "imdb/train/neg/1.txt": "bad",
        "imdb/test/pos/2.txt": "fine",
    }
    raw = read(write(tmp_path, files))
    assert raw.media["text"].values == ["bad", "good\nfilm", "fine"]
    assert raw.given.tolist() == [0, 0, 2]


def test_a_zip_reads_as_its_folder_does(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a/1.txt", "one")
        archive.writestr("b/1.txt", "two")
    assert read(tmp_path / "x.zip").media["text"].values == ["one", "two"]


@pytest.mark.parametrize(
    ("encoding", "guessed"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp1252", "cp1252"), ("utf-16", "utf-16")],
)
def test_the_encoding_is_guessed(encoding: str, guessed: str) -> None:
    assert decode("déjà – vu".encode(encoding), "auto", "x") == ("déjà – vu", guessed)


def test_bytes_that_cp1252_does_not_know_are_latin_1() -> None:
    assert decode(b"a\x81\xe9", "auto", "x")[1] == "latin-1"


def test_a_wrong_encoding_and_a_file_that_is_no_text_are_named_with_their_place() -> None:
    with pytest.raises(LaminaError, match=r"x\.txt, line 2.*not in utf-8"):
        decode(b"fine\nd\xe9j\xe0", "utf-8", "x.txt")
    with pytest.raises(LaminaError, match="null bytes"):
        decode(b"\x00\x01\x02", "auto", "x.txt")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"a/1.txt": "x", "a/2.txt": "y"}, "only one class folder"),
        ({"a.txt": "x"}, "Only the class 'a'"),
        ({"a.csv": "x"}, "no text files in it"),
        ({"a.txt": "\n\n", "b.txt": "   "}, "no texts in it"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    tmp_path: Path, files: dict[str, str], sentence: str
) -> None:
    with pytest.raises(LaminaError, match=sentence):
        read(write(tmp_path, files))


def test_a_lone_file_says_what_is_missing_beside_it(tmp_path: Path) -> None:
    write(tmp_path, {"r.pos": "good"})
    with pytest.raises(LaminaError, match="no second file of that name"):
        read(tmp_path / "r.pos")
    assert "no second file" in (TextFiles.unfit(tmp_path / "r.pos") or "")


def test_the_shared_reviews_are_balanced_and_read_as_latin(test_data: Path) -> None:
    raw = read(test_data / "text_rt_polarity" / "rt-polarity.pos")
    assert raw.frame["label"].value_counts().to_dict() == {"neg": 5331, "pos": 5331}
    assert raw.options["encoding"] == "cp1252"
