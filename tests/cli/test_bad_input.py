"""Every odd file is offered to `lamina new`: read rightly or refused in one sentence, and nothing
half-made is left.

What each is read as is held by tests/data/test_messy.py and test_messy_tables.py.
"""

import gzip
import io
import os
import struct
import zipfile
from pathlib import Path

import pytest

from builder.cli import root
from builder.home import home

ROWS = [(i % 7, i % 5, "xy"[i % 2]) for i in range(60)]
TEXT = "a,b,t\n" + "".join(f"{a},{b},{t}\n" for a, b, t in ROWS)


def zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def picture(mode: str = "RGB", form: str = "PNG", turned: int = 0) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    exif = Image.Exif()
    if turned:
        exif[0x0112] = turned
    Image.new(mode, (16, 24)).save(made, form, **({"exif": exif} if turned else {}))
    return made.getvalue()


def grain() -> bytes:
    """A picture that does not pack into a few bytes."""
    from PIL import Image

    made = io.BytesIO()
    Image.frombytes("L", (64, 64), bytes(i * i % 251 for i in range(64 * 64))).save(made, "PNG")
    return made.getvalue()


def moving() -> bytes:
    from PIL import Image

    made = io.BytesIO()
    frames = [Image.new("P", (16, 24), shade) for shade in (1, 2, 3)]
    frames[0].save(made, "GIF", save_all=True, append_images=frames[1:])
    return made.getvalue()


def folders() -> dict[str, bytes]:
    return {f"{kind}/{i}.png": picture() for kind in "xy" for i in range(6)}


def series(*lines: str) -> bytes:
    head = "@problemName odd\n@classLabel true x y\n@data\n"
    return (head + "\n".join(lines) + "\n").encode()


IDX = struct.pack(">IIII", 0x803, 10, 8, 8)
ODD = {
    # file → what is in it, whether it is read, and words of what is said
    "utf16_unmarked.csv": (TEXT.encode("utf-16-le"), True, "60 rows"),
    "one_column.csv": (b"v\n" + b"1\n2\n3\n" * 9, False, "no column to predict from"),
    "commas_and_points.csv": (
        ("p;q;t\n" + "".join(f"{i},5;{i * 7 % 13}.25;{'xy'[i % 2]}\n" for i in range(60))).encode(),
        True,
        "from 2 columns",
    ),
    "million_columns.csv": (b"c," * 999_999 + b"c\n" + b"1," * 999_999 + b"1\n", False, "line 1"),
    "table.csv.gz": (gzip.compress(TEXT.encode()), False, "Unpack it"),
    "packed.csv": (gzip.compress(TEXT.encode()), False, "Unpack it first"),
    "table.zip": (zipped({"t.csv": TEXT.encode()}), False, "Unpack it"),
    "scalars.jsonl": (b"1\n2\n3\n", False, "line 1"),
    "torn.parquet": (b"PAR1" + bytes(40), False, "damaged"),
    "torn.xlsx": (zipped({"xl/workbook.xml": b"<"})[:60], False, "damaged"),
    "program.pkl": (b"\x80\x04.", False, "does not know"),
    "unlike.ts": (
        series("1,2,3,4,5,6:x", "1,2,3,9:y", *["3,?,2,5,1:x", "1,2:y"] * 9),
        True,
        "20 rows",
    ),
    "label.ts": (series("1,2:z"), False, "not among those"),
    "word.ts": (series("1,two:x"), False, "line 4"),
    "macos.zip": (
        zipped({**folders(), **{f"__MACOSX/x/._{i}.png": b"\0\5" for i in range(6)}}),
        True,
        "2 classes) from images, 12 rows",
    ),
    "torn_picture.zip": (zipped({**folders(), "x/torn.png": grain()[:900]}), True, "12 rows"),
    "all_torn.zip": (zipped(dict.fromkeys(folders(), b"none")), False, "x/0.png"),
    "kinds.zip": (
        zipped(
            {
                **folders(),
                "x/cmyk.jpg": picture("CMYK", "JPEG"),
                "x/deep.png": picture("I;16"),
                "y/moving.gif": moving(),
                "y/turned.jpg": picture("RGB", "JPEG", turned=6),
            }
        ),
        True,
        "16 rows",
    ),
    "same_names.zip": (
        zipped({"x/1.png": picture(), "X/1.png": picture(), "y/1.png": picture()}),
        False,
        "more rows of each class",
    ),
    "backslashes.zip": (zipped({"..\\..\\out.png": picture()}), False, "outside its own folder"),
    "magic-images-idx3-ubyte.gz": (gzip.compress(b"\1\2\3\4" + bytes(99)), False, "magic-"),
    "short-images-idx3-ubyte.gz": (gzip.compress(IDX + bytes(600)), False, "short-"),
    "vast-images-idx3-ubyte.gz": (
        gzip.compress(struct.pack(">IIII", 0x803, 2**31 - 1, 2**15, 2**15)),
        False,
        "vast-",
    ),
}
LABELS = gzip.compress(struct.pack(">II", 0x801, 10) + bytes(range(10)))


def offered(path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code and what was said; holds what is true of every answer."""
    out = folder / "made.lamina.json"
    code = root._run(["new", "--data", str(path), "-o", str(out)])
    said = capsys.readouterr()
    text = said.out + said.err
    assert code in (root.OK, root.WRONG_INPUT), (path.name, text)
    assert "Traceback" not in text, path.name
    assert "Lamina itself" not in text, (path.name, text)
    assert out.exists() == (code == root.OK), path.name
    if code == root.WRONG_INPUT:
        assert said.out == "", path.name
        assert said.err.startswith("Error: "), path.name
        assert len(said.err.strip().splitlines()) == 1, (path.name, said.err)
    prepared = home() / "prepared"
    left = [entry for entry in os.listdir(prepared) if "." in entry] if prepared.is_dir() else []
    assert not [entry for entry in left if not entry.endswith(".lock")], (path.name, left)
    out.unlink(missing_ok=True)
    return code, text


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_is_read_or_refused_in_one_sentence(name, tmp_path, capsys):
    content, read, words = ODD[name]
    folder = tmp_path / "given"
    folder.mkdir()
    path = folder / name
    path.write_bytes(content)
    if "images-idx3" in name:
        (folder / name.replace("images-idx3", "labels-idx1")).write_bytes(LABELS)
    before = sorted(entry.name for entry in folder.iterdir())
    code, said = offered(path, tmp_path, capsys)
    assert (code == root.OK) == read, said
    assert words in said
    assert sorted(entry.name for entry in folder.iterdir()) == before


def test_every_messy_file_has_its_answer(test_data, tmp_path, capsys):
    """Read by the command line unless it is one of these; each refusal names file or field."""
    refused = {
        "empty_file.csv", "header_only.csv", "html_page_named.csv", "null_bytes.csv",
        "one_row.csv", "unclosed_quote.csv", "whitespace_only.csv", "complex.csv",
        "skip_initials.csv", "utf8bom.csv",
    }  # fmt: skip
    tables = sorted((test_data / "messy_tables").glob("*/*"))
    archives = sorted((test_data / "messy_images").glob("*.zip"))
    pictures = sorted((test_data / "messy_images" / "real").iterdir())
    assert len(tables) > 30
    for path in [*tables, *archives, *pictures]:
        if path.name == "wide_2000_columns.csv":
            continue  # read by tests/data/test_messy_tables.py; preparing it takes seconds
        code, said = offered(path, tmp_path, capsys)
        read = path.name not in refused if path in tables else "photos_messy" in path.name
        assert (code == root.OK) == read, (path.name, said)
        if code:
            assert path.name in said, said
