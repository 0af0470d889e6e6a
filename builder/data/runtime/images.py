"""Images from bytes, paths or arrays to uint8 tensors of one size. Torch and the standard library;
Pillow where present.

Every step after decoding is done here in torch, so an image comes out the same with and without
Pillow.
"""

import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from . import png

try:
    from PIL import Image, ImageOps
except ImportError:  # an exported folder may run without Pillow: then PNG, PGM and PPM only
    Image = None  # type: ignore[assignment]

MAX_PIXELS = 50_000_000
DEEP = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
CLEAR = ("PA", "LA", "La", "RGBA", "RGBa")
WHITE = 65535.0


class Images:
    """The fitted preparation of one image input.

    `settings`: column, height, width, channels (1 or 3), resize ("crop", "pad" or "stretch"), white
    (what counts as white in images of 16 bits or floating point), mean and std per channel after
    division by 255; "negative" where light and dark are to be exchanged first.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = dict(settings)
        self.column = str(settings["column"])
        self.size = (int(settings["height"]), int(settings["width"]))
        self.channels = int(settings["channels"])
        self.resize = str(settings.get("resize", "crop"))
        self.white = float(settings.get("white", WHITE))
        self._mean = torch.tensor(settings.get("mean", [0.0] * self.channels)).view(-1, 1, 1)
        self._std = torch.tensor(settings.get("std", [1.0] * self.channels)).view(-1, 1, 1)

    def transform(self, records: Sequence[Mapping[str, Any]]) -> Tensor:
        """Records to uint8 [N, C, H, W]. Raises ValueError naming the record that is no image."""
        out = torch.empty((len(records), self.channels, *self.size), dtype=torch.uint8)
        for row, record in enumerate(records):
            if self.column not in record:
                raise ValueError(f"Record {row + 1} lacks {self.column!r}.")
            try:
                out[row] = self.one(record[self.column])
            except ValueError as error:
                raise ValueError(f"Record {row + 1}, {self.column!r}: {error}.") from error
        return out

    def one(self, value: Any) -> Tensor:
        """One image to uint8 [C, H, W]; ValueError where it cannot be read."""
        x_HWC = pixels(value, near=self.size)
        if self.settings.get("negative"):
            x_CHW = 255 - flat(x_HWC, self.settings)
            return fit(x_CHW.permute(1, 2, 0), self.size, self.channels, self.resize)
        return fit(eight_bits(x_HWC, self.white), self.size, self.channels, self.resize)

    def to_model(self, x: Tensor) -> Tensor:
        """(x / 255 - mean) / std, on the tensor's device."""
        mean, std = self._mean.to(x.device), self._std.to(x.device)
        return (x.float() / 255 - mean) / std

    def restore(self, x: Tensor) -> bytes:
        """One stored image [C, H, W] as PNG."""
        return png.encode(x)


def pixels(value: Any, near: tuple[int, int] | None = None) -> Tensor:
    """The pixels [H, W, C] of an encoded image (bytes), a Path, or an array [H, W] or [H, W, C].

    uint8, or int32 / float32 for deeper images; C is 1, 3, or 4 with opacity. EXIF rotation is
    applied; of several frames the first is taken. `near` (height, width) lets a JPEG be read at a
    smaller scale, never below twice that. Raises ValueError with the reason.
    """
    if isinstance(value, Path):
        try:
            value = value.read_bytes()
        except OSError as error:
            raise ValueError(f"the file cannot be read ({error.strerror})") from error
    if isinstance(value, bytes | bytearray | memoryview):
        content = bytes(value)
        if not content:
            raise ValueError("the file is empty")
        return png.decode(content) if Image is None else _with_pillow(content, near)
    if isinstance(value, str) or value is None:
        raise ValueError("it is no image (bytes, a pathlib.Path or an array of pixels)")
    return _array(value)


def _array(value: Any) -> Tensor:
    try:
        x = value if isinstance(value, Tensor) else torch.tensor(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError("it is no image (bytes, a pathlib.Path or an array of pixels)") from error
    if x.dim() == 2:
        x = x[:, :, None]
    if x.dim() != 3 or x.shape[2] not in (1, 3, 4) or x.numel() == 0:
        raise ValueError(f"an array of pixels is [H, W] or [H, W, 3], not {list(x.shape)}")
    if x.dtype == torch.uint8:
        return x
    if x.is_floating_point():
        return x.float()
    if int(x.min()) >= 0 and int(x.max()) <= 255:
        return x.to(torch.uint8)
    return x.int()


def _with_pillow(content: bytes, near: tuple[int, int] | None) -> Tensor:
    try:
        # Warnings are about odd metadata and many pixels; the size is looked at below.
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content)) as image:
            if near is not None and image.format == "JPEG":
                longest = 2 * max(near)
                image.draft(image.mode, (longest, longest))
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(
                    f"it has {image.width} × {image.height} pixels, more than 50 million"
                )
            image.load()
            turned = image.getexif().get(0x0112, 1) != 1
            return _tensor(ImageOps.exif_transpose(image) if turned else image)
    except ValueError:
        raise
    except Exception as error:  # decoders raise whatever they like at damaged files
        raise ValueError(_reason(error)) from error


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    if "decompression bomb" in text:
        return "it has far more than 50 million pixels"
    return "no image format that is known" if "cannot identify image" in text else text


def _tensor(image: Any) -> Tensor:
    mode = image.mode
    if mode in DEEP:
        deep = image if mode in ("I", "F") else image.convert("I")
        dtype = torch.float32 if mode == "F" else torch.int32
        x = torch.frombuffer(bytearray(deep.tobytes()), dtype=dtype)
        return x.view(image.height, image.width, 1)
    if mode in CLEAR or "transparency" in image.info:
        mode = "RGBA"
    elif mode in ("1", "L"):
        mode = "L"
    else:
        mode = "RGB"
    if image.mode != mode:
        image = image.convert(mode)
    x = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return x.view(image.height, image.width, len(mode))


def eight_bits(x_HWC: Tensor, white: float = WHITE) -> Tensor:
    """Deep samples scaled so that `white` becomes 255; floating point up to 1 or up to 255 is taken
    as such."""
    if x_HWC.dtype == torch.uint8:
        return x_HWC
    x = x_HWC.float().nan_to_num(0.0, 0.0, 0.0)
    if x_HWC.is_floating_point():
        top = float(x.max())
        white = 1.0 if top <= 1 else 255.0 if top <= 255 else white
    return (x * (255 / white)).round().clamp(0, 255).to(torch.uint8)


def flat(x_HWC: Tensor, settings: Mapping[str, Any]) -> Tensor:
    """uint8 [channels, H, W] of the image's own size: eight bits, opacity laid over white, gray
    where the input is."""
    deep = eight_bits(x_HWC, float(settings.get("white", WHITE)))
    return fit(deep, (x_HWC.shape[0], x_HWC.shape[1]), int(settings["channels"]))


def fit(x_HWC: Tensor, size: tuple[int, int], channels: int, resize: str = "crop") -> Tensor:
    """uint8 pixels to [channels, *size]: opacity laid over white, colours turned to gray or back,
    then the size.

    `resize`: "crop" keeps the aspect and cuts the centre, "pad" keeps it and adds black, "stretch"
    does neither.
    """
    x = x_HWC.permute(2, 0, 1)
    if x.shape[0] == 4:
        alpha = x[3:].int()
        x = ((x[:3].int() * alpha + 255 * (255 - alpha) + 127) // 255).to(torch.uint8)
    if x.shape[0] == 3 and channels == 1:  # ITU-R 601, as Pillow does
        red, green, blue = x.int()
        x = ((red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16).to(torch.uint8)[None]
    elif x.shape[0] == 1 and channels == 3:
        x = x.expand(3, -1, -1)
    if tuple(x.shape[1:]) == size:
        return x
    height, width = x.shape[1:]
    if resize == "stretch":
        return scaled(x, size)
    ratios = (size[0] / height, size[1] / width)
    ratio = max(ratios) if resize == "crop" else min(ratios)
    if resize == "crop":  # cut before scaling: less work, and extreme shapes stay small
        cut = (
            min(height, max(1, round(size[0] / ratio))),
            min(width, max(1, round(size[1] / ratio))),
        )
        top, left = (height - cut[0]) // 2, (width - cut[1]) // 2
        return scaled(x[:, top : top + cut[0], left : left + cut[1]], size)
    inner = (
        min(size[0], max(1, round(height * ratio))),
        min(size[1], max(1, round(width * ratio))),
    )
    top, left = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    out = torch.zeros((channels, *size), dtype=torch.uint8)
    out[:, top : top + inner[0], left : left + inner[1]] = scaled(x, inner)
    return out


def scaled(x_CHW: Tensor, size: tuple[int, int]) -> Tensor:
    """uint8 [C, *size], smoothly; as it is where it has that size."""
    if tuple(x_CHW.shape[1:]) == size:
        return x_CHW
    scaled = F.interpolate(
        x_CHW[None].float(), size=size, mode="bilinear", antialias=True, align_corners=False
    )
    return scaled[0].round().clamp(0, 255).to(torch.uint8)
