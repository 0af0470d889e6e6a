"""scikit-learn's bundled sets: on every machine, without a network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from builder.data.base import Media, Raw, Source
from builder.data.options import Option
from builder.errors import LaminaError
from builder.progress import Progress, silent

SETS: dict[str, str] = {
    "digits": "Handwritten digits, 1,797 images of 8 × 8 pixels, 10 classes",
    "iris": "Iris flowers, 150 rows, 4 measurements, 3 species",
    "wine": "Wines, 178 rows, 13 chemical figures, 3 growers",
    "breast_cancer": "Breast tumours, 569 rows, 30 figures of cell nuclei, 2 classes",
    "diabetes": "Diabetes progression after a year, 442 rows, 10 figures; a number to predict",
}


class ScikitLearn(Source):
    """The small classic sets that come with scikit-learn."""

    kind: ClassVar[str] = "sklearn"
    title: ClassVar[str] = "Classic sets"
    help: ClassVar[str] = "Small, clean sets that come with Lamina; good for a first network."
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "name",
            "choice",
            "Set",
            default="digits",
            choices=tuple(SETS),
            help="; ".join(f"{name}: {text}" for name, text in SETS.items()),
        ),
        Option(
            "form",
            "choice",
            "Form",
            default="auto",
            choices=("auto", "image", "table"),
            help="Digits come as images, or as a table of 64 pixel columns.",
        ),
    )

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:  # noqa: ARG002
        """None: the sets are part of scikit-learn."""
        return ()

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:  # noqa: ARG002
        """The whole set. Raises LaminaError for a name that is not among `SETS`."""
        name = options.get("name") or "digits"
        form = options.get("form") or "auto"
        if name not in SETS:
            raise LaminaError(
                f"There is no set called {name!r}.",
                place="data.options.name",
                remedy=f"Take one of {', '.join(SETS)}.",
            )
        if form == "image" and name != "digits":
            raise LaminaError(
                f"The set {name!r} is a table, not images.",
                place="data.options.form",
                remedy='Set form to "table".',
            )
        from sklearn import datasets

        bunch = getattr(datasets, f"load_{name}")(as_frame=True)
        chosen = {"name": name, "form": form if form != "auto" else _usual(name)}
        frame = bunch.frame.copy()
        classes: tuple[str, ...] = ()
        if name != "diabetes":
            classes = tuple(str(label) for label in bunch.target_names)
            frame["target"] = [classes[code] for code in frame["target"]]
        media = {}
        if chosen["form"] == "image":
            import numpy as np

            # 17 levels of ink (0 to 16) become the 256 of an 8-bit image.
            pixels = np.minimum(bunch.images * 16, 255).astype(np.uint8)
            media["image"] = Media("image", pixels, {"sizes": {"8×8": len(pixels)}, "channels": 1})
            frame = frame[["target"]]
        return Raw(
            frame=frame,
            media=media,
            target="target",
            classes=classes,
            problem="regression" if name == "diabetes" else "classification",
            options=chosen,
        )


def _usual(name: str) -> str:
    return "image" if name == "digits" else "table"
