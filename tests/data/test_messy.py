"""Files meant to do harm, and pictures of all kinds: what happens to each of them."""

import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import data
from builder.errors import LaminaError

ROWS = [(i % 7, i % 5, "xy"[i % 2]) for i in range(60)]


def body(head: str = "a,b,y", end: str = "\n") -> str:
    return end.join([head, *(",".join(map(str, row)) for row in ROWS)]) + end


def png(colour: tuple[int, int, int]) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(made, "PNG")
    return made.getvalue()


def packed(files: dict[str, bytes], link: str = "") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        if link:
            info = zipfile.ZipInfo(link)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, "/etc/passwd")
    return made.getvalue()


def workbook() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Measured at the lake", None, None])
    sheet.merge_cells("A1:C1")
    sheet.append(["a", "b", "y"])
    for i in range(40):
        sheet.append([i % 9, f"=A{i + 3}*2", "x" if i % 2 else "z"])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def nested_parquet() -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = range(40)
    made = io.BytesIO()
    columns = {
        "n": [i % 6 for i in count],
        "inner": [{"k": i % 3} for i in count],
        "list": [[i, i + 1] for i in count],
        "bytes": [b"\xff\xfe"] * 40,
        "span": pa.array(count, pa.duration("s")),
        "y": ["p", "q"] * 20,
    }
    pq.write_table(pa.table(columns), made)
    return made.getvalue()


def coloured() -> dict[str, bytes]:
    return {f"{k}/{i}.jpg": png((25 * i, 0, 9 * len(k))) for k in ("red", "blue") for i in range(8)}


def records(more: dict[str, str]) -> bytes:
    rows = [json.dumps(dict(zip("aby", row, strict=True)) | more) for row in ROWS]
    return "\n".join(rows).encode()


NUMBERED = ",".join([*map(str, range(300)), "y"]) + "\n"
READ: dict[str, tuple[Callable[[], bytes], int, str]] = {
    # file → its bytes, the rows that are read, the target that is guessed
    "utf16_bom.csv": (lambda: body().encode("utf-16"), 60, "y"),
    "utf32_bom.csv": (lambda: body().encode("utf-32"), 60, "y"),
    "utf32_unmarked.csv": (lambda: body().encode("utf-32-be"), 60, "y"),
    "json_inside.csv": (lambda: records({}), 60, "y"),
    "half_a_character.jsonl": (lambda: records({"t": "\ud83d lake"}), 60, "y"),
    "steering.csv": (lambda: body("a\x1b[31m,b\x07,y\u202e").encode(), 60, "y"),
    "cr_only.csv": (lambda: body(end="\r").encode(), 60, "y"),
    "html_name.csv": (lambda: body("<script>alert(1)</script>,<b>,y").encode(), 60, "y"),
    "same_names.csv": (lambda: body("a,a,a").encode(), 60, "a (3)"),
    "quoted_newlines.csv": (
        lambda: (
            "t,v,y\n" + "".join(f'"a\n""b""",{i % 9},{"xy"[i % 2]}\n' for i in range(60))
        ).encode(),
        60,
        "y",
    ),
    "numbered_columns.csv": (
        lambda: (NUMBERED + "".join("0.5," * 300 + f"{'ab'[i % 2]}\n" for i in range(20))).encode(),
        20,
        "y",
    ),
    "one_class.csv": (
        lambda: ("a,b,target\n" + "".join(f"{i * 3 % 17},{i % 3},x\n" for i in range(60))).encode(),
        60,
        "b",
    ),
    "nan_target.csv": (
        lambda: ("a,b,target\n" + "".join(f"{i},{i % 3},\n" for i in range(60))).encode(),
        60,
        "b",
    ),
    "title_and_formulas.xlsx": (workbook, 40, "y"),
    "nested.parquet": (nested_parquet, 40, "y"),
    "png_called_jpg.zip": (lambda: packed(coloured()), 16, "label"),
}
REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    # file → its bytes, words of the sentence, what stands in the place
    "broken_line.jsonl": (lambda: b'{"a":1}\n' * 5 + b'{"a":\n{"a":2}\n', "no JSON", "line 6"),
    "digits.jsonl": (lambda: b'{"a":1}\n{"a":' + b"9" * 6000 + b"}\n", "of digits", "line 2"),
    "torn_utf16.csv": (lambda: body().encode("utf-16")[:-1], "not utf-16 text", "line 61"),
    "deep.json": (lambda: b"[" * 100_000, "nested too deeply", "deep.json"),
    "only_quotes.csv": (lambda: b'"' * 100_001, "never closed", "line 1"),
    "one_long_line.csv": (lambda: b"a" * 300_000, "no rows", "one_long_line.csv"),
    "binary.csv": (lambda: bytes(range(256)) * 50, "NUL byte", "line 1"),
    "symlink.zip": (lambda: packed({"red/1.png": png((1, 2, 3))}, "red/2.png"), "a link", ".zip"),
    "absolute.zip": (lambda: packed({"/etc/cron.d/x.png": b"x"}), "outside its own", ".zip"),
    "nested.zip": (
        lambda: packed({"inner.zip": packed({"a.txt": b"a"})}),
        "another archive",
        ".zip",
    ),
    "empty.zip": (lambda: b"PK\x05\x06" + bytes(18), "holds no images", "empty.zip"),
    "alone.png": (lambda: png((1, 2, 3)), "single picture", "alone.png"),
}


@pytest.mark.parametrize("name", READ)
def test_a_nasty_file_is_read_rightly(name: str, tmp_path: Path) -> None:
    make, rows, target = READ[name]
    path = tmp_path / name
    path.write_bytes(make())
    overview = data.inspect(data.suggest(data.recognise([path])))
    assert (overview.rows, overview.target) == (rows, target)


@pytest.mark.parametrize("name", REFUSED)
def test_a_nasty_file_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    make, words, place = REFUSED[name]
    path = tmp_path / name
    path.write_bytes(make())
    with pytest.raises(LaminaError, match=words) as caught:
        data.read(data.recognise([path]))
    assert place in caught.value.place
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == [name]


def test_points_between_thousands_and_a_decimal_comma_are_read(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    lines = "".join(f"{i}.{i * 37 % 1000:03d},50;{i % 9}.000;{'xy'[i % 2]}\n" for i in range(1, 60))
    path.write_text("price;size;y\n" + lines)
    frame = data.read(data.recognise([path])).frame
    assert frame["price"].tolist()[:2] == [1037.5, 2074.5]


def test_an_empty_folder_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(LaminaError, match="folder is empty"):
        data.recognise([tmp_path])


IMAGES: dict[str, str] = {
    "made_bomb_200MB_of_zeros.zip": "zip bomb",
    "made_flat_no_classes.zip": "not sorted into class folders",
    "made_one_class_only.zip": "only one class folder",
    "made_photos_messy.zip": "",  # read: 48 pictures of 4 classes
    "made_truncated.zip": "cut short or damaged",
    "made_zip_slip.zip": "outside its own folder",
}


def test_every_messy_picture_and_archive_has_its_answer(test_data: Path) -> None:
    folder = test_data / "messy_images"
    archives = {path.name for path in folder.glob("*.zip")}
    assert archives == set(IMAGES)
    pictures = {path.name: "single picture" for path in (folder / "real").iterdir()}
    for name, words in {**IMAGES, **pictures}.items():
        path = folder / (name if name in IMAGES else f"real/{name}")
        if not words:
            overview = data.inspect(data.recognise([path]))
            assert (overview.rows, len(overview.balance)) == (48, 4)
            continue
        with pytest.raises(LaminaError, match=words) as caught:
            data.read(data.recognise([path]))
        assert name in caught.value.place
        assert caught.value.remedy
