"""PNG and PGM/PPM without any library: PNG written for thumbnails, all of them read where Pillow is
missing.

PNG per the W3C specification (third edition), every colour type and bit depth, interlaced or not.
"""

import struct
import zlib

import torch
from torch import Tensor

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
MAX_PIXELS = 50_000_000
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)


def encode(x_CHW: Tensor) -> bytes:
    """A PNG of a uint8 image with 1 or 3 channels."""
    channels, height, width = x_CHW.shape
    lines = x_CHW.cpu().permute(1, 2, 0).reshape(height, width * channels)
    filtered = torch.nn.functional.pad(lines, (1, 0))  # filter 0 before every line
    head = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    return b"".join(
        (
            SIGNATURE,
            _chunk(b"IHDR", head),
            _chunk(b"IDAT", zlib.compress(bytes(filtered.flatten().tolist()), 1)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def decode(content: bytes) -> Tensor:
    """The pixels [H, W, C] of a PNG, PGM or PPM: uint8, or int32 where the file has 16 bits a
    sample.

    C is 1 (gray), 3 (colour) or 4 (colour and opacity). Raises ValueError for anything else.
    """
    if content.startswith(SIGNATURE):
        return _png(content)
    if content[:2] in (b"P2", b"P3", b"P5", b"P6"):
        return _pnm(content)
    raise ValueError("only PNG, PGM and PPM images can be read without Pillow")


def _png(content: bytes) -> Tensor:
    head = b""
    palette = b""
    opacity = b""
    packed: list[bytes] = []
    at = len(SIGNATURE)
    while at + 8 <= len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        name, body = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
        if len(body) != length:
            raise ValueError("the PNG is cut short")
        at += 12 + length
        if name == b"IHDR":
            head = body
        elif name == b"PLTE":
            palette = body
        elif name == b"tRNS":
            opacity = body
        elif name == b"IDAT":
            packed.append(body)
        elif name == b"IEND":
            break
    if len(head) != 13 or not packed:
        raise ValueError("the PNG has no picture in it")
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", head)
    if kind not in SAMPLES or depth not in (1, 2, 4, 8, 16) or not 0 < width * height <= MAX_PIXELS:
        raise ValueError("the PNG's size or colour type is not allowed")
    samples = _samples(packed, width, height, depth, SAMPLES[kind], bool(interlaced))
    return _colours(samples, kind, depth, palette, opacity)


def _samples(
    packed: list[bytes], width: int, height: int, depth: int, channels: int, interlaced: bool
) -> Tensor:
    """The sample values [H, W, channels], int32."""
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    sizes = [
        (-(-(width - left) // across), -(-(height - top) // down))
        for left, top, across, down in passes
    ]
    strides = [-(-w * channels * depth // 8) for w, _ in sizes]
    expected = sum((stride + 1) * h for stride, (w, h) in zip(strides, sizes, strict=True) if w > 0)
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(b"".join(packed), expected)
    except zlib.error as error:
        raise ValueError("the PNG is damaged") from error
    if len(data) < expected:
        raise ValueError("the PNG is cut short")
    result = torch.zeros(height, width, channels, dtype=torch.int32)
    at = 0
    for (left, top, across, down), (w, h), stride in zip(passes, sizes, strides, strict=True):
        if w <= 0 or h <= 0:
            continue
        lines = _unfilter(data[at : at + (stride + 1) * h], stride, max(1, channels * depth // 8))
        at += (stride + 1) * h
        values = _unpack(lines.view(h, stride), depth)[:, : w * channels]
        result[top::down, left::across] = values.reshape(h, w, channels)
    return result


def _unfilter(data: bytes, stride: int, step: int) -> Tensor:
    """Undo the five line filters; bytes of all lines, one after the other."""
    out = bytearray()
    above = bytearray(stride)
    for start in range(0, len(data), stride + 1):
        kind = data[start]
        line = bytearray(data[start + 1 : start + 1 + stride])
        if kind == 1:
            for i in range(step, stride):
                line[i] = (line[i] + line[i - step]) & 255
        elif kind == 2:
            line = bytearray([(a + b) & 255 for a, b in zip(line, above, strict=True)])
        elif kind == 3:
            for i in range(stride):
                left = line[i - step] if i >= step else 0
                line[i] = (line[i] + (left + above[i]) // 2) & 255
        elif kind == 4:
            for i in range(stride):
                left, corner = (line[i - step], above[i - step]) if i >= step else (0, 0)
                line[i] = (line[i] + _paeth(left, above[i], corner)) & 255
        elif kind != 0:
            raise ValueError("the PNG is damaged")
        out += line
        above = line
    return torch.frombuffer(out, dtype=torch.uint8)


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    to_left, to_above, to_corner = abs(guess - left), abs(guess - above), abs(guess - corner)
    if to_left <= to_above and to_left <= to_corner:
        return left
    return above if to_above <= to_corner else corner


def _unpack(lines: Tensor, depth: int) -> Tensor:
    wide = lines.int()
    if depth == 8:
        return wide
    if depth == 16:
        return wide[:, 0::2] * 256 + wide[:, 1::2]
    shifts = torch.arange(8 - depth, -1, -depth, dtype=torch.int32)
    samples: Tensor = (wide[:, :, None] >> shifts) & (2**depth - 1)
    return samples.flatten(1)


def _colours(x: Tensor, kind: int, depth: int, palette: bytes, opacity: bytes) -> Tensor:
    if kind == 3:
        if not palette or int(x.max()) >= len(palette) // 3:
            raise ValueError("the PNG names a colour that its palette lacks")
        whole = len(palette) // 3 * 3
        colours = torch.tensor(list(palette[:whole]), dtype=torch.uint8).view(-1, 3)
        if opacity:
            alpha = torch.full((len(colours), 1), 255, dtype=torch.uint8)
            opacity = opacity[: len(colours)]
            alpha[: len(opacity), 0] = torch.tensor(list(opacity), dtype=torch.uint8)
            colours = torch.cat([colours, alpha], dim=1)
        return colours[x[:, :, 0].long()]
    if kind == 0 and depth < 8:
        x = x * (255 // (2**depth - 1))
    if kind == 0 and depth == 16:
        return x
    if depth == 16:
        x = x >> 8  # as Pillow reads colours of 16 bits
    if kind == 4:
        x = torch.cat([x[:, :, :1].expand(-1, -1, 3), x[:, :, 1:]], dim=2)
    return x.to(torch.uint8)


def _pnm(content: bytes) -> Tensor:
    words: list[bytes] = []
    at = 2
    while len(words) < 3 and at < len(content):
        if content[at : at + 1].isspace():
            at += 1
        elif content[at : at + 1] == b"#":
            end = content.find(b"\n", at)
            at = end + 1 if end >= 0 else len(content)
        else:
            end = at
            while end < len(content) and not content[end : end + 1].isspace():
                end += 1
            words.append(content[at:end])
            at = end
    if len(words) < 3 or not all(word.isdigit() and len(word) < 9 for word in words):
        raise ValueError("the PGM or PPM head is damaged")
    width, height, white = (int(word) for word in words)
    if not 0 < width * height <= MAX_PIXELS or not 0 < white < 65536:
        raise ValueError("the image's size is not allowed")
    channels = 3 if content[:2] in (b"P3", b"P6") else 1
    count = width * height * channels
    if content[:2] in (b"P2", b"P3"):
        numbers = content[at:].split()[:count]
        if len(numbers) < count or not all(number.isdigit() for number in numbers):
            raise ValueError("the image is cut short")
        values = torch.tensor([min(int(number), white) for number in numbers], dtype=torch.int32)
    else:
        body = bytearray(content[at + 1 : at + 1 + count * (2 if white > 255 else 1)])
        if len(body) < count * (2 if white > 255 else 1):
            raise ValueError("the image is cut short")
        values = torch.frombuffer(body, dtype=torch.uint8).int()
        if white > 255:
            values = values[0::2] * 256 + values[1::2]
    x = values.view(height, width, channels)
    if white > 255 and channels == 1:
        return (x * 65535) // white if white != 65535 else x
    return ((x * 255 + white // 2) // white).to(torch.uint8)
