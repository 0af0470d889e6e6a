"""Saliency (Simonyan 2014): the size of the gradient, through Captum."""

from builder.explain import twin
from builder.explain.base import Attribution, Method, Question
from builder.explain.entry import closed, enter
from builder.explain.subject import Subject


class Saliency(Method):
    """The absolute gradient of the score at the input."""

    name = "saliency"
    title = "Saliency"
    help = "Where a small change of the input would move the score most."
    limits = (
        "Tells where the model is sensitive, not what spoke for or against.",
        "Noisy, and flat where the score is saturated.",
    )
    signed = False
    compares = False

    @classmethod
    def unfit(cls, subject: Subject) -> str | None:
        """Where ids reach no embedding."""
        return closed(subject)

    def attribute(self, question: Question) -> Attribution:
        """Absolute gradients; of ids, summed over their vectors."""
        from captum.attr import Saliency as Captum

        entry = enter(question)
        with twin.gradients():
            features = tuple(feature.clone().requires_grad_() for feature in entry.features)
            parts = Captum(entry.scored).attribute(
                features, abs=True, additional_forward_args=entry.more
            )
        return Attribution(entry.lift.collapse([part.detach() for part in parts]), None, "gradient")
