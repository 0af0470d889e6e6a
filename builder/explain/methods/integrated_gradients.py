"""Integrated gradients (Sundararajan 2017), through Captum."""

import torch

from builder.explain import twin
from builder.explain.base import Attribution, Method, Question
from builder.explain.entry import CHUNK, closed, enter
from builder.explain.subject import Subject
from builder.layers.base import Param

TOLERANCE = 5e-3
MOST_STEPS = 512


class IntegratedGradients(Method):
    """Gradients along the straight way from the baseline to the input, times their difference."""

    name = "integrated_gradients"
    title = "Integrated gradients"
    help = "Which inputs moved the score away from the baseline's, each with its share."
    limits = ("Against another baseline the answer is another one.",)
    limits_of_images = ("Fine marks: read them as texture, not as whole objects.",)
    params = (
        Param(
            "steps",
            "int",
            64,
            "Points on the way from the baseline; doubled by itself until the parts add up.",
            low=8,
            high=MOST_STEPS,
        ),
    )
    additive = True
    multiplies = True

    @classmethod
    def unfit(cls, subject: Subject) -> str | None:
        """Where ids reach no embedding."""
        return closed(subject)

    def attribute(self, question: Question) -> Attribution:
        """Captum's, over all draws of the baseline; more steps until the parts add up."""
        from captum.attr import IntegratedGradients as Captum

        entry = enter(question)
        captum = Captum(entry.scored)
        baselines = entry.baseline_features()
        score = entry.score(entry.features)
        base = torch.stack([entry.score(features) for features in baselines]).mean(0)
        gap = (score - base).abs().clamp_min(1e-6)
        steps = int(question.options["steps"])
        while True:
            total = torch.zeros_like(score)
            sums = [torch.zeros_like(feature) for feature in entry.features]
            passes = -(-steps * question.rows // max(CHUNK, question.rows))
            entry.scored.tick = question.counter(
                f"{self.title}, {steps} steps", passes * len(baselines)
            )
            for features in baselines:
                with twin.gradients():
                    parts = captum.attribute(
                        entry.features,
                        baselines=features,
                        additional_forward_args=entry.more,
                        n_steps=steps,
                        internal_batch_size=max(CHUNK, question.rows),
                    )
                for kept, part in zip(sums, parts):
                    kept += part.detach() / len(baselines)
                    total += part.detach().flatten(1).sum(1) / len(baselines)
            missed = ((total - (score - base)).abs() / gap).max()
            if float(missed) <= TOLERANCE or steps * 2 > MOST_STEPS:
                break
            steps *= 2
        asked = int(question.options["steps"])
        more = f", doubled from {asked} until the parts added up" if steps > asked else ""
        return Attribution(entry.lift.collapse(sums), base, f"{steps} steps{more}")
