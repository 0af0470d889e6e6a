"""Inputs of a size that no step length fits."""

from builder.graph.spec import Graph
from builder.train.doctor.base import Change, Finding, Rule, listed
from builder.train.doctor.facts import Facts, Intake

LOUD, QUIET = 30.0, 0.01
NORMS = {"vector": "BatchNorm1d", "series": "BatchNorm1d", "image": "BatchNorm2d"}


class UnscaledInputs(Rule):
    """The size of what an Input node gives, feature by feature."""

    code = "unscaled_inputs"
    title = "Inputs that nothing has scaled"
    help = (
        "A feature's root mean square is above 30, or that of every feature is below 0.01, and no "
        "normalisation follows the Input. About 1 is what initial weights and step lengths are "
        "made for (LeCun et al. 1998, 'Efficient BackProp')."
    )
    news = ("steps", "epoch")
    confirm = 1

    def find(self, facts: Facts) -> Finding | None:
        """The first input that is far too large or far too small."""
        for intake in facts.intakes:
            if not intake.sizes or intake.normed:
                continue
            column, top = max(intake.sizes, key=lambda pair: pair[1])
            if top > LOUD or top < QUIET:
                return self._symptom(facts, intake, column, top)
        return None

    def _symptom(self, facts: Facts, intake: Intake, column: str, top: float) -> Finding:
        far = [name for name, size in intake.sizes if size > LOUD or top < QUIET]
        named = tuple(dict.fromkeys(name for name in far if name))
        which = f"the column '{column}'" if column else f"what '{intake.node}' gives"
        return Finding(
            self.code,
            f"The input '{intake.node}' is not scaled",
            f"The typical size of {which} is {top:,.3g}; about 1 is usual."
            + (f" So far off are {listed(named)}." if len(named) > 1 else ""),
            "Large inputs throw the first weights about, small ones leave them standing, and "
            "columns of different size cannot share one learning rate.",
            (*self._scaled(named), *self._normed(facts, intake)),
            node=intake.node,
            nodes=(intake.node,),
            evidence={"size": top},
        )

    def _scaled(self, columns: tuple[str, ...]) -> tuple[Change, ...]:
        plain = [column for column in columns if "." not in column]
        if not plain:
            return ()
        return (
            Change(
                f"Standardise {listed(tuple(plain))}",
                "Mean 0 and spread 1, as the training rows have it.",
                overrides={f"data.columns.{column}.scale": "standard" for column in plain},
            ),
        )

    def _normed(self, facts: Facts, intake: Intake) -> tuple[Change, ...]:
        layer = NORMS.get(intake.form)
        if layer is None or len(facts.graphs) != 1:
            return ()
        (name, graph), *_ = facts.graphs.items()
        edge = _only_edge(graph, intake.node)
        if edge is None:
            return ()
        return (
            Change(
                f"Put {layer} after '{intake.node}'",
                "The network then scales its inputs by itself.",
                edits=(("insert_on_edge", {"edge": list(edge), "layer": layer}),),
                graph=name,
            ),
        )


def _only_edge(graph: Graph, node: str) -> tuple[str, str] | None:
    edges = [edge for edge in graph.edges if edge.source == node]
    return (edges[0].source, edges[0].target) if len(edges) == 1 else None
