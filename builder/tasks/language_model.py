"""Language model: which token comes next, and so a network that writes."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from builder.data.options import Option
from builder.data.runtime.picking import pick
from builder.data.runtime.tokens import SPECIAL, Tokens
from builder.errors import LaminaError
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
from builder.tasks.options import count
from builder.tasks.stream import AllWindows, RandomWindows, stream

JUDGED_AT_ONCE = 256

SAMPLING = (
    Option("prompt", "text", "Prompt", "", "The text to go on from; empty: begin anew."),
    Option("length", "int", "Length", 300, "How many tokens are written.", low=1, high=4000),
    Option(
        "temperature",
        "float",
        "Temperature",
        0.8,
        "0 always takes the likeliest token; above 1 is bold.",
        low=0,
        high=5,
    ),
    Option(
        "top_k",
        "int",
        "Top k",
        0,
        "Only the k likeliest tokens may come; 0: all.",
        low=0,
        high=100_000,
    ),
    Option(
        "top_p",
        "float",
        "Top p",
        1.0,
        "Only the likeliest tokens that together have this probability; 1: all.",
        low=0.01,
        high=1,
    ),
)


class LanguageModel(Task):
    """Cross-entropy of the next token at every place of a window; logits are [B, T, V]."""

    kind = "language_model"
    title = "Language model"
    help = "What comes next? Learn to write by guessing each next token of a text."
    views = ("samples",)
    measures = "token"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.input = next(item for item in context.inputs.values() if item.form == "tokens")
        self.length = self.input.shape[0]
        self.per_epoch = count(context.choice.options, "steps_per_epoch", ("steps_per_epoch",))
        if context.choice.loss not in (None, "CrossEntropyLoss"):
            raise LaminaError(
                f"The loss {context.choice.loss!r} does not fit this task.",
                place="task.loss",
                remedy="Choose CrossEntropyLoss.",
            )

    @classmethod
    def unfit(cls, context: Context) -> str | None:
        """It needs one input of tokens, and nothing else."""
        forms = [item.form for item in context.inputs.values()]
        if forms != ["tokens"]:
            found = ", ".join(sorted(set(forms))) or "no input"
            return (
                f"A language model reads one text; this data gives {found}. "
                "Choose a text file on the Data page."
            )
        length = next(iter(context.inputs.values())).shape[0]
        if length < 2:
            return "The context is a single token. Make it longer on the Data page."
        return None

    def output_shape(self, graph: str = "") -> tuple[int, ...]:
        """[T, V]: a score for every token that may come next, at every place."""
        del graph
        return (self.length, self.input.cardinality)

    def feed(self, split: str, data: Mapping[str, Rows], device: torch.device) -> Feed | None:
        """Random windows of the training text; the windows of any other split in order."""
        codes = stream(data[split][self.input.name], self.length, split)
        name, recipe = self.input.name, self.context.recipe
        if split != "train":
            return AllWindows(name, codes, self.length, device, batch_size=JUDGED_AT_ONCE)
        size = recipe.batch_size or 32
        steps = self.per_epoch or max(1, len(codes) // (size * self.length))
        return RandomWindows(
            name, codes, self.length, device, batch_size=size, steps=steps, seed=recipe.seed
        )

    def phases(self) -> tuple[Phase, ...]:
        """One update of the model."""
        smoothing = self.context.recipe.label_smoothing
        return (Phase("train", self.context.graphs[:1], self._loss(smoothing)),)

    def validation(self) -> Phase:
        """The same loss, without smoothing."""
        return Phase("validation", (), self._loss(0.0))

    def metrics(self) -> tuple[str, ...]:
        """As chosen; else perplexity and nats per token."""
        if self.context.choice.metrics is not None:
            return self.context.choice.metrics
        return ("perplexity", "nats_per_token")

    def predict(self, outputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The mean surprise of each window, in nats per token [B]."""
        return {"nats": outputs["nats"]}

    def sampling(self) -> tuple[Option, ...]:
        """Prompt, length, and how boldly to choose."""
        return SAMPLING

    def sample(
        self,
        models: Mapping[str, nn.Module],
        options: Mapping[str, Any],
        generator: torch.Generator,
    ) -> Sample:
        """Text that goes on from the prompt: {"prompt", "text"}."""
        model = models[self.context.graphs[0]]
        device = generator.device
        known = self.tokens.encode(options["prompt"]) if options["prompt"] else []
        begun = [code for code in known if code >= SPECIAL] or [self._beginning]
        codes_T = torch.tensor(begun, device=device)
        for _ in range(options["length"]):
            seen_1T = codes_T[None, -self.length :]
            scores_V = single(apply(model, {self.input.name: seen_1T}))[0, -1].float()
            scores_V[:SPECIAL] = -torch.inf
            chosen = pick(scores_V, options, generator)
            codes_T = torch.cat([codes_T, chosen])
        text = self.tokens.restore(codes_T[len(begun) :].cpu())
        return Sample({"prompt": options["prompt"], "text": text})

    def details(self) -> dict[str, Any]:
        """Context, vocabulary and kind of token."""
        return {
            "loss": "CrossEntropyLoss",
            "context": self.length,
            "vocabulary": self.input.cardinality,
            "level": self.tokens.level if self.context.preparation else None,
        }

    @cached_property
    def tokens(self) -> Tokens:
        """The fitted tokeniser."""
        return Tokens(self.context.preparation["inputs"][self.input.name])

    @cached_property
    def _beginning(self) -> int:
        """What to begin from without a prompt: a new line, where the text has it."""
        return next((code for code in self.tokens.encode("\n") if code >= SPECIAL), SPECIAL)

    def _loss(self, smoothing: float) -> Any:
        graph = self.context.graphs[0]

        def loss(models: Mapping[str, nn.Module], batch: Batch, _: torch.Generator) -> Losses:
            logits_BTV = single(apply(models[graph], batch)).float()
            logits_NV, target_BT = logits_BTV.flatten(0, 1), batch["target"]
            nats_N = F.cross_entropy(logits_NV, target_BT.flatten(), reduction="none")
            nats_B = nats_N.view(target_BT.shape).mean(1)
            if smoothing:
                value = F.cross_entropy(logits_NV, target_BT.flatten(), label_smoothing=smoothing)
            else:
                value = nats_N.mean()
            return Losses(value, {"nats": nats_B})

        return loss
