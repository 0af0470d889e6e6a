"""What may be connected where nothing is wrong: uses for a result, second ways into a join."""

from __future__ import annotations

from collections.abc import Iterator

from builder.compile.repair.ground import MERGES, Ground
from builder.compile.repair.scene import Draft, Proposal, Scene
from builder.graph import structure
from builder.layers import catalogue


def uses(scene: Scene, end: str) -> Iterator[Proposal]:
    """Nodes that join several ways and may take the end's result as well, the nearest first."""
    ground = Ground(scene)
    before = structure.reached([end], ground.into, forward=False)
    joins = [
        node.id
        for node in scene.graph.nodes
        if node.layer in MERGES and node.id not in before and node.id in ground.alive
    ]
    joins.sort(key=lambda name: (len(ground.into[name]) > 1, abs(ground.far(end, name)[1])))
    for target in joins:
        draft = Draft(scene.graph).do("connect", source=end, target=target)
        yield Proposal(f"Connect {end} to {target}", f"{target} then takes it in as well.", draft)


def partners(scene: Scene, join: str) -> Iterator[Proposal]:
    """Second ways into a node that joins but a single one: an Input that nothing uses yet, else
    from where its own way began.
    """
    ground = Ground(scene)
    own = ground.into[join][0].source
    for name in structure.of_layer(scene.graph, "Input"):
        if not ground.behind[name]:
            draft = Draft(scene.graph).do("connect", source=name, target=join)
            yield Proposal(f"Connect {name} to {join}", "Nothing uses it yet.", draft, rank=-1)
    weighty = 0
    for node in [scene.graph.node(own), *scene.before(own)]:
        layer = catalogue().get(node.layer)
        if weighty and node.id != own and _rests(ground, node.id):
            draft = Draft(scene.graph).do("connect", source=node.id, target=join)
            why = f"A shortcut past {weighty} layer{'s' if weighty > 1 else ''} with weights."
            yield Proposal(f"Connect {node.id} to {join}", why, draft, rank=int(weighty < 2))
        weighty += layer is not None and layer.family in ("conv", "linear", "seq")


def _rests(ground: Ground, name: str) -> bool:
    """Whether a block may begin behind it: what follows is no norm or activation that belongs to
    it.
    """
    known = catalogue()
    after = [known.get(ground.layer[edge.target]) for edge in ground.behind[name]]
    return not any(layer is not None and layer.family in ("norm", "act") for layer in after)
