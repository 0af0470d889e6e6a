"""How fast a graph is checked, written and built: 100 and 500 nodes, medians in milliseconds."""

import statistics
import tempfile
import time
import uuid
from collections.abc import Callable
from itertools import pairwise

from builder.compile import build, check, generate
from builder.compile.plan import plan_of, walk
from builder.compile.repair import input_values
from builder.data.specs import InputSpec
from builder.graph import edit
from builder.graph.journal import Journal
from builder.graph.spec import Graph

INPUTS = {"image": InputSpec(name="image", form="image", shape=(3, 16, 16), stored="uint8")}
BLOCK = (
    ("Conv2d", {"out_channels": 8, "kernel_size": 3, "padding": 1}),
    ("BatchNorm2d", {}),
    ("ReLU", {}),
)
END = (("Flatten", {}), ("Linear", {"out_features": 10}), ("Output", {}))


def net(nodes: int) -> Graph:
    chain = [("Input", {}), *BLOCK * ((nodes - 4) // 3), *END]
    names = ["image", *(f"n{number}" for number in range(1, len(chain)))]
    raw = [
        {"id": name, "layer": layer, "params": params}
        for name, (layer, params) in zip(names, chain, strict=True)
    ]
    return Graph.model_validate({"nodes": raw, "edges": list(pairwise(names))})


def median(action: Callable[[], object], rounds: int = 15) -> float:
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def rows(nodes: int) -> list[tuple[str, float, str]]:
    graph = net(nodes)
    check(graph, INPUTS, output_shape=(10,))
    plan, given = plan_of(graph, {}), input_values(graph, INPUTS)
    raw = graph.model_dump(mode="json")
    wrong = edit.set_params(graph, "n4", {"kernel_size": 40})
    source = generate({"model": graph}, INPUTS)
    widths = iter(range(8, 10_000))

    def edited() -> None:
        check(edit.set_params(graph, "n4", {"out_channels": next(widths)}), INPUTS)

    def mended() -> None:
        check(edit.set_params(wrong, "n7", {"out_channels": next(widths)}), INPUTS)

    build(source.text)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(folder, {"graphs": {"model": raw}})
        kept = median(lambda: journal.apply("add_node", {"layer": "ReLU"}, journal.revision))
    return [
        ("shapes, warm", median(lambda: walk(plan, given, (10,))), "≤ 1 at 500"),
        ("insert on an edge", median(lambda: edit.insert_on_edge(graph, ("n4", "n5"), "ReLU")), ""),
        ("an edit kept in the journal", kept, ""),
        ("edit and check", median(edited), "< 20 at 100"),
        ("edit and check with a mistake and its repairs", median(mended), ""),
        ("parse and check", median(lambda: check(Graph.model_validate(raw), INPUTS)), ""),
        ("source", median(lambda: generate({"model": graph}, INPUTS)), "≤ 10 at 500"),
        ("build, new source", median(lambda: build(f"{source.text}# {uuid.uuid4()}\n"), 5), "≤ 50"),
        ("build again", median(lambda: build(source.text)), "≤ 50 at 500"),
    ]


def main() -> None:
    for nodes in (100, 500):
        print(f"{nodes} nodes")
        for name, milliseconds, reach in rows(nodes):
            print(f"  {name:<46} {milliseconds:8.2f} ms  {reach}")


if __name__ == "__main__":
    main()
