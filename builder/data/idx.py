"""The IDX format of MNIST and its relatives, plain or gzip, as http://yann.lecun.com/exdb/mnist
describes it."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.errors import LaminaError

if TYPE_CHECKING:
    import numpy as np

TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
MOST_BYTES = 4_000_000_000


def read_idx(path: Path) -> "np.ndarray[Any, Any]":
    """The array of an IDX file, in memory and writable.

    Raises LaminaError for a wrong magic number, a file cut short, bytes left over, or a size beyond
    all bounds.
    """
    import numpy as np

    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as file:
            head = file.read(4)
            if (
                len(head) < 4
                or head[:2] != b"\0\0"
                or head[2] not in TYPES
                or not 1 <= head[3] <= 4
            ):
                raise LaminaError(
                    f"This is no IDX file: it begins with {head.hex(' ') or 'nothing'}, not with "
                    "00 00, a type and the number of axes.",
                    place=path.name,
                    remedy="Give a file such as train-images-idx3-ubyte.gz.",
                )
            axes = file.read(4 * head[3])
            if len(axes) < 4 * head[3]:
                raise _short(path)
            shape = struct.unpack(f">{head[3]}I", axes)
            dtype = np.dtype(TYPES[head[2]])
            count = math.prod(shape) * dtype.itemsize
            if count > MOST_BYTES:
                raise LaminaError(
                    f"It says that it holds {'×'.join(map(str, shape))} values, more than fit "
                    "into memory.",
                    place=path.name,
                    remedy="Check the file; its head may be damaged.",
                )
            content = bytearray(count)
            view = memoryview(content)
            filled = 0
            while filled < count and (got := file.readinto(view[filled:])):
                filled += got
            if filled < count:
                raise _short(path)
            if file.read(1):
                raise LaminaError(
                    "It holds more bytes than its head says.",
                    place=path.name,
                    remedy="Download it again.",
                )
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _short(path) from error
    except OSError as error:
        raise LaminaError(
            f"The file cannot be read: {error.strerror}.", place=str(path), remedy="Check the path."
        ) from error
    array = np.frombuffer(content, dtype=dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)


def _short(path: Path) -> LaminaError:
    return LaminaError(
        "The file is cut short or damaged.", place=path.name, remedy="Download it again."
    )
