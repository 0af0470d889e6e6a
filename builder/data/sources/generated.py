"""Small made-up sets, so that every template has data on every machine without a network."""

import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from builder.data.base import Media, Raw, Source
from builder.data.options import Option
from builder.errors import LaminaError
from builder.progress import Progress, silent

SETS: dict[str, str] = {
    "waves": "Series of 60 steps, sine, square and triangle waves in noise, 3 classes",
    "reviews": "Short reviews put together from phrases, praise and blame, 2 classes",
    "customers": "Customers with numbers and categories, and whether they stay, 2 classes",
}
ROWS = {"waves": 600, "reviews": 1200, "customers": 1500}


class Generated(Source):
    """Made-up data: the same rows for the same seed, on every machine."""

    kind: ClassVar[str] = "generated"
    title: ClassVar[str] = "Made-up sets"
    help: ClassVar[str] = "Small generated sets of series, texts and customers, to try things out."
    params: ClassVar[tuple[Option, ...]] = (
        Option(
            "name",
            "choice",
            "Set",
            default="waves",
            choices=tuple(SETS),
            help="; ".join(f"{name}: {text}" for name, text in SETS.items()),
        ),
        Option("seed", "int", "Seed", default=0, help="Another seed gives other rows."),
    )

    def files(self, options: Mapping[str, Any]) -> tuple[Path, ...]:  # noqa: ARG002
        """None: the rows are computed."""
        return ()

    def read(self, options: Mapping[str, Any], progress: Progress = silent) -> Raw:  # noqa: ARG002
        """The whole set. Raises LaminaError for a name that is not among `SETS`."""
        name = options.get("name") or "waves"
        makers: dict[str, Callable[[random.Random, int], Raw]] = {
            "waves": _waves,
            "reviews": _reviews,
            "customers": _customers,
        }
        if name not in makers:
            raise LaminaError(
                f"There is no made-up set called {name!r}.",
                place="data.options.name",
                remedy=f"Take one of {', '.join(SETS)}.",
            )
        return makers[name](random.Random(int(options.get("seed") or 0)), ROWS[name])


def _raw(name: str, frame: Any, classes: tuple[str, ...], media: dict[str, Media]) -> Raw:
    return Raw(
        frame=frame,
        media=media,
        target="target",
        classes=classes,
        problem="classification",
        options={"name": name},
    )


def _waves(chance: random.Random, rows: int) -> Raw:
    import numpy as np
    import pandas as pd

    classes = ("sine", "square", "triangle")
    steps = np.arange(60) / 60
    labels, values = [], []
    for _ in range(rows):
        kind = chance.choice(classes)
        turns = steps * chance.uniform(2, 5) + chance.random()
        wave = {
            "sine": np.sin(2 * np.pi * turns),
            "square": np.sign(np.sin(2 * np.pi * turns)),
            "triangle": 4 * np.abs(turns % 1 - 0.5) - 1,
        }[kind]
        noise = np.array([chance.gauss(0, 0.35) for _ in steps])
        labels.append(kind)
        values.append((chance.uniform(0.7, 1.3) * wave + noise).astype(np.float32)[None])
    media = {"series": Media("series", values)}
    return _raw("waves", pd.DataFrame({"target": labels}), classes, media)


THINGS = ("film", "story", "cast", "music", "ending", "camera work", "dialogue", "pace", "scenery")
GOOD = (
    "wonderful",
    "clever",
    "moving",
    "funny",
    "sharp",
    "charming",
    "honest",
    "gripping",
    "fresh",
)
BAD = ("dull", "clumsy", "tired", "shallow", "messy", "loud", "flat", "predictable", "lifeless")
OPENERS = (
    "i thought",
    "for me",
    "to be fair",
    "in short",
    "friends told me",
    "honestly",
    "as a fan",
)
FILLERS = ("we saw it on a rainy evening", "it runs for two hours", "the hall was half full", "")
ASIDES = ("really", "quite", "rather", "almost", "simply", "")


def _reviews(chance: random.Random, rows: int) -> Raw:
    import pandas as pd

    classes = ("blame", "praise")
    labels, texts = [], []
    for _ in range(rows):
        kind = chance.choice(classes)
        own, other = (GOOD, BAD) if kind == "praise" else (BAD, GOOD)
        first, second, third = chance.sample(THINGS, 3)
        judged = f"the {first} is {chance.choice(ASIDES)} {chance.choice(own)}"
        turned = f"the {second} is not {chance.choice(other)}"
        plain = f"and the {third} feels {chance.choice(own)}"
        parts = [judged, turned, plain, chance.choice(FILLERS)]
        chance.shuffle(parts)
        text = f"{chance.choice(OPENERS)} {' '.join(parts)}"
        labels.append(kind)
        texts.append(" ".join(text.split()))
    return _raw(
        "reviews", pd.DataFrame({"target": labels}), classes, {"text": Media("tokens", texts)}
    )


def _customers(chance: random.Random, rows: int) -> Raw:
    import math

    import pandas as pd

    weights = {"basic": -0.6, "plus": 0.2, "family": 0.9}
    found = []
    for _ in range(rows):
        age = round(min(90, max(18, chance.gauss(44, 15))))
        months = round(chance.expovariate(1 / 24))
        visits = round(chance.expovariate(1 / 6))
        plan = chance.choice(tuple(weights))
        city = chance.choice(("north", "south", "east", "west", "centre"))
        contact = chance.choice(("letter", "mail", "phone"))
        score = weights[plan] + 0.04 * (months - 20) + 0.12 * (visits - 5)
        score += 1.2 if (city == "centre") == (plan == "family") else -0.8
        score -= 0.5 if contact == "phone" and age < 35 else 0.0
        stays = chance.random() < 1 / (1 + math.exp(-1.5 * score))
        found.append(
            {
                "age": age,
                "months": months,
                "visits": visits,
                "plan": plan,
                "city": city,
                "contact": contact,
                "target": "stays" if stays else "leaves",
            }
        )
    return _raw("customers", pd.DataFrame(found), ("leaves", "stays"), {})
