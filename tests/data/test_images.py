"""Images of any kind come out as the eye sees them, at one size, the same with and without
Pillow."""

import contextlib
import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from builder.data import recognise
from builder.data.runtime import images, png
from builder.data.runtime.images import Images, eight_bits, fit, pixels
from builder.data.sources.images import ImageFolders
from builder.errors import LaminaError


def photo(height: int = 12, width: int = 16, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


# --- decoding ---


def test_a_colour_png_comes_out_pixel_by_pixel() -> None:
    x = photo()
    assert torch.equal(pixels(encoded(Image.fromarray(x))), torch.tensor(x))


@pytest.mark.parametrize("turn", range(1, 9))
def test_exif_rotation_is_applied(turn: int) -> None:
    upright = Image.fromarray(photo(16, 24)).resize((48, 32), Image.Resampling.NEAREST)
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = upright.transpose(undo[turn]) if turn in undo else upright
    exif = Image.Exif()
    exif[0x0112] = turn
    assert torch.equal(pixels(encoded(stored, exif=exif)), pixels(encoded(upright)))


def test_cmyk_jpegs_become_the_colours_that_are_seen() -> None:
    red = Image.new("RGB", (16, 16), (220, 30, 40))
    x = pixels(encoded(red.convert("CMYK"), "JPEG", quality=95))
    assert x.shape == (16, 16, 3)
    assert (x.float().mean(dim=(0, 1)) - torch.tensor([220.0, 30.0, 40.0])).abs().max() < 12


def test_sixteen_bits_are_scaled_to_eight_by_the_white_level() -> None:
    deep = Image.fromarray(np.array([[0, 257, 32896, 65535]], dtype=np.uint16))
    x = pixels(encoded(deep))
    assert x.dtype == torch.int32
    assert eight_bits(x).flatten().tolist() == [0, 1, 128, 255]
    assert eight_bits(x, white=4095.0).flatten().tolist() == [0, 16, 255, 255]


def test_floating_point_images_are_taken_from_zero_to_one_or_to_255() -> None:
    unit = Image.fromarray(np.array([[0.0, 0.5, 1.0]], dtype=np.float32))
    wide = Image.fromarray(np.array([[0.0, 128.0, 255.0]], dtype=np.float32))
    for image in (unit, wide):
        assert eight_bits(pixels(encoded(image, "TIFF"))).flatten().tolist() == [0, 128, 255]


def test_what_is_transparent_is_laid_over_white() -> None:
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 128))
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 0, 0, 255])
    through = encoded(palette, transparency=1)
    for content, level in ((encoded(clear), 255), (encoded(half), 127), (through, 255)):
        assert fit(pixels(content), (4, 4), 3).unique().tolist() == [level]


def test_of_several_frames_the_first_is_taken() -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "lime", "blue")]
    for kind in ("GIF", "TIFF"):
        content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert fit(pixels(content), (8, 8), 3).flatten(1).float().mean(dim=1).tolist() == [
            255,
            0,
            0,
        ]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pngs_are_read_alike_without_pillow(mode: str) -> None:
    if mode == "I;16":
        image = Image.fromarray(photo(9, 13)[:, :, 0].astype(np.uint16) * 257)
    else:
        rgba = np.dstack([photo(9, 13), photo(9, 13, seed=1)[:, :, 0]])
        image = (
            Image.fromarray(rgba).convert("RGB" if mode in ("P", "1", "L") else mode).convert(mode)
        )
    content = encoded(image)
    with_pillow = fit(eight_bits(pixels(content)), (9, 13), 3)
    assert torch.equal(fit(eight_bits(png.decode(content)), (9, 13), 3), with_pillow)


def test_all_line_filters_of_png_are_undone() -> None:
    x = photo(5, 7)
    lines = []
    before = np.zeros((7, 3), np.int64)
    for kind, line in enumerate(x.astype(np.int64)):
        left = np.vstack([np.zeros((1, 3), np.int64), line[:-1]])
        corner = np.vstack([np.zeros((1, 3), np.int64), before[:-1]])
        guess = left + before - corner
        distances = np.stack([abs(guess - left), abs(guess - before), abs(guess - corner)])
        nearest = np.choose(distances.argmin(axis=0), [left, before, corner])
        predicted = [0, left, before, (left + before) // 2, nearest][kind]
        lines.append(bytes([kind]) + ((line - predicted) % 256).astype(np.uint8).tobytes())
        before = line
    assert torch.equal(png.decode(_png(7, 5, 2, lines)), torch.tensor(x))


def test_interlaced_pngs_are_read() -> None:
    x = photo(9, 11)[:, :, 0]
    lines = []
    for left, top, across, down in png._PASSES:
        part = x[top::down, left::across]
        lines += [b"\0" + row.tobytes() for row in part if len(row)]
    decoded = png.decode(_png(11, 9, 0, lines, interlaced=True))
    assert torch.equal(decoded[:, :, 0], torch.tensor(x))


def _png(width: int, height: int, kind: int, lines: list[bytes], interlaced: bool = False) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, int(interlaced))
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b"")]
    packed = b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
    return png.SIGNATURE + packed


@pytest.mark.parametrize("head", [b"P5 3 2 255\n", b"P5 # a comment\n3 2\n255\n"])
def test_pgm_and_ppm_are_read_without_pillow(head: bytes) -> None:
    assert png.decode(head + bytes([0, 1, 2, 3, 4, 5])).flatten().tolist() == [0, 1, 2, 3, 4, 5]
    assert png.decode(b"P3 1 1 255 7 8 9").flatten().tolist() == [7, 8, 9]
    assert png.decode(b"P5 1 1 65535\n\x01\x02").dtype == torch.int32
    assert png.decode(b"P6 1 1 255\n" + bytes([7, 8, 9])).shape == (1, 1, 3)


def test_a_png_written_here_is_read_by_pillow_and_back() -> None:
    for channels in (1, 3):
        x = torch.tensor(photo()).permute(2, 0, 1)[:channels]
        content = png.encode(x)
        assert torch.equal(png.decode(content).permute(2, 0, 1), x)
        assert torch.equal(pixels(content).permute(2, 0, 1), x)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"", "empty"),
        (b"this is text", "no image format"),
        (encoded(Image.fromarray(photo()))[:60], "trunc|short|damaged|broken"),
        ("cat.png", "pathlib.Path"),
        (None, "pathlib.Path"),
        ([[1, 2], [3]], "no image"),
        (np.zeros((2, 2, 7), np.uint8), r"not \[2, 2, 7\]"),
        (Path("/nowhere/cat.png"), "cannot be read"),
    ],
)
def test_what_is_no_image_is_a_value_error_with_the_reason(value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        pixels(value)


@pytest.mark.parametrize(
    "content", [b"", b"abc", png.SIGNATURE, b"P5 3 2", b"P5 3 2 255\nab", b"P3 9999 9999 255 1"]
)
def test_without_pillow_damaged_files_are_value_errors(
    content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "Image", None)
    with pytest.raises(ValueError, match=r".+"):
        pixels(content)


def test_an_image_of_a_hundred_million_pixels_is_refused() -> None:
    content = _png(10_000, 10_000, 0, [b""])
    with pytest.raises(ValueError, match=r"50 million|not allowed"):
        pixels(content)
    with pytest.raises(ValueError, match="not allowed"):
        png.decode(content)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_pngs_are_read_or_refused_but_never_crash(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["RGB", "L", "P", "RGBA", "1"]))
    content = bytearray(encoded(Image.fromarray(photo(5, 6)).convert(kind)))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    for read_one in (png.decode, pixels):
        shape: Any = (1, 1, 1)
        with contextlib.suppress(ValueError):
            shape = read_one(bytes(content)).shape
        assert len(shape) == 3


# --- fitting ---


def test_gray_and_colour_turn_into_each_other_as_pillow_does() -> None:
    x = photo()
    gray = np.asarray(Image.fromarray(x).convert("L"))
    assert torch.equal(fit(torch.tensor(x), (12, 16), 1)[0], torch.tensor(gray))
    assert torch.equal(fit(torch.tensor(gray)[:, :, None], (12, 16), 3)[2], torch.tensor(gray))


def test_crop_keeps_the_middle_pad_adds_black_stretch_does_neither() -> None:
    x = torch.zeros(10, 30, 1, dtype=torch.uint8)
    x[:, 10:20] = 200  # a bright square in the middle of a wide image
    assert fit(x, (10, 10), 1, "crop").unique().tolist() == [200]
    padded = fit(x, (30, 30), 1, "pad")
    assert torch.equal(padded[0, 10:20], x[:, :, 0])
    assert padded[0, :10].max() == 0
    assert fit(x, (10, 10), 1, "stretch")[0, :, 0].max() == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (7, 5)])
@pytest.mark.parametrize("rule", ["crop", "pad", "stretch"])
def test_any_size_fits_any_other(size: tuple[int, int], rule: str) -> None:
    x = torch.full((*size, 3), 90, dtype=torch.uint8)
    assert fit(x, (16, 24), 1, rule).shape == (1, 16, 24)


def test_scaling_down_agrees_with_pillow_within_a_level() -> None:
    x = np.asarray(Image.fromarray(photo(8, 8)).resize((64, 64), Image.Resampling.BICUBIC))
    theirs = np.asarray(Image.fromarray(x).resize((16, 16), Image.Resampling.BILINEAR)).astype(int)
    ours = fit(torch.tensor(x), (16, 16), 3).permute(1, 2, 0).numpy().astype(int)
    assert abs(ours - theirs).max() <= 1


def test_the_runtime_reads_bytes_paths_and_arrays_alike(tmp_path: Path) -> None:
    x = photo()
    content = encoded(Image.fromarray(x))
    (tmp_path / "x.png").write_bytes(content)
    form = Images(
        {
            "column": "image",
            "height": 12,
            "width": 16,
            "channels": 3,
            "mean": [0.5] * 3,
            "std": [0.25] * 3,
        }
    )
    stored = form.transform(
        [{"image": v} for v in (content, tmp_path / "x.png", x, torch.tensor(x), x.tolist())]
    )
    assert stored.dtype == torch.uint8
    assert all(torch.equal(row, stored[0]) for row in stored)
    assert torch.allclose(form.to_model(stored), (stored / 255 - 0.5) / 0.25)
    assert form.restore(stored[0])[:8] == png.SIGNATURE


def test_a_record_without_its_image_is_named() -> None:
    form = Images({"column": "image", "height": 2, "width": 2, "channels": 1})
    with pytest.raises(ValueError, match="Record 2 lacks 'image'"):
        form.transform([{"image": np.zeros((2, 2), np.uint8)}, {}])


# --- class folders ---


def folder(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def pictures(*names: str, size: tuple[int, int] = (12, 16)) -> dict[str, bytes]:
    return {name: encoded(Image.fromarray(photo(*size, seed=i))) for i, name in enumerate(names)}


def read(path: Path, **options: Any) -> Any:
    return ImageFolders().read({"path": str(path), **options})


def test_class_folders_below_any_root_give_their_names_as_classes(tmp_path: Path) -> None:
    names = [
        "my photos/set/größe é 猫/1.png",
        "my photos/set/dog/1.png",
        "my photos/set/dog/deep/2.png",
    ]
    raw = read(folder(tmp_path, pictures(*names)))
    assert raw.classes == ("dog", "größe é 猫")
    assert raw.frame["label"].tolist() == ["dog", "dog", "größe é 猫"]
    assert raw.given is None
    assert raw.media["image"].values[0].shape == (12, 16, 3)


def test_folder_and_zip_give_the_same_rows(tmp_path: Path) -> None:
    files = pictures("a/1.png", "a/2.png", "b/1.png")
    place = folder(tmp_path / "folder", files)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name, content in files.items():
            archive.writestr(f"root/{name}", content)
    first, second = read(place), read(tmp_path / "x.zip")
    assert first.frame.equals(second.frame)
    for a, b in zip(first.media["image"].values, second.media["image"].values, strict=True):
        assert np.array_equal(a, b)


def test_train_val_and_test_folders_are_the_given_split(tmp_path: Path) -> None:
    names = ["d/Train/a/1.png", "d/Train/b/1.png", "d/val/a/1.png", "d/test/b/1.png"]
    raw = read(folder(tmp_path, pictures(*names)))
    assert raw.given.tolist() == [0, 0, 1, 2]
    assert raw.frame["label"].tolist() == ["a", "b", "a", "b"]


def test_a_test_folder_without_classes_is_left_out_and_said(tmp_path: Path) -> None:
    raw = read(
        folder(tmp_path, pictures("train/a/1.png", "train/b/1.png", "test/1.png", "test/2.png"))
    )
    assert raw.rows == 2
    assert raw.given is None
    assert any("2 images directly in test/" in note for note in raw.notes)


def test_a_lone_train_folder_is_only_a_root(tmp_path: Path) -> None:
    raw = read(folder(tmp_path, pictures("train/a/1.png", "train/b/1.png")))
    assert raw.classes == ("a", "b")
    assert raw.given is None


def test_unreadable_images_are_skipped_counted_and_named(tmp_path: Path) -> None:
    files = pictures("a/1.png", "b/1.png")
    files |= {"a/empty.jpg": b"", "b/text.jpg": b"not an image", "b/cut.png": files["a/1.png"][:50]}
    raw = read(folder(tmp_path, files))
    (finding,) = raw.findings
    assert raw.rows == 2
    assert finding.code == "unreadable_images"
    assert "3 of 5" in finding.title
    assert all(name in finding.sentence for name in ("empty.jpg", "text.jpg", "cut.png"))


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"1.png": b"x", "2.png": b"y"}, "not sorted into class folders"),
        ({"cat/1.png": b"x", "cat/2.png": b"y"}, "only one class folder, 'cat'"),
        ({"a/notes.txt": b"x"}, "no images in it"),
        ({"a/1.png": b"x", "b/2.png": b"y"}, "None of the 2 images can be read"),
        ({**pictures("a/1.png"), "b/2.png": b"y"}, "Only images of the class 'a' can be read"),
    ],
)
def test_folders_that_cannot_be_learnt_from_are_refused_in_one_sentence(
    tmp_path: Path, files: dict[str, bytes], sentence: str
) -> None:
    with pytest.raises(LaminaError, match=sentence) as caught:
        read(folder(tmp_path, files))
    assert caught.value.remedy


def test_equal_sizes_are_kept_and_mixed_ones_are_capped(tmp_path: Path) -> None:
    equal = read(folder(tmp_path / "equal", pictures("a/1.png", "b/1.png", size=(100, 120))))
    assert (equal.options["height"], equal.options["width"]) == (100, 120)
    mixed = pictures("a/1.png", "a/2.png", size=(100, 120)) | pictures("b/1.png", size=(90, 90))
    raw = read(folder(tmp_path / "mixed", mixed))
    assert (raw.options["height"], raw.options["width"]) == (53, 64)
    assert any("scaled to 53×64" in note for note in raw.notes)


def test_size_channels_and_fitting_can_be_chosen(tmp_path: Path) -> None:
    place = folder(tmp_path, pictures("a/1.png", "b/1.png"))
    raw = read(place, height=20, width=10, channels="1", resize="pad")
    assert raw.media["image"].values[1].shape == (20, 10, 1)
    assert raw.options == {
        "height": 20,
        "width": 10,
        "channels": "1",
        "resize": "pad",
        "white": 65535.0,
    }


@pytest.mark.parametrize(
    "options",
    [{"height": 0}, {"width": "wide"}, {"height": 5000}, {"resize": "zoom"}, {"channels": "2"}],
)
def test_wrong_options_are_named_with_their_place(tmp_path: Path, options: dict[str, Any]) -> None:
    place = folder(tmp_path, pictures("a/1.png", "b/1.png"))
    with pytest.raises(LaminaError, match=next(iter(options))):
        read(place, **options)


def test_of_height_and_width_one_follows_the_other(tmp_path: Path) -> None:
    raw = read(folder(tmp_path, pictures("a/1.png", "b/1.png", size=(20, 30))), height=40)
    assert raw.media["image"].values[0].shape == (40, 60, 3)


def test_the_white_level_of_deep_images_is_guessed_from_the_brightest(tmp_path: Path) -> None:
    deep = np.full((16, 16), 700, np.uint16)
    content = encoded(Image.fromarray(deep))
    raw = read(folder(tmp_path, {"a/1.png": content, "b/1.png": content}))
    assert raw.options["white"] == 1023
    assert raw.media["image"].values[0].max() == round(700 * 255 / 1023)


def test_progress_is_told_and_may_stop_the_work(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(what: str, done: int, total: int) -> None:
        raise Stop

    with pytest.raises(Stop):
        ImageFolders().read({"path": str(folder(tmp_path, pictures("a/1.png", "b/1.png")))}, stop)


# --- the shared messy images  ---

VERDICTS = {
    "16bit.cropped.tif": (64, 64, 1),
    "Landscape_1.jpg": (1200, 1800, 3),
    "Landscape_6.jpg": (1200, 1800, 3),
    "Landscape_8.jpg": (1200, 1800, 3),
    "broken.png": "no image format",
    "hopper.bmp": (128, 128, 3),
    "hopper.gif": (128, 128, 3),
    "hopper.webp": (128, 128, 3),
    "hopper_16bit.pgm": (128, 128, 1),
    "hopper_orientation_3.jpg": (128, 128, 3),
    "hopper_orientation_6.jpg": (128, 128, 3),
    "multipage.tiff": (10, 10, 3),
    "p_16.png": (128, 128, 4),
    "pil_sample_cmyk.jpg": (100, 100, 3),
    "transparent.png": (150, 200, 4),
    "truncated_image.png": "truncated",
    "truncated_jpeg.jpg": "truncated",
}


@pytest.mark.parametrize("name", VERDICTS)
def test_each_shared_messy_image_is_read_rightly_or_refused(test_data: Path, name: str) -> None:
    path, verdict = test_data / "messy_images" / "real" / name, VERDICTS[name]
    if isinstance(verdict, str):
        with pytest.raises(ValueError, match=verdict):
            pixels(path)
    else:
        assert tuple(pixels(path).shape) == verdict


def test_the_shared_hoppers_look_alike_whatever_their_format(test_data: Path) -> None:
    real = test_data / "messy_images" / "real"
    reader = Images({"column": "image", "height": 64, "width": 64, "channels": 1})
    names = [
        "hopper.bmp",
        "hopper.gif",
        "hopper.webp",
        "hopper_16bit.pgm",
        "hopper_orientation_3.jpg",
        "hopper_orientation_6.jpg",
    ]
    first, *others = reader.transform([{"image": real / name} for name in names]).float()
    for other in others:
        assert (first - other).abs().mean() < 8


ZIPS = {
    "made_bomb_200MB_of_zeros.zip": "zip bomb",
    "made_flat_no_classes.zip": "not sorted into class folders",
    "made_one_class_only.zip": "only one class folder, 'cat'",
    "made_truncated.zip": "cut short or damaged",
    "made_zip_slip.zip": "outside its own folder",
}


@pytest.mark.parametrize("name", ZIPS)
def test_each_shared_messy_zip_is_refused_in_one_sentence(test_data: Path, name: str) -> None:
    with pytest.raises(LaminaError, match=ZIPS[name]) as caught:
        read(test_data / "messy_images" / name)
    assert "\n" not in str(caught.value)


def test_the_shared_messy_photos_are_read_and_three_are_named(test_data: Path) -> None:
    raw = read(test_data / "messy_images" / "made_photos_messy.zip")
    assert raw.rows == 48
    assert raw.classes == ("cat", "dog", "größe é 猫", "ship")
    (finding,) = raw.findings
    assert all(
        name in finding.sentence for name in ("zero_bytes.jpg", "text_named.jpg", "truncated.jpg")
    )
    assert (raw.options["height"], raw.options["width"], raw.options["channels"]) == (32, 32, "3")


@pytest.mark.parametrize("name", ZIPS)
def test_a_shared_messy_zip_is_recognised_so_that_its_own_sentence_is_shown(
    test_data: Path, name: str
) -> None:
    assert recognise([test_data / "messy_images" / name]).source == "images"


def test_a_zip_without_images_and_an_office_file_are_not_for_this_source(tmp_path: Path) -> None:
    for name, member in (("a.zip", "x/notes.txt"), ("b.xlsx", "[Content_Types].xml")):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr(member, "x")
        assert name in (ImageFolders.unfit(tmp_path / name) or "")
    (tmp_path / "c.txt").write_text("x")
    assert "neither a folder nor a zip" in (ImageFolders.unfit(tmp_path / "c.txt") or "")
