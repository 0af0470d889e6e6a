"""Mounts the live view; the points come by Lamina's own route, not through Streamlit's reruns."""

from collections.abc import Sequence
from typing import Literal

from builder.ui import frontends, routes, signs, tokens

API = "/lamina/api/runs"


def live(
    part: Literal["head", "body", "made"],
    run: str,
    *,
    title: str,
    project: str,
    metric: str | None = None,
    metric_title: str = "",
    metric_share: bool = False,
    metric_decades: bool = False,
    higher_is_better: bool = True,
    unit: str = "rows",
    loss_note: tuple[str, str] | None = None,
    loss_falls: bool = True,
    phases: Sequence[str] = (),
    monitor: tuple[str, bool, int] = ("validation_loss", False, 0),
    beside: tuple[str, str, int] | None = None,
) -> str | None:
    """Show one part of a run's live view.

    Gives where the user asked to go ("evaluate", "recipe", "fork:<checkpoint>", "run:<id>"),
    "ended" once when the run has ended under his eyes, else None. `metric` is the name in the epoch
    rows (`validation_<metric>`); `loss_note` what must be said beside the loss, in short and in
    full; `loss_falls` whether the lowest loss is the best; `phases` the updates of a step, each
    with a curve where there are several; `monitor` the figure by which the best epoch is kept, and
    whether more of it is better; `beside` the run whose curves are laid
    over this one's (its id, its name, the step from which they part).

    Raises LaminaError when the front end was not built.
    """
    until = {"head": "head", "body": "curves"}.get(part, "")
    result = frontends.mount("live", frontends.bundle("live"), until)(
        key=f"live_{part}_{run}",
        data={
            "part": part,
            "run": run,
            "api": API,
            "token": routes.token(),
            "title": title,
            "project": project,
            "lossNote": dict(zip(("text", "title"), loss_note, strict=True)) if loss_note else None,
            "lossFalls": loss_falls,
            "phases": list(phases),
            "monitor": dict(zip(("name", "higher", "since"), monitor, strict=True)),
            "beside": dict(zip(("run", "title", "step"), beside, strict=True)) if beside else None,
            "metric": metric,
            "metricTitle": metric_title,
            "metricShare": metric_share,
            "metricDecades": metric_decades,
            "higherIsBetter": higher_is_better,
            "theme": tokens.theme(),
            "unit": unit,
            "signs": {
                status: {"word": word, "tone": tone, "path": signs.path(sign)}
                for status, (word, tone, sign) in signs.RUN.items()
            },
        },
        on_go_change=_nothing,
        width="stretch",
        height="content",
    )
    asked = getattr(result, "go", None)
    return asked if isinstance(asked, str) else None


def _nothing() -> None:
    """Streamlit makes a trigger known to the page only where it has a callback."""
