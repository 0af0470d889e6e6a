"""Planted truths: maps that show the cause pass, maps that do not fail."""

import numpy as np
import pytest
import torch
from torch import nn

from builder.data.specs import InputSpec, TargetSpec
from builder.explain import Attribution, Method, Subject, ask, baselines, trust
from builder.explain.base import Question

SIDE, BOX = 12, slice(3, 7)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, padding=1)
        self.relu = nn.ReLU()
        self.flat = nn.Flatten()
        self.head = nn.Linear(4 * SIDE * SIDE, 2)

    def forward(self, image):
        return self.head(self.flat(self.relu(self.conv(image))))


def pictures(rows, seed=0):
    """Noise everywhere; the mean of a box alone decides the class."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, 1, SIDE, SIDE, generator=generator)
    label = torch.randint(2, (rows,), generator=generator)
    x[:, :, BOX, BOX] += torch.where(label == 1, 1.5, -1.5)[:, None, None, None]
    return x, label


@pytest.fixture(scope="module")
def planted():
    torch.manual_seed(0)
    model, (x, label) = Net(), pictures(400)
    optimizer = torch.optim.Adam(model.parameters(), 0.01, weight_decay=1e-3)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), label).backward()
        optimizer.step()
    spec = InputSpec(
        name="image", form="image", shape=(1, SIDE, SIDE), stored="uint8", mean=(0.5,), std=(0.5,)
    )
    target = TargetSpec(name="box", kind="class", classes=("dark", "bright"))
    return Subject.of(model, {"image": spec}, target, {"image": x[:100]})


def test_integrated_gradients_put_their_mass_into_the_box_that_decides(planted):
    x, label = pictures(30, seed=1)
    found = ask(planted, "integrated_gradients", {"image": x}, options={"baseline": "mean"})
    assert (planted.prediction({"image": x}) == label).float().mean() > 0.95
    shares = []
    for row in found.rows:
        mass = np.abs(row.attributions["image"]).sum(0)
        shares.append(mass[BOX, BOX].sum() / mass.sum())
    assert np.mean(shares) >= 0.5  # the box is 11 % of the picture
    assert max(row.completeness_error for row in found.rows) <= 1e-2


def test_occlusion_and_ablation_point_at_the_box_too(planted):
    x, _ = pictures(10, seed=2)
    for name in ("occlusion", "feature_ablation"):
        for row in ask(planted, name, {"image": x}, options={"patch": 3}).rows:
            mass = np.abs(row.attributions["image"]).sum(0)
            assert mass[BOX, BOX].mean() > 2 * mass.mean(), name


def test_a_map_that_shows_the_cause_can_be_trusted(planted):
    x, _ = pictures(4, seed=3)
    for at in range(4):
        found = ask(planted, "integrated_gradients", {"image": x[at : at + 1]}, check=True)
        judged = found.rows[0].trust
        assert judged.status == "ok", [vars(check) for check in judged.checks]
        assert judged.verdict.startswith("Can be trusted")
        assert judged.evidence.marked.mean() < judged.evidence.random.mean()
        assert judged.evidence.share[0] == 0
        assert judged.evidence.share[-1] == 1


def line(*values):
    return np.array(values, float)


@pytest.mark.parametrize(
    ("marked", "status"),
    [(0.05, "ok"), (0.25, "warn"), (0.35, "warn"), (0.70, "err")],
)
def test_a_marked_order_must_beat_every_random_one_and_by_a_margin(planted, marked, status):
    """Random orders stand at 0.32 or 0.48 half-way from 0.8 to 0."""
    halfway = 0.4 + 0.08 * np.array([-1.0, 1.0] * 8)
    orders = np.stack([line(0.8, at, 0) for at in halfway])
    evidence = trust.Evidence(line(0, 0.5, 1), line(0.8, marked, 0), orders)
    asked = question(planted, pictures(1)[0])
    units = trust.Units({}, torch.tensor([3.0, 2.0, 1.0]), "pixels")
    judged = trust._matters(Edges(), asked, units, evidence)
    assert judged.status == status, judged
    assert "16 random orders, 0.40 on average" in judged.sentence


def test_a_caution_qualifies_the_good_verdict_and_lowers_no_other():
    good, caution = (trust.Check("x", "", status, "", "") for status in ("ok", "note"))
    bad = trust.Check("x", "", "err", "", "")
    assert trust.Trust((good,)).verdict == "Can be trusted here"
    assert trust.Trust((good, caution)).verdict == "Can be trusted, with a caution"
    assert trust.Trust((good, caution)).status == "ok"
    assert trust.Trust((bad, caution)).verdict == "Do not rely on this"


class Upside(Method):
    """The gradient's map turned upside down: plausible to look at, wrong."""

    name, title, help, limits = "upside", "Upside down", "", ("Wrong.",)

    @classmethod
    def unfit(cls, subject):
        del subject
        return None

    def attribute(self, question):
        row = ask(question.subject, "integrated_gradients", question.inputs).rows[0]
        return Attribution({"image": -torch.from_numpy(row.attributions["image"])[None]})


class Edges(Upside):
    """The picture itself, whatever the model."""

    name, title = "edges", "The picture"

    def attribute(self, question):
        return Attribution({"image": question.inputs["image"]})


def question(subject, x):
    inputs = {"image": x}
    return Question(
        subject, inputs, subject.prediction(inputs), baselines.make(subject, None, inputs), "logit"
    )


def check(judged, name):
    return next(check for check in judged.checks if check.name == name)


def test_a_wrong_map_is_found_out_by_its_marked_features(planted):
    asked = question(planted, pictures(1, seed=4)[0])
    judged = trust.assess(Upside(), asked, Upside().attribute(asked), None)
    assert check(judged, "matters").status == "err"
    assert judged.verdict == "Do not rely on this"


def test_a_map_of_the_picture_is_found_out_by_random_weights(planted):
    asked = question(planted, pictures(1, seed=5)[0])
    judged = trust.assess(Edges(), asked, Edges().attribute(asked), None)
    assert check(judged, "weights").status == "err"
    assert check(judged, "weights").value == pytest.approx(1.0)


@pytest.mark.parametrize(("missed", "status"), [(0.001, "ok"), (0.05, "warn"), (0.5, "err")])
def test_parts_that_do_not_add_up_lower_the_verdict(planted, missed, status):
    asked = question(planted, pictures(1, seed=6)[0])
    answer = Attribution({"image": asked.inputs["image"]})
    judged = trust.assess(Edges(), asked, answer, missed)
    assert check(judged, "adds_up").status == status


def test_a_map_that_marks_everything_alike_is_not_trusted(planted):
    asked = question(planted, pictures(1, seed=6)[0])
    answer = Attribution({"image": torch.full_like(asked.inputs["image"], 0.5)})
    judged = trust.assess(Edges(), asked, answer, None)
    assert check(judged, "matters").status == "warn"
    assert "alike" in check(judged, "matters").sentence
    assert not judged.verdict.startswith("Can be trusted")


def test_nothing_to_measure_is_said_not_hidden(planted):
    asked = question(planted, torch.zeros(1, 1, SIDE, SIDE))
    judged = trust.assess(Edges(), asked, Attribution({"image": asked.inputs["image"]}), None)
    assert check(judged, "matters").status == "warn"
    assert "Nothing to measure" in check(judged, "matters").sentence


def test_rank_likeness_equals_scipys_spearman():
    from scipy.stats import spearmanr

    generator = np.random.default_rng(0)
    a, b = generator.integers(1, 6, 50).astype(float), generator.normal(size=50)
    assert trust.rank_likeness(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert trust.rank_likeness(a, a) == pytest.approx(1.0)
    assert trust.rank_likeness(np.zeros(5), b[:5]) == 0.0


def test_correlated_columns_are_named():
    n = torch.randn(200, 1)
    spec = InputSpec(
        name="t", form="vector", shape=(3,), stored="float32", features=("x", "y", "z")
    )
    background = torch.cat([n, -n + 0.1 * torch.randn(200, 1), torch.randn(200, 1)], 1)
    model = nn.Linear(3, 1)
    target = TargetSpec(name="v", kind="number")
    subject = Subject.of(model, {"t": spec}, target, {"t": background})
    one, two, value = trust.correlated(subject)
    assert {one, two} == {"x", "y"}
    assert value < -0.9
    inputs = {"t": background[:1]}
    judged = ask(subject, "shap_values", inputs, check=True).rows[0].trust
    assert check(judged, "correlated").status == "note"
    assert check(judged, "adds_up").status == "ok"
    assert judged.status in ("ok", "warn")


@pytest.mark.parametrize("checked", [False, True])
def test_shap_values_of_one_row_tell_how_far_they_are(checked):
    spec = InputSpec(
        name="t", form="vector", shape=(3,), stored="float32", features=("x", "y", "z")
    )
    rows = {"t": torch.randn(12, 3)}
    subject = Subject.of(
        nn.Linear(3, 2), {"t": spec}, TargetSpec(name="c", kind="class", classes=("a", "b")), rows
    )
    told = []
    one = {"t": rows["t"][:1]}
    ask(subject, "shap_values", one, check=checked, progress=lambda *step: told.append(step))
    assert told[0] == ("SHAP values", 0, 9)
    assert all(0 <= done <= total for _, done, total in told)
    assert ("Checks" in {what for what, *_ in told}) == checked


def test_a_check_can_be_stopped_while_it_asks_again(planted):
    images, _ = pictures(1)
    calls = []

    def stop(what, _done, _total):
        calls.append(what)
        if calls.count("Checks") == 3:  # the second one is within the first step
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(planted, "integrated_gradients", {"image": images}, check=True, progress=stop)
    assert calls.count("Checks") == 3
