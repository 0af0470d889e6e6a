"""What was said of each graph last, so that an edit of one costs nothing for the others."""

from collections.abc import Callable, Mapping
from typing import Any

from builder.compile import Check
from builder.graph.spec import Graph
from builder.ui.canvas import wire


class Verdicts:
    """The checks of a document's graphs, each kept while its graph and its surroundings stay."""

    def __init__(self) -> None:
        self._around: tuple[object, ...] = ()
        self._known: dict[str, tuple[Graph, Check]] = {}
        self._told: dict[str, wire.Told] = {}

    def of(
        self,
        graphs: Mapping[str, Graph],
        check: Callable[[str], Check],
        around: tuple[Mapping[str, Graph], str],
    ) -> dict[str, Check]:
        """The check of each graph; `around` is what else they look at: modules, data, task."""
        same = len(self._around) == 2 and self._around[0] is around[0]
        before = self._known if same and self._around[1] == around[1] else {}
        found: dict[str, tuple[Graph, Check]] = {}
        for name, graph in graphs.items():
            kept = before.get(name)
            found[name] = kept if kept and kept[0] is graph else (graph, check(name))
        self._around, self._known = around, found
        self._told = {name: told for name, told in self._told.items() if name in found}
        return {name: verdict for name, (_, verdict) in found.items()}

    def told(self, name: str, graph: Graph, modules: Mapping[str, Graph]) -> dict[str, Any]:
        """The same as JSON; to be asked for after `of`."""
        check = self._known[name][1]
        kept = self._told.get(name)
        if kept is None or kept[0] is not check:
            kept = self._told[name] = (check, wire.verdict(check, graph, modules, kept))
        return kept[1]
