"""Archives and folders are read inside limits; nothing is ever written."""

import os
import stat
import zipfile
from pathlib import Path

import pytest

from builder.data.archives import Limits, is_zip, junk, open_tree
from builder.errors import LaminaError


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def paths_of(path: Path, limits: Limits | None = None) -> list[str]:
    with open_tree(path, limits) as tree:
        return [entry.path for entry in tree.entries]


def refusal(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises(LaminaError) as caught, open_tree(path, limits):
        pass
    return str(caught.value)


def test_a_zip_and_a_folder_with_the_same_files_give_the_same_entries_and_bytes(
    tmp_path: Path,
) -> None:
    files = {"a/1.txt": b"one", "b/2.txt": b"two"}
    packed = make_zip(tmp_path / "x.zip", files)
    for name, content in files.items():
        target = tmp_path / "folder" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    for place in (packed, tmp_path / "folder"):
        with open_tree(place) as tree:
            assert {entry.path: tree.read(entry) for entry in tree.entries} == files


@pytest.mark.parametrize(
    "name", ["../outside.txt", "a/../../outside.txt", "/abs/outside.txt", "C:\\x.txt", "..\\x.txt"]
)
def test_a_name_that_points_outside_refuses_the_whole_archive(tmp_path: Path, name: str) -> None:
    packed = make_zip(tmp_path / "x.zip", {"cat/a.txt": b"a"})
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(zipfile.ZipInfo(name), b"outside")
    assert "outside its own folder" in refusal(packed)


def test_a_link_in_an_archive_refuses_it(tmp_path: Path) -> None:
    packed = tmp_path / "x.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert "holds a link" in refusal(packed)


def test_a_bomb_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    packed = make_zip(tmp_path / "x.zip", {"zeros.bmp": bytes(30_000_000)})
    assert "zip bomb" in refusal(packed)


def test_well_packed_small_files_are_no_bomb(tmp_path: Path) -> None:
    packed = make_zip(tmp_path / "x.zip", {"blank.bmp": bytes(1_000_000)})
    assert paths_of(packed) == ["blank.bmp"]


def test_too_many_files_and_too_many_bytes_are_refused_for_zips_and_folders(tmp_path: Path) -> None:
    files = {f"f{i}.txt": b"x" * 100 for i in range(5)}
    packed = make_zip(tmp_path / "x.zip", files)
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    for place in (packed, folder):
        assert "more than 4 files" in refusal(place, Limits(files=4))
        assert "more than 300 bytes" in refusal(place, Limits(total=300))


def test_what_operating_systems_leave_behind_is_passed_over(tmp_path: Path) -> None:
    packed = make_zip(
        tmp_path / "x.zip",
        {
            "a/.DS_Store": b"",
            "__MACOSX/a/._x.txt": b"",
            "a/Thumbs.db": b"",
            "a/x.txt": b"x",
            "empty/": b"",
        },
    )
    assert paths_of(packed) == ["a/x.txt"]
    assert junk("__MACOSX/._a")
    assert not junk("my.photos/a.txt")


def test_a_truncated_zip_and_a_file_that_is_none_are_told_apart(tmp_path: Path) -> None:
    packed = make_zip(tmp_path / "x.zip", {"a.txt": os.urandom(5000)})
    short = tmp_path / "short.zip"
    short.write_bytes(packed.read_bytes()[:3000])
    text = tmp_path / "text.zip"
    text.write_text("hello")
    assert "cut short or damaged" in refusal(short)
    assert "no zip file" in refusal(text)
    assert is_zip(packed)
    assert not is_zip(text)


def test_a_damaged_file_inside_a_zip_is_named_when_it_is_read(tmp_path: Path) -> None:
    packed = tmp_path / "x.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", b"hello, this is plain")
    packed.write_bytes(packed.read_bytes().replace(b"hello", b"jello"))
    with open_tree(packed) as tree, pytest.raises(LaminaError, match=r"a\.txt.*damaged"):
        tree.read(tree.entries[0])


def test_an_archive_that_holds_only_an_archive_says_so(tmp_path: Path) -> None:
    inner = make_zip(tmp_path / "inner.zip", {"a.txt": b"a"})
    outer = make_zip(tmp_path / "outer.zip", {"inner.zip": inner.read_bytes()})
    assert "only another archive" in refusal(outer)


def test_a_locked_zip_is_refused(tmp_path: Path) -> None:
    packed = make_zip(tmp_path / "x.zip", {"a.txt": b"a"})
    content = bytearray(packed.read_bytes())
    at = content.rfind(b"PK\x01\x02")
    content[at + 8] |= 1
    packed.write_bytes(bytes(content))
    assert "password" in refusal(packed)


def test_names_packed_as_utf8_without_saying_so_are_read_rightly(tmp_path: Path) -> None:
    packed = make_zip(tmp_path / "x.zip", {"größe/猫.txt": b"a"})
    content = packed.read_bytes()
    for mark, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        assert content[at + flag + 1] & 0x08
        content = (
            content[: at + flag + 1]
            + bytes([content[at + flag + 1] & ~0x08])
            + content[at + flag + 2 :]
        )
    packed.write_bytes(content)
    assert paths_of(packed) == ["größe/猫.txt"]


def test_links_out_of_a_folder_and_pipes_are_left_out_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "in.txt").write_text("in")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "inner.txt").symlink_to(folder / "in.txt")
    os.mkfifo(folder / "pipe.txt")
    with open_tree(folder) as tree:
        assert [entry.path for entry in tree.entries] == ["in.txt", "inner.txt"]
        assert len(tree.left_out) == 2


def test_reading_shared_messy_zips_writes_nothing_anywhere(test_data: Path, tmp_path: Path) -> None:
    before = {path for path in tmp_path.rglob("*")}
    for name in ("made_zip_slip.zip", "made_bomb_200MB_of_zeros.zip", "made_truncated.zip"):
        assert refusal(test_data / "messy_images" / name).count("\n") == 0
    assert {path for path in tmp_path.rglob("*")} == before
    assert not (test_data.parent / "outside.txt").exists()
