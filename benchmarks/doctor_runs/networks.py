"""The networks of the runs."""

from typing import Any

from builder.templates.base import Sketch

WIDTHS = {False: ((64, 32), (128,), (96, 96)), True: ((48, 48), (160, 40), (80,))}
CHANNELS = {False: ((8, 16), (12, 12)), True: ((10, 20), (16, 8))}


def mlp(
    name: str,
    outputs: int,
    widths: tuple[int, ...],
    act: str = "ReLU",
    *,
    flatten: bool = False,
    norm: bool = False,
    drop: float = 0.0,
) -> Any:
    sketch = Sketch()
    sketch.add(name, "Input")
    if flatten:
        sketch.add("flat", "Flatten")
    for number, units in enumerate(widths, start=1):
        sketch.add(f"fc{number}", "Linear", out_features=units)
        if norm:
            sketch.add(f"norm{number}", "BatchNorm1d")
        sketch.add(f"act{number}", act)
        if drop:
            sketch.add(f"drop{number}", "Dropout", p=drop)
    sketch.add("head", "Linear", out_features=outputs)
    sketch.add("output", "Output")
    return sketch.graph()


def cnn(
    name: str, outputs: int, channels: tuple[int, ...], act: str = "ReLU", axes: int = 2
) -> Any:
    sketch = Sketch()
    sketch.add(name, "Input")
    for number, units in enumerate(channels, start=1):
        sketch.add(f"conv{number}", f"Conv{axes}d", out_channels=units, kernel_size=3, padding=1)
        sketch.add(f"act{number}", act)
        if number == 1:
            sketch.add("pool1", f"MaxPool{axes}d", kernel_size=2)
    sketch.add("flat", "Flatten")
    sketch.add("head", "Linear", out_features=outputs)
    sketch.add("output", "Output")
    return sketch.graph()
