"""The promises of every method, on every kind of model that it says it fits."""

import copy
import re

import numpy as np
import pytest
import torch
from torch import nn

from builder.data.specs import TargetSpec
from builder.errors import LaminaError
from builder.explain import apart, ask, channels, methods, unfit
from builder.explain.methods.grad_cam import default_layer
from builder.explain.subject import Subject, rows_of
from tests.explain.conftest import image

NAMES = [method.name for method in methods()]
KINDS = ["linear", "onehot", "wide", "cnn", "text", "series"]


def some(subject, count=3):
    return rows_of(subject.background, slice(0, count))


def state(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def hooks(model):
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return sum(len(getattr(m, kind, {})) for m in model.modules() for kind in kinds)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_method_that_fits_keeps_its_promises(subjects, name, kind):
    subject = subjects[kind]
    reason = unfit(subject)[name]
    if reason is not None:
        assert reason.endswith("."), reason
        with pytest.raises(LaminaError):
            ask(subject, name, some(subject))
        return
    before = state(subject.model)
    first = ask(subject, name, some(subject))
    again = ask(subject, name, some(subject))
    assert hooks(subject.model) == 0
    assert not subject.model.training
    for key, tensor in state(subject.model).items():
        assert torch.equal(tensor, before[key]), key
    for one, two in zip(first.rows, again.rows):
        for key in subject.names:
            part = one.attributions[key]
            assert part.shape[-1] == subject.background[key].shape[-1]
            assert np.isfinite(part).all()
            np.testing.assert_array_equal(part, two.attributions[key])
        if one.completeness_error is not None:
            assert one.completeness_error <= 1e-2
    assert first.limits
    assert first.to_dict()["rows"][0]["baseline"]


@pytest.mark.parametrize("name", ["integrated_gradients", "deep_lift", "feature_ablation"])
def test_a_linear_models_parts_are_its_coefficients_times_the_difference(linear, name):
    inputs = some(linear)
    mean = linear.background["table"].mean(0)
    expected = 2.0 * (inputs["table"] - mean) * torch.tensor([1.0, -2.0, 0.5])
    found = ask(linear, name, inputs)
    for row, one in enumerate(found.rows):
        np.testing.assert_allclose(one.attributions["table"], expected[row], atol=1e-4)


def test_shap_values_of_a_linear_model_are_exact(linear):
    inputs = some(linear)
    found = ask(linear, "shap_values", inputs, options={"background": 60})
    mean = linear.background["table"].mean(0)
    expected = 2.0 * (inputs["table"] - mean) * torch.tensor([1.0, -2.0, 0.5])
    for row, one in enumerate(found.rows):
        np.testing.assert_allclose(
            [part.attribution for part in one.columns], expected[row], atol=1e-4
        )
        assert one.completeness_error < 1e-4
        assert one.base_value + sum(p.attribution for p in one.columns) == pytest.approx(
            one.score, abs=1e-4
        )


def test_shap_values_equal_a_count_over_all_orders(onehot):
    from itertools import permutations

    inputs, background = some(onehot, 1), onehot.background["table"]
    found = ask(onehot, "shap_values", inputs, options={"background": 80}, target="yes")
    groups = {"age": [0], "sex": [1, 2, 3]}
    totals = dict.fromkeys(groups, 0.0)
    for order in permutations(groups):
        mixed = background.clone()
        last = onehot.probabilities({"table": mixed})[:, 1].mean()
        for column in order:
            mixed[:, groups[column]] = inputs["table"][:, groups[column]]
            now = onehot.probabilities({"table": mixed})[:, 1].mean()
            totals[column] += float(now - last) / 2
            last = now
    for part in found.rows[0].columns:
        assert part.attribution == pytest.approx(totals[part.name], abs=1e-5)


def test_permutation_shap_is_used_for_many_columns_and_adds_up():
    from torch import nn

    from builder.data.specs import InputSpec, TargetSpec
    from builder.explain import Subject

    names = tuple(f"c{i}" for i in range(12))
    spec = InputSpec(
        name="table", form="vector", shape=(12,), stored="float32", features=names, origins=names
    )
    model = nn.Sequential(nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 1))
    target = TargetSpec(name="y", kind="number")
    subject = Subject.of(model, {"table": spec}, target, {"table": torch.randn(40, 12)})
    before = np.random.get_state()[1].copy()
    found = ask(subject, "shap_values", some(subject, 2), options={"background": 20})
    assert "orders" in found.settings
    assert max(row.completeness_error for row in found.rows) < 1e-3
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_one_hot_features_of_a_column_are_taken_away_together(onehot):
    inputs = some(onehot, 1)
    found = ask(onehot, "feature_ablation", inputs, target="yes")
    moved = inputs["table"].clone()
    moved[:, 1:] = onehot.background["table"].mean(0)[1:]
    score = onehot.scored("logit")
    expected = score(inputs, torch.tensor([1])) - score({"table": moved}, torch.tensor([1]))
    sex = next(part for part in found.rows[0].columns if part.name == "sex")
    assert sex.attribution == pytest.approx(float(expected), abs=1e-5)


def test_a_column_in_two_inputs_is_taken_away_from_both(wide):
    inputs = some(wide, 1)
    found = ask(wide, "feature_ablation", inputs, target="yes")
    moved = {name: x.clone() for name, x in inputs.items()}
    moved["numbers"][:, 0] = wide.background["numbers"].mean(0)[0]
    moved["codes"][:, 1] = wide.background["codes"].mode(0).values[1]
    score, yes = wide.scored("logit"), torch.tensor([1])
    expected = float(score(inputs, yes) - score(moved, yes))
    part = next(part for part in found.rows[0].columns if part.name == "a")
    assert part.attribution == pytest.approx(expected, abs=1e-5)


def test_the_users_model_is_never_hooked_and_stays_as_it_was(cnn_model):
    from builder.data.specs import InputSpec, TargetSpec
    from builder.explain import Subject

    cnn_model.train()
    before = copy.deepcopy(cnn_model.state_dict())
    spec = InputSpec(name="image", form="image", shape=(1, 8, 8), stored="uint8")
    target = TargetSpec(name="kind", kind="class", classes=("a", "b", "c"))
    subject = Subject.of(cnn_model, {"image": spec}, target, {"image": torch.rand(9, 1, 8, 8)})
    for name, reason in unfit(subject).items():
        if reason is None:
            ask(subject, name, some(subject, 1), check=True)
    assert hooks(cnn_model) == 0
    assert cnn_model.training
    assert cnn_model.relu1.inplace
    assert all(parameter.requires_grad for parameter in cnn_model.parameters())
    for key, tensor in cnn_model.state_dict().items():
        assert torch.equal(tensor, before[key])


def test_padding_gets_no_part_of_a_text(text):
    inputs = some(text)
    for name in ("integrated_gradients", "feature_ablation"):
        for row in ask(text, name, inputs).rows:
            np.testing.assert_allclose(row.attributions["text"][4:], 0.0, atol=1e-6)


def test_integrated_gradients_add_up_for_texts_and_several_inputs(text, wide):
    for subject in (text, wide):
        for row in ask(subject, "integrated_gradients", some(subject, 5)).rows:
            total = sum(part.sum() for part in row.attributions.values())
            assert total == pytest.approx(row.score - row.base_value, abs=0.02)


@pytest.mark.parametrize("name", ["text", "series", "wide"])
def test_methods_speak_of_what_the_model_reads(name, subjects):
    subject = subjects[name]
    pictures = re.compile(r"pixel|picture|image|object|colour", re.I)
    columns = re.compile(r"\bcolumn", re.I)
    for found in methods():
        reason = found.unfit(subject)
        if reason is None:
            assert not pictures.search(" ".join(found.limits)), found.name
        elif name == "text" and found.name == "occlusion":
            assert reason.endswith("for texts use feature ablation.")
            assert not columns.search(reason)


def test_shapley_values_are_counted_from_the_average_answer(wide):
    found = ask(wide, "shap_values", some(wide))
    assert found.rows[0].baseline == "the average answer over the background rows"
    assert found.notes[-1] == "Compared with the average answer over the background rows."
    other = ask(wide, "feature_ablation", some(wide))
    assert other.rows[0].baseline == "the average row"


@pytest.mark.parametrize("name", ["saliency", "grad_cam"])
def test_what_compares_with_nothing_says_so_and_takes_no_baseline(cnn, name):
    found = ask(cnn, name, some(cnn))
    assert (found.rows[0].baseline, found.notes[-1]) == ("none", "Compared with nothing.")
    with pytest.raises(LaminaError, match="compares with no baseline"):
        ask(cnn, name, some(cnn), options={"baseline": "white"})
    judged = ask(cnn, name, some(cnn), options={"baseline": "white"}, check=True)
    assert judged.options["baseline"] == "white"


def test_shapley_values_take_no_other_baseline(wide):
    with pytest.raises(LaminaError, match="average answer over the background rows"):
        ask(wide, "shap_values", some(wide), options={"baseline": "rows"})


def test_a_module_of_ones_own_is_looked_at_and_so_is_what_is_in_it():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.relu, self.pool = nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)

        def forward(self, x):
            return self.pool(self.relu(self.norm(x)))

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.block = nn.Conv2d(1, 4, 3, padding=1), Block()
            self.flat, self.head = nn.Flatten(), nn.Linear(4 * 16, 3)

        def forward(self, image):
            return self.head(self.flat(self.block(self.conv(image))))

    spec, target = image(), TargetSpec(name="y", kind="class", classes=("a", "b", "c"))
    rows = {"image": torch.rand(6, 1, 8, 8)}
    subject = Subject.of(Net().eval(), {"image": spec}, target, rows)
    assert list(subject.layers) == ["conv", "block.norm", "block.relu", "block.pool", "block"]
    assert subject.layers["block"] == (4, 4, 4)
    whole, last = (channels(subject, {"image": rows["image"][:1]}, name, 0)
                   for name in ("block", "block.pool"))  # fmt: skip
    assert whole.total == pytest.approx(last.total)
    assert default_layer(subject) == "conv"
    assert ask(subject, "grad_cam", rows, layer="block").settings == "block, 4×4 places"


def test_words_about_pictures_are_told_of_pictures_only(cnn, wide):
    assert "texture" in ask(cnn, "integrated_gradients", some(cnn)).limits[0]
    assert "texture" not in " ".join(ask(wide, "integrated_gradients", some(wide)).limits)


def test_doubled_steps_say_from_how_many(wide):
    found = ask(wide, "integrated_gradients", some(wide), options={"steps": 8})
    assert found.options["steps"] == 8
    steps = int(found.settings.split()[0])
    doubled = ", doubled from 8 until the parts added up" if steps > 8 else ""
    assert found.settings == f"{steps} steps{doubled}"


def test_noise_and_other_rows_as_baselines_add_up_too(cnn, wide):
    for subject, name in ((cnn, "noise"), (wide, "rows")):
        found = ask(subject, "integrated_gradients", some(subject, 2), options={"baseline": name})
        assert max(row.completeness_error for row in found.rows) < 0.02


def test_black_is_zero_in_the_picture_then_normalised(cnn):
    from builder.explain import baselines

    made = baselines.make(cnn, "black", some(cnn, 1))
    torch.testing.assert_close(made.first["image"], torch.full((1, 1, 8, 8), (0 - 0.5) / 0.25))


def test_grad_cam_takes_the_layer_that_was_asked_and_refuses_others(cnn):
    coarse = ask(cnn, "grad_cam", some(cnn, 1))
    fine = ask(cnn, "grad_cam", some(cnn, 1), layer="conv1")
    assert coarse.settings.startswith("conv2")
    assert fine.settings.startswith("conv1")
    assert fine.rows[0].attributions["image"].shape[-2:] == (8, 8)
    with pytest.raises(LaminaError, match="head"):
        ask(cnn, "grad_cam", some(cnn, 1), layer="head")


@pytest.mark.parametrize(
    ("module", "word"),
    [("GELU", "gelu"), ("SiLU", "silu"), ("LayerNorm", "norm"), ("shared", "shared")],
)
def test_deep_lift_refuses_what_it_would_get_silently_wrong(module, word):
    from torch import nn

    from builder.data.specs import InputSpec, TargetSpec
    from builder.explain import Subject

    relu = nn.ReLU()
    act = {"GELU": nn.GELU(), "SiLU": nn.SiLU(), "LayerNorm": nn.LayerNorm(6), "shared": relu}

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 1)
            self.act = act[module]

        def forward(self, x):
            return self.c(self.act(self.b(self.act(self.a(x)))))

    spec = InputSpec(name="x", form="vector", shape=(4,), stored="float32", features=tuple("abcd"))
    target = TargetSpec(name="y", kind="number")
    subject = Subject.of(Net(), {"x": spec}, target, {"x": torch.randn(20, 4)})
    assert word in unfit(subject)["deep_lift"]


def test_wrong_options_targets_and_names_are_answered_with_a_remedy(cnn):
    for arguments in (
        {"name": "integrated_gradient"},
        {"name": "occlusion", "options": {"size": 3}},
        {"name": "occlusion", "options": {"patch": "big"}},
        {"name": "integrated_gradients", "options": {"steps": 10**9}},
        {"name": "integrated_gradients", "options": {"baseline": "pink"}},
        {"name": "integrated_gradients", "target": "z"},
    ):
        with pytest.raises(LaminaError) as caught:
            ask(cnn, inputs=some(cnn, 1), **arguments)
        assert caught.value.remedy or caught.value.place


def test_warming_up_leaves_the_random_state_as_it_was():
    from builder.explain import warm

    before = np.random.get_state()[1].copy()
    warm()
    np.testing.assert_array_equal(np.random.get_state()[1], before)


POOLS = {
    "side by side": nn.MaxPool2d(2),
    "overlapping": nn.MaxPool2d(3, 2, padding=1),
    "ceiling": nn.MaxPool2d((3, 2), (2, 3), ceil_mode=True),
    "dilated": nn.MaxPool2d(2, 1, dilation=2),
}


class Pooled(nn.Module):
    """ReLU right before pooling, and what the ReLU reads is read by a shortcut as well."""

    def __init__(self, pool):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.relu = nn.ReLU()
        self.pool = pool
        self.head = nn.LazyLinear(3)

    def forward(self, image):
        x = self.conv(image)
        return self.head((self.pool(self.relu(x))).flatten(1)) + x.mean((2, 3))[:, :3]


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_deep_lift_misses_nothing_around_pooling_and_shortcuts(pool):
    torch.manual_seed(3)
    model, x = Pooled(copy.deepcopy(pool)), torch.rand(8, 1, 9, 9)
    model(x)
    subject = Subject(
        model=model.eval(),
        names=("image",),
        inputs={"image": image(side=9)},
        target=TargetSpec(name="y", kind="class", classes=("a", "b", "c")),
        background={"image": x},
    )
    found = ask(subject, "deep_lift", some(subject, 8))
    assert max(row.completeness_error for row in found.rows) < 2e-3


@pytest.mark.parametrize("pool", POOLS.values(), ids=POOLS)
def test_windows_side_by_side_give_what_pooling_gives(pool):
    x = torch.randn(2, 3, 9, 10)
    assert torch.equal(apart._Windows(pool)(x), pool(x))
    line = nn.MaxPool1d(3, 2, padding=1)
    assert torch.equal(apart._Windows(line)(x[:, 0]), line(x[:, 0]))
    room = nn.MaxPool3d(2, 1)
    assert torch.equal(apart._Windows(room)(x[:, None]), room(x[:, None]))
