"""The recipe as a form: few fields first, the rest folded, each with what it does."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from builder.project import EarlyStopping, Optimizer, Project, Recipe, Schedule
from builder.ui import parts

SCHEDULES = {
    "constant": "constant",
    "onecycle": "one cycle: up, then down",
    "cosine": "cosine down to zero",
    "linear": "straight down to zero",
    "step": "a tenth every ten epochs",
    "exponential": "a little less each epoch",
    "plateau": "less when validation loss stalls",
}
BATCHES = (None, 8, 16, 32, 64, 128, 256, 512, 1024)


def _options(values: Sequence[Any], held: Any) -> list[Any]:
    """The choices, with the project's own value among them even where it is unusual."""
    return [*values] if held in values else [*values, held]


def form(project: Project, optimizers: Sequence[str], devices: Sequence[tuple[str, str]]) -> Recipe:
    """Draw the form and give the recipe that it says.

    It equals the project's where nothing was changed. `devices` are pairs of (name for the recipe,
    words for the person). Raises pydantic's ValidationError for what the fields' own limits let
    through and the recipe does not.
    """
    held = project.recipe
    changed: dict[str, Any] = {}
    with parts.card("How long", key="recipe_long"):
        changed.update(_length(held))
    with parts.card("How it learns", key="recipe_how"):
        changed.update(_learning(held, optimizers))
    with parts.card("Where", key="recipe_where"):
        changed.update(_place(held, devices))
    with st.expander("Less usual settings"):
        unusual, warmup = _unusual(held, project.task.kind == "classification")
    changed.update(unusual)
    changed["schedule"] = {**changed["schedule"], "warmup": warmup}
    return Recipe.model_validate({**held.model_dump(), **changed})


def _length(held: Recipe) -> dict[str, Any]:
    one, two, three = st.columns(3)
    epochs = one.number_input(
        "Epochs",
        min_value=1,
        max_value=1_000_000,
        value=held.epochs,
        help="How often the network sees every training row.",
    )
    batch = two.selectbox(
        "Batch size",
        _options(BATCHES, held.batch_size),
        index=_options(BATCHES, held.batch_size).index(held.batch_size),
        format_func=lambda size: "chosen by rows" if size is None else str(size),
        help="Rows per step. Chosen by rows: 32 below 2,000, 64 below 5,000, else 256.",
    )
    stop = held.early_stopping
    patience = three.number_input(
        "Stop early after",
        min_value=0,
        max_value=100_000,
        value=stop.patience if stop else 0,
        help="Epochs without a better validation loss; 0 never stops early. The best epoch is kept "
        "either way.",
    )
    early = None
    if patience:
        base = stop.model_dump() if stop else {}
        early = EarlyStopping.model_validate({**base, "patience": int(patience)}).model_dump()
    return {"epochs": int(epochs), "batch_size": batch, "early_stopping": early}


def _learning(held: Recipe, optimizers: Sequence[str]) -> dict[str, Any]:
    one, two, three, four = st.columns(4)
    names = _options(optimizers, held.optimizer.name)
    name = one.selectbox(
        "Optimiser",
        names,
        index=names.index(held.optimizer.name),
        help="torch.optim's own. AdamW is the safe choice; SGD with momentum can end better on "
        "images.",
    )
    rate = two.number_input(
        "Learning rate",
        value=held.optimizer.lr,
        format="%.6g",
        step=held.optimizer.lr / 2,
        help="The size of a step. Too high and the loss jumps, too low and nothing moves. It can "
        "be changed while training.",
    )
    extra = held.optimizer.model_extra or {}
    decay = three.number_input(
        "Weight decay",
        min_value=0.0,
        max_value=10.0,
        value=float(extra.get("weight_decay", 0.01 if name == "AdamW" else 0.0)),
        format="%.4g",
        step=0.01,
        help="Pulls weights towards zero, against overfitting.",
    )
    schedules = _options(list(SCHEDULES), held.schedule.name)
    schedule = four.selectbox(
        "Schedule",
        schedules,
        index=schedules.index(held.schedule.name),
        format_func=lambda key: SCHEDULES.get(key, key),
        help="How the learning rate moves over the run.",
    )
    arguments = {key: value for key, value in extra.items() if key != "weight_decay"}
    if name != held.optimizer.name:
        arguments = {}
    default = 0.01 if name == "AdamW" else 0.0
    if decay != default or "weight_decay" in extra:
        arguments["weight_decay"] = decay
    if name in ("LBFGS", "Rprop"):
        arguments.pop("weight_decay", None)
    optimizer = Optimizer.model_validate({"name": name, "lr": rate, **arguments})
    base = held.schedule.model_dump()
    if schedule != held.schedule.name:
        base["options"] = {}
    return {
        "optimizer": optimizer.model_dump(),
        "schedule": Schedule.model_validate({**base, "name": schedule}).model_dump(),
    }


def _place(held: Recipe, devices: Sequence[tuple[str, str]]) -> dict[str, Any]:
    one, two, three = st.columns(3)
    words = dict(devices)
    names = _options([name for name, _ in devices], held.device)
    device = one.selectbox(
        "Device",
        names,
        index=names.index(held.device),
        format_func=lambda name: words.get(name, f"{name} (not here)"),
        help="Where the numbers are crunched. Automatic takes a CUDA card when there is one.",
    )
    precisions = ["float32", "tf32", "bfloat16"]
    precision = two.selectbox(
        "Precision",
        precisions,
        index=precisions.index(held.precision),
        help="bfloat16 is faster for convolutions and recurrent layers, with about three digits.",
    )
    seed = three.number_input(
        "Seed",
        min_value=0,
        max_value=2**31 - 1,
        value=held.seed,
        help="The same seed gives the same run on the same device.",
    )
    return {"device": device, "precision": precision, "seed": int(seed)}


def _unusual(held: Recipe, classes: bool) -> tuple[dict[str, Any], float]:
    one, two, three, four = st.columns(4)
    changed: dict[str, Any] = {}
    warmup = one.number_input(
        "Warm-up (share of steps)",
        min_value=0.0,
        max_value=0.9,
        value=held.schedule.warmup,
        step=0.05,
        help="The learning rate rises from nearly zero over this share of the run.",
    )
    clip = two.number_input(
        "Clip gradient norm at",
        min_value=0.0,
        max_value=1e6,
        value=held.clip_norm or 0.0,
        help="Longer gradients are shortened to this; 0 leaves them. Helps recurrent networks.",
    )
    changed["clip_norm"] = clip or None
    if classes:
        balanced = three.selectbox(
            "Class weights",
            [False, True],
            index=int(held.class_weights is not None),
            format_func=lambda on: "balanced: rare classes count more" if on else "off",
            help="With few rows of a class, mistakes on it can be made to count more.",
        )
        kept = held.class_weights or "balanced"
        changed["class_weights"] = kept if balanced else None
        changed["label_smoothing"] = four.number_input(
            "Label smoothing",
            min_value=0.0,
            max_value=0.5,
            value=held.label_smoothing,
            step=0.05,
            help="Asks for a little less than certainty, against overconfidence.",
        )
    start = st.text_input(
        "Begin with the weights of",
        value=held.start_from or "",
        placeholder="a run's id, or the path of a .safetensors file",
        help="The same layers with the same names and sizes; anything else is refused by name.",
    )
    changed["start_from"] = start.strip() or None
    return changed, float(warmup)
