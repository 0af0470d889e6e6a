"""One .safetensors file: the weights, with source, preparation and class names in its head."""

import json
from pathlib import Path

from builder.export.base import Bundle, Format


class Safetensors(Format):
    """For loading into PyTorch, or as starting weights of another run."""

    name = "safetensors"
    title = "Weights (safetensors)"
    help = "One file with the weights; source, preparation and class names stand in its head."
    folder = False
    suffix = ".safetensors"

    @classmethod
    def unfit(cls, bundle: Bundle) -> str | None:  # noqa: ARG003
        """Every network has weights that can be written so."""
        return None

    def write(self, bundle: Bundle, path: Path) -> None:
        """The tensors as they are; the head holds "source", "preparation" and "facts"."""
        from safetensors.torch import save_file

        head = {
            "source": bundle.source,
            "preparation": json.dumps(bundle.preparation, ensure_ascii=False),
            "facts": json.dumps(bundle.facts, ensure_ascii=False),
            "run": bundle.run,
            "checkpoint": bundle.checkpoint,
        }
        # clone: tied weights share memory, which the format refuses
        tensors = {name: x.detach().contiguous().clone() for name, x in bundle.weights.items()}
        save_file(tensors, path, metadata=head)
