"""One of several workers of small runs: `python -m tests.train.group_worker RANK SIZE FOLDER`.

FOLDER/plans.json says by name what to train, one after the other; the first worker leaves
result.json, weights.safetensors and the checkpoints asked for in a folder of that name.
"""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from safetensors.torch import save_file
from torch import Tensor, nn

from builder import tasks, train
from builder.data.specs import InputSpec
from builder.errors import LaminaError
from builder.project import Recipe, TaskChoice
from builder.train import checkpoint
from builder.train import plan as p
from builder.train.group import Group
from tests.train.conftest import CLASSES, SHAPES, Cnn, Mlp, rows, shift


class Plain(nn.Module):
    """Neither normalisation nor dropout: several workers compute what one does."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(4, 16)
        self.tanh1 = nn.Tanh()
        self.head = nn.Linear(16, 3)

    def forward(self, table: Tensor) -> Tensor:
        return self.head(self.tanh1(self.fc1(table)))


MODELS: dict[str, tuple[str, type[nn.Module]]] = {
    "plain": ("table", Plain),
    "mlp": ("table", Mlp),
    "cnn": ("image", Cnn),
}


def make(told: dict[str, Any], group: Group | None, room: Path) -> p.Plan:
    kind, model = MODELS[told["model"]]
    settings = {"epochs": 3, "batch_size": 16, "threads": 1, "device": "cpu", "seed": 3}
    recipe = Recipe.model_validate({**settings, **told.get("recipe", {})})
    form = "image" if kind == "image" else "vector"
    stored = "uint8" if kind == "image" else "float32"
    spec = InputSpec(name=kind, form=form, shape=SHAPES[kind], stored=stored)
    context = tasks.Context(TaskChoice(), recipe, {kind: spec}, CLASSES)
    torch.manual_seed(recipe.seed)
    data = {"train": rows(kind, told.get("rows", 83), 1), "validation": rows(kind, 600, 2)}
    if "spoil" in told:
        data["train"][kind][told["spoil"]] = torch.nan
    given = iter(told.get("orders", ()))
    return p.Plan(
        recipe=recipe,
        task=tasks.make(context),
        models={"model": model()},
        data=data,
        target=CLASSES,
        prepare={"image": lambda x: x.float().div(255).sub(0.5)} if kind == "image" else {},
        augment=shift if kind == "image" else None,
        flush_every=0.0,
        health_every=0.0,
        save_every=0.0,
        orders=lambda: next(given, ()) if group is None or group.first else (),
        resume=checkpoint.load(room / told["resume"]) if "resume" in told else None,
        group=group,
    )


def main() -> None:
    rank, size, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    torch.set_num_threads(1)
    place, wait = f"file://{folder / 'meet'}", timedelta(seconds=200)
    dist.init_process_group("gloo", place, rank=rank, world_size=size, timeout=wait)
    for name, told in json.loads((folder / "plans.json").read_text()).items():
        work(folder / name, told, Group(rank, size))
    dist.destroy_process_group()


def work(folder: Path, told: dict[str, Any], group: Group | None) -> None:
    """Train, and (the first worker) leave what came out in the folder."""
    first = group is None or group.first
    folder.mkdir(exist_ok=True)
    plan = make(told, group, folder.parent)
    epochs, losses, error, end = [], [], None, None
    saved: dict[int, checkpoint.Saved] = {}
    try:
        for event in train.fit(plan):
            if isinstance(event, p.Epoch):
                epochs.append(dict(event.figures))
            elif isinstance(event, p.Steps):
                losses += event.values[:, 2].tolist()
            elif isinstance(event, p.Snapshot) and event.saved.tensors is not None:
                saved[event.saved.step] = event.saved
            elif isinstance(event, p.Finished):
                end = event.status
    except LaminaError as failure:
        error = str(failure)
    if first:
        weights = plan.models["model"].state_dict()
        kept = {name: x.contiguous() for name, x in weights.items()}
        save_file(kept, folder / "weights.safetensors")
        for step in told.get("keep", ()):
            room = folder / f"at-{step}"
            room.mkdir(exist_ok=True)
            checkpoint.write_saved(room, saved[step], ("last",), "best")
        found = {"epochs": epochs, "losses": losses, "error": error, "end": end}
        (folder / "result.json").write_text(json.dumps(found))
    if group is not None:
        group.wait()


if __name__ == "__main__":
    main()
