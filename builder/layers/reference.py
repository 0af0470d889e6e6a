"""docs/layers.md from the declarations; `python -m builder.layers.reference` writes it."""

from pathlib import Path

from builder.layers import FAMILIES, catalogue
from builder.layers.base import REQUIRED, Layer, Param

PAGE = Path(__file__).parents[2] / "docs" / "layers.md"

_HEAD = """# Layers

All layer types of the palette, with torch's own names and defaults. Sizes that follow from what
comes in (`in_channels`, `in_features`, …) are never asked for. Axes are counted as torch counts
them: 0 is the batch, which is never shown, 1 the first axis of a sample. This page is written by
`python -m builder.layers.reference`; a test fails when it is not current.
[How to add a layer](add-a-layer.md).
"""


def text() -> str:
    """The page."""
    parts = [_HEAD]
    layers = list(catalogue().values())
    for family, title in FAMILIES.items():
        members = [layer for layer in layers if layer.family == family]
        parts.append(f"\n## {title} ({len(members)})\n")
        parts += [_section(layer) for layer in sorted(members, key=lambda layer: layer.name)]
    return "\n".join(parts)


def _section(layer: Layer) -> str:
    lines = [f"\n### {layer.name}", "", _escaped(layer.help)]
    ports = [
        f"`{port.name}`" + " (any number)" * port.many + " (optional)" * port.optional
        for port in layer.inputs
    ]
    if len(ports) > 1 or any(port.many for port in layer.inputs):
        lines[-1] += f" Inputs: {', '.join(ports)}."
    if len(layer.outputs) > 1:
        lines[-1] += f" Outputs: {', '.join(f'`{port.name}`' for port in layer.outputs)}."
    if layer.docs:
        lines[-1] += f" [Reference]({layer.docs})"
    settable = [param for param in layer.params if not param.inferred]
    if settable:
        lines += ["", "| parameter | default | meaning |", "|---|---|---|"]
        lines += [_row(param) for param in settable]
    return "\n".join(lines)


def _row(param: Param) -> str:
    default = "required" if param.default is REQUIRED else f"`{param.default!r}`"
    if param.choices and param.kind == "choice":
        meaning = f"{param.help} One of {', '.join(f'`{choice}`' for choice in param.choices)}."
    else:
        meaning = param.help
    return f"| `{param.name}` | {default} | {_escaped(meaning)} |"


def _escaped(words: str) -> str:
    return words.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(text() + "\n", encoding="utf-8")
