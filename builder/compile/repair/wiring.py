"""Repairs of what is connected to what."""

from collections.abc import Iterator

from builder.compile.repair.ground import Ground
from builder.compile.repair.scene import Draft, Fault, Proposal, Scene, ends
from builder.graph import edit, structure
from builder.graph.spec import Edge


def _cycle(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    circle = list(fault.error.facts["circle"])
    place = {node.id: i for i, node in enumerate(scene.graph.nodes)}
    pairs = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    pairs.sort(key=lambda pair: place[pair[1]] - place[pair[0]])  # edges that lead backward first
    for source, target in pairs[:3]:
        edge = next(e for e in scene.graph.out_of(source) if e.target == target)
        draft = Draft(scene.graph).do("disconnect", **ends(edge))
        yield Proposal(
            f"Remove the edge {source} → {target}",
            "Data flows from the input to the output; no way may lead back.",
            draft,
        )


def _no_output(scene: Scene, _: Fault) -> Iterator[Proposal]:
    ground = Ground(scene)
    last = [node.id for node in scene.graph.nodes if not ground.behind[node.id]]
    # what lies loose will go behind what is whole, so the answer comes out of it
    last.sort(key=lambda e: (e not in ground.alive, ground.depth.get(e, 0), ground.place[e]))
    for end in reversed(last[-3:]):
        draft = Draft(scene.graph)
        name = edit.fresh_id(scene.graph, "Output")
        draft.do("add_node", layer="Output", id=name)
        draft.do("connect", source=end, target=name)
        yield Proposal(
            f"Add an Output after {end}", "The Output marks the answer of the network.", draft
        )
    if not last:
        yield Proposal(
            "Add an Output",
            "The Output marks the answer of the network.",
            Draft(scene.graph).do("add_node", layer="Output"),
        )


def _no_input(scene: Scene, _: Fault) -> Iterator[Proposal]:
    into = structure.incoming(scene.graph)
    starts = [node.id for node in scene.graph.nodes if not into[node.id]]
    free = [name for name in scene.inputs if name not in scene.graph.ids()]
    name = free[0] if free else edit.fresh_id(scene.graph, "Input")
    draft = Draft(scene.graph).do("add_node", layer="Input", id=name)
    if starts:
        draft.do("connect", source=name, target=starts[0])
    yield Proposal(
        f"Add an Input{' before ' + starts[0] if starts else ''}",
        "The Input is where the data comes in.",
        draft,
    )


def _too_many(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    node = fault.node or ""
    edges = scene.graph.into(node)
    layer = scene.steps[node].bound.inputs
    yield from _doubled(scene, edges)
    if layer and len({edge.source for edge in edges}) > 1:
        for kind, why in (
            ("Add", "Add puts them together number by number; the size stays."),
            ("Concat", "Concat puts them side by side; the sizes add up."),
        ):
            draft = Draft(scene.graph)
            for edge in edges:
                draft.do("disconnect", **ends(edge))
            name = edit.fresh_id(draft.graph, kind)
            draft.do("add_node", layer=kind, id=name)
            for edge in edges:
                draft.do("connect", source=edge.source, target=name, source_port=edge.source_port)
            draft.do("connect", source=name, target=node)
            yield Proposal(f"Join them with {kind}", why, draft)
    draft = Draft(scene.graph)
    for edge in edges[len(layer) :]:
        draft.do("disconnect", **ends(edge))
    kept = f"Keep only the edge from {edges[0].source}" if layer else "Remove its incoming edges"
    yield Proposal(kept, "The other edges are removed.", draft)


def _doubled(scene: Scene, edges: tuple[Edge, ...]) -> Iterator[Proposal]:
    """The same edge drawn twice, as a project file may have it."""
    again = [edge for at, edge in enumerate(edges) if edge in edges[:at]]
    if again:
        draft = Draft(scene.graph)
        for edge in again:
            draft.do("disconnect", **ends(edge))
        sources = " and ".join(dict.fromkeys(edge.source for edge in again))
        yield Proposal(
            f"Remove the doubled edge from {sources}", "It says the same twice.", draft, rank=-1
        )


def _port(scene: Scene, fault: Fault) -> Iterator[Proposal]:
    source, target = fault.error.facts["edge"]
    here, _, source_port = source.partition(".")
    there, _, target_port = target.partition(".")
    cut = {"source_port": source_port, "target_port": target_port}
    draft = Draft(scene.graph).do("disconnect", source=here, target=there, **cut)
    without = Draft(draft.graph)
    without.edits = list(draft.edits)
    if here != there and scene.graph.node(here).layer != "Output":
        draft.do("connect", source=here, target=there)
        yield Proposal("Use the free input and first output", "That port does not exist.", draft)
    yield Proposal(f"Remove the edge {here} → {there}", "That port does not exist.", without)


PROPOSERS = {
    "cycle": _cycle,
    "no_output": _no_output,
    "no_input": _no_input,
    "too_many": _too_many,
    "port": _port,
}
