"""GAN: a generator learns to make images that a discriminator cannot tell from real ones
(Goodfellow et al. 2014, arXiv:1406.2661).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from builder.data.options import Option
from builder.tasks.base import (
    Batch,
    Context,
    Feed,
    Losses,
    Phase,
    Rows,
    Sample,
    Task,
    apply,
    single,
)
from builder.tasks.judge import Judge, judge, judging
from builder.tasks.losses import choose, options

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
MOST_MADE = 1024

Scores = Callable[[Tensor], Tensor]
Wanted = Callable[[Tensor, float], Tensor]
LOSSES: dict[str, tuple[Wanted, Scores, Scores]] = {
    "BCEWithLogitsLoss": (
        lambda real, top: (top * F.softplus(-real) + (1 - top) * F.softplus(real)).mean(),
        lambda made: F.softplus(made).mean(),
        lambda made: F.softplus(-made).mean(),
    ),
    "HingeEmbeddingLoss": (
        lambda real, top: F.relu(top - real).mean(),
        lambda made: F.relu(1 + made).mean(),
        lambda made: -made.mean(),
    ),
    "MSELoss": (
        lambda real, top: (real - top).square().mean(),
        lambda made: made.square().mean(),
        lambda made: (made - 1).square().mean(),
    ),
}
"""What the discriminator pays for real and for made images, and the generator for its own: not
saturating (Goodfellow 2014), hinge (Lim and Ye 2017, arXiv:1705.02894), least squares (Mao et al.
2017, arXiv:1611.04076). `top` is what real images should score: 1, or less where the recipe smooths
labels, for real ones alone (Salimans et al. 2016, section 3.4, arXiv:1606.03498).
"""

SAMPLING = (
    Option("count", "int", "Images", 64, "How many images are made.", low=1, high=MOST_MADE),
    Option(
        "spread",
        "float",
        "Spread of the noise",
        1.0,
        "Below 1 the images are more typical and less varied.",
        low=0,
        high=3,
    ),
)


class Gan(Task):
    """Two graphs in turn: the discriminator on real and made images, then the generator through it.

    Both see images from -1 to 1, so the generator's last layer is Tanh.
    """

    kind = "gan"
    title = "Generate images (GAN)"
    help = "Make new images like those of the data: two networks learn against each other."
    views = ("samples",)
    measures = "image"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.image = next(item for item in context.inputs.values() if item.form == "image")
        ((self.noise, self.noise_shape),) = context.free[GENERATOR].items()
        self.loss_name = choose(LOSSES, context.choice.loss, "BCEWithLogitsLoss")
        options(context.choice.options, {})
        target = context.target
        self.classes = len(target.classes) if target is not None and target.kind == "class" else 0
        self._rows: Rows = {}
        self._judge: Judge | None = None

    @classmethod
    def unfit(cls, context: Context) -> str | None:
        """It needs images, a generator fed with noise and a discriminator."""
        if [item.form for item in context.inputs.values()] != ["image"]:
            return "A GAN learns from images alone. Choose images on the Data page."
        if set(context.graphs) != {GENERATOR, DISCRIMINATOR}:
            return (
                f"A GAN has two graphs, {GENERATOR} and {DISCRIMINATOR}; here are "
                f"{', '.join(context.graphs)}. Begin with the template gan."
            )
        if len(context.free.get(GENERATOR, {})) != 1:
            return (
                "The generator begins with noise, which no data gives. Give it one Input with a "
                "shape of its own, such as 64."
            )
        return None

    def output_shape(self, graph: str = "") -> tuple[int, ...]:
        """An image from the generator, one score from the discriminator."""
        return (1,) if graph == DISCRIMINATOR else self.image.shape

    def feed(self, split: str, data: Mapping[str, Rows], device: torch.device) -> Feed | None:
        """The prepared rows; the training rows are kept in mind for the judge."""
        del split, device
        self._rows = data["train"]
        return None

    def phases(self) -> tuple[Phase, ...]:
        """The discriminator's update, then the generator's."""
        return (
            Phase(DISCRIMINATOR, (DISCRIMINATOR,), self._discriminate, falls=False),
            Phase(GENERATOR, (GENERATOR,), self._deceive, falls=False),
        )

    def validation(self) -> Phase:
        """As many made images as held-out ones, both judged."""
        return Phase("validation", (), self._compare, ready=self._ready)

    def metrics(self) -> tuple[str, ...]:
        """As chosen; else the Fréchet distance, and with classes how many are recognised and how
        varied they are.
        """
        if self.context.choice.metrics is not None:
            return self.context.choice.metrics
        return ("fid", "recognised", "variety") if self.classes else ("fid",)

    def predict(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What the judge saw: features of real and made images, probabilities of the made ones."""
        return dict(outputs)

    def sampling(self) -> tuple[Option, ...]:
        """How many, and how daring."""
        return SAMPLING

    def sample(
        self,
        models: Mapping[str, nn.Module],
        options: Mapping[str, Any],
        generator: torch.Generator,
    ) -> Sample:
        """Images, uint8 [N, C, H, W]."""
        noise = self._noise(options["count"], generator) * options["spread"]
        made = self._made(models, noise)
        pixels = (made.clamp(-1, 1) * 127.5 + 127.5).round().to(torch.uint8).cpu()
        return Sample({"count": len(pixels)}, {"images": pixels})

    def details(self) -> dict[str, Any]:
        """The loss and the noise."""
        return {"loss": self.loss_name, "noise": list(self.noise_shape)}

    def _noise(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.randn(count, *self.noise_shape, generator=generator, device=generator.device)

    def _made(self, models: Mapping[str, nn.Module], noise: Tensor) -> Tensor:
        return single(apply(models[GENERATOR], {self.noise: noise}))

    def _real(self, batch: Batch) -> Tensor:
        """The batch's images from -1 to 1: standardisation undone."""
        return self._unit(batch[self.image.name]) * 2 - 1

    def _unit(self, x_BCHW: Tensor) -> Tensor:
        mean, std = (
            torch.tensor(values, device=x_BCHW.device)[:, None, None]
            for values in (self.image.mean, self.image.std)
        )
        return x_BCHW * std + mean

    def _score(self, models: Mapping[str, nn.Module], images: Tensor) -> Tensor:
        return single(apply(models[DISCRIMINATOR], {self.image.name: images})).float()

    def _discriminate(
        self, models: Mapping[str, nn.Module], batch: Batch, generator: torch.Generator
    ) -> Losses:
        real = self._real(batch)
        with torch.no_grad():
            made = self._made(models, self._noise(len(real), generator))
        return Losses(self._told_apart(models, real, made, self.context.recipe.label_smoothing), {})

    def _deceive(
        self, models: Mapping[str, nn.Module], batch: Batch, generator: torch.Generator
    ) -> Losses:
        made = self._made(models, self._noise(len(batch[self.image.name]), generator))
        return Losses(LOSSES[self.loss_name][2](self._score(models, made)), {})

    def _compare(
        self, models: Mapping[str, nn.Module], batch: Batch, generator: torch.Generator
    ) -> Losses:
        real = self._real(batch)
        made = self._made(models, self._noise(len(real), generator))
        loss = self._told_apart(models, real, made, 0.0)
        judge = self._judging(real.device)
        features_real, _ = judge.look((real + 1) / 2)
        features_made, p_made = judge.look((made.float().clamp(-1, 1) + 1) / 2)
        seen = {"real": features_real, "made": features_made}
        if self.classes:
            seen["made_probabilities"] = p_made
        return Losses(loss, seen)

    def _told_apart(
        self, models: Mapping[str, nn.Module], real: Tensor, made: Tensor, smoothing: float
    ) -> Tensor:
        """The discriminator's loss."""
        on_real, on_made, _ = LOSSES[self.loss_name]
        right = on_real(self._score(models, real), 1 - smoothing)
        return right + on_made(self._score(models, made))

    def _ready(self, device: torch.device) -> Iterator[str]:
        """Train the judge on the training rows where there is none yet, and say how far it is."""
        if self._judge is None:
            self._judge = yield from judging(*self._labelled(), self.classes, device)

    def _judging(self, device: torch.device) -> Judge:
        if self._judge is None:
            self._judge = judge(*self._labelled(), self.classes, device)
        return self._judge

    def _labelled(self) -> tuple[Tensor, Tensor | None]:
        return self._rows[self.image.name], self._rows["target"] if self.classes else None
