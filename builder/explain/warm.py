"""Pay once, ahead of time, what the first explanation would pay: imports and compiled loops."""


def warm() -> None:
    """Explain a tiny model with the methods whose libraries are slow to start."""
    import torch
    from torch import nn

    from builder.data.specs import InputSpec, TargetSpec
    from builder.explain.ask import ask
    from builder.explain.subject import Subject

    for width in (2, 9):  # exact SHAP values, and permutations
        names = tuple(f"c{at}" for at in range(width))
        spec = InputSpec(
            name="x", form="vector", shape=(width,), stored="float32", features=names, origins=names
        )
        rows = {"x": torch.eye(max(12, width))[:, :width]}
        target = TargetSpec(name="y", kind="number")
        subject = Subject.of(nn.Linear(width, 1), {"x": spec}, target, rows)
        for method in ("integrated_gradients", "shap_values"):
            ask(subject, method, {"x": rows["x"][:1]})
