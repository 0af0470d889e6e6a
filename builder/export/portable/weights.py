"""Read a .safetensors file with torch alone (the format: github.com/huggingface/safetensors).

Eight bytes of little-endian length, a JSON head with dtype, shape and offsets, then numbers.
"""

import json
from pathlib import Path

import torch
from torch import Tensor

TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
LARGEST_HEAD = 100_000_000


def read(path: Path) -> dict[str, Tensor]:
    """The tensors of the file by name. Raises ValueError where it is damaged."""
    content = bytearray(path.read_bytes())
    size = int.from_bytes(content[:8], "little")
    if len(content) < 8 or size > min(LARGEST_HEAD, len(content) - 8):
        raise ValueError(f"{path.name} is no safetensors file, or it is cut off.")
    head = json.loads(bytes(content[8 : 8 + size]))
    head.pop("__metadata__", None)
    data = memoryview(content)[8 + size :]
    return {name: _tensor(name, part, data) for name, part in head.items()}


def _tensor(name: str, part: dict[str, object], data: memoryview) -> Tensor:
    dtype, shape = TYPES.get(str(part["dtype"])), part["shape"]
    offsets = part["data_offsets"]
    if dtype is None or not isinstance(shape, list) or not isinstance(offsets, list):
        raise ValueError(f"The weights of {name!r} are of a type that is not known.")
    begin, end = offsets
    if not 0 <= begin <= end <= len(data):
        raise ValueError(f"The weights of {name!r} lie outside the file; it is cut off.")
    if begin == end:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(data[begin:end], dtype=dtype).reshape(shape).clone()
