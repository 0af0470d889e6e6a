"""A small classifier of the training images, trained here, by which made images are judged.

Its last hidden layer gives the features of the Fréchet distance (Heusel et al. 2017,
arXiv:1706.08500; there Inception's, trained on other images and downloaded), its classes say
whether an image can be recognised. Beside the classes it learns "none of them" from noise, from
even areas, from images whose pixels are shuffled and from blends of two, since a plain classifier
is sure of anything. It sees every image shifted a little, so that it learns shapes and not rows by
heart. Images without classes are told apart by how they are turned instead (Gidaris et al. 2018,
arXiv:1803.07728): as they are, mirrored, upside down, or both. The same rows and version give the
same judge, kept in LAMINA_HOME/judges.
"""

import hashlib
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from builder.home import room

VERSION = 4
FEATURES = 32
STEPS = 2000
BATCH = 64
RATE = 3e-3
SMALL = 16
"""Below so many pixels a side the first convolution skips none."""
SHIFT = 14
"""Images are shifted by up to a fourteenth of their shorter side: two pixels of MNIST's 28."""
MOST_ROWS = 20_000
"""So many rows of the training split are enough to learn from, and to take statistics over."""
AT_ONCE = 512
TURNS: tuple[tuple[int, ...], ...] = ((), (3,), (2,), (2, 3))
"""Axes that are turned round, for images of any height and width."""


class Judge(nn.Module):
    """Three convolutions and a hidden layer; x is [N, C, H, W] from 0 to 1."""

    def __init__(self, channels: int, classes: int, *, small: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(channels, 32, stride=1 if small else 2),
            *_convolution(32, 64, stride=2),
            *_convolution(64, 128, stride=2),
            nn.AdaptiveAvgPool2d(3),
            nn.Flatten(),
            nn.Linear(128 * 9, FEATURES),
            nn.ReLU(),
        )
        self.head = nn.Linear(FEATURES, classes + 1)  # the last: none of them

    def forward(self, x_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Features [N, 32] and logits [N, K + 1]."""
        features_NF = self.body(x_NCHW)
        return features_NF, self.head(features_NF)

    def look(self, x_NCHW: Tensor) -> tuple[Tensor, Tensor]:
        """Features [N, 32] and the classes' probabilities [N, K], which leave "none" out and so may
        sum up to less than 1; in chunks, without gradients.
        """
        with torch.no_grad():
            parts = [self(part) for part in torch.split(x_NCHW, AT_ONCE)]
        features, logits = (torch.cat(column) for column in zip(*parts, strict=True))
        return features, logits.softmax(1)[:, :-1]


def _convolution(channels: int, width: int, *, stride: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(channels, width, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    )


def judge(images: Tensor, labels: Tensor | None, classes: int, device: torch.device) -> Judge:
    """What `judging` makes, in silence."""
    work = judging(images, labels, classes, device)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return cast(Judge, end.value)


def judging(
    images: Tensor, labels: Tensor | None, classes: int, device: torch.device
) -> Generator[str, None, Judge]:
    """The judge of these training images (uint8 [N, C, H, W]) and class codes [N], or None where
    there are no classes.

    Trained in half a minute or so where it is not kept yet, and then says how far it is; no random
    state outside moves.
    """
    step = -(-len(images) // (MOST_ROWS if labels is not None else MOST_ROWS // len(TURNS)))
    images = images[::step].contiguous()
    if labels is None:
        labels, classes = torch.arange(len(TURNS)).repeat_interleave(len(images)), len(TURNS)
        images = torch.cat([images.flip(axes) if axes else images for axes in TURNS])
    else:
        labels = labels[::step].contiguous()
    path = room("judges") / f"{_digest(images, labels, classes)}.safetensors"
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(0)
        found = Judge(images.shape[1], classes, small=max(images.shape[2:]) < SMALL)
    if not _read(found, path):
        for step in _train(found.to(device), images.to(device), labels.to(device), STEPS):
            yield f"Training the judge of images, {step:,} of {STEPS:,} steps."
        _write(found, path)
        yield "The judge of images is trained, and kept for all runs on these images."
    return found.to(device).eval().requires_grad_(False)


def _train(model: Judge, images: Tensor, labels: Tensor, steps: int) -> Iterator[int]:
    """The number of each step that is about to come, from 0."""
    chance = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for step in range(steps):
        yield step
        rows = torch.randint(len(images), (BATCH,), generator=chance).to(images.device)
        real = _shifted(images[rows].float() / 255, chance)
        false = _false(real, labels[rows], chance)
        none = labels.new_full((len(false),), model.head.out_features - 1)
        with torch.enable_grad():
            logits = model(torch.cat([real, false]))[1]
            loss = F.cross_entropy(logits, torch.cat([labels[rows], none]))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()


def _shifted(x_NCHW: Tensor, chance: torch.Generator) -> Tensor:
    """Each image moved by some pixels both ways; black comes in at the side that it leaves."""
    height, width = x_NCHW.shape[2:]
    far = max(1, min(height, width) // SHIFT)
    start_2N = torch.randint(0, 2 * far + 1, (2, len(x_NCHW)), generator=chance)
    rows_NH, columns_NW = (
        (start_N[:, None] + torch.arange(size)).to(x_NCHW.device)
        for start_N, size in zip(start_2N, (height, width), strict=True)
    )
    wide_NHWC = F.pad(x_NCHW, (far, far, far, far)).permute(0, 2, 3, 1)
    which = torch.arange(len(x_NCHW), device=x_NCHW.device)[:, None, None]
    return wide_NHWC[which, rows_NH[:, :, None], columns_NW[:, None, :]].permute(0, 3, 1, 2)


def _false(real: Tensor, labels: Tensor, chance: torch.Generator) -> Tensor:
    """What is none of the classes: noise, even areas, shuffled pixels, blends of two classes."""
    part = len(real) // 8
    noise = torch.rand(real[:part].shape, generator=chance).to(real.device)
    even = torch.rand(part, 1, 1, 1, generator=chance).square().to(real.device).expand_as(noise)
    order = torch.randperm(real[0].numel(), generator=chance).to(real.device)
    shuffled = real[:part].flatten(1)[:, order].view_as(noise)
    one, other = real[part : 3 * part], real[3 * part : 5 * part]
    apart = labels[part : 3 * part] != labels[3 * part : 5 * part]
    return torch.cat([noise, even, shuffled, ((one + other) / 2)[apart]])


def _digest(images: Tensor, labels: Tensor, classes: int) -> str:
    mark = hashlib.sha256(f"{VERSION} {classes} {tuple(images.shape)}".encode())
    mark.update(images.cpu().numpy().data)
    mark.update(labels.cpu().numpy().data)
    return mark.hexdigest()[:20]


def _read(model: Judge, path: Path) -> bool:
    """Take over kept weights; False where there are none, or damaged ones."""
    try:
        model.load_state_dict(load_file(path))
    except (OSError, SafetensorError, RuntimeError):
        return False
    return True


def _write(model: Judge, path: Path) -> None:
    """Keep the weights; a full or read-only disk costs the next run some seconds, not this one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        save_file({name: x.cpu().contiguous() for name, x in model.state_dict().items()}, aside)
        os.replace(aside, path)
    except (OSError, SafetensorError):
        aside.unlink(missing_ok=True)
