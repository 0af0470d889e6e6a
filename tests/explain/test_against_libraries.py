"""The same model and background, asked through Lamina and through the libraries themselves."""

import numpy as np
import pytest
import torch
from torch import nn

from builder.explain import ask
from builder.explain.subject import rows_of
from tests.explain.conftest import TWO, vector


@pytest.fixture
def four():
    """Four plain columns and two classes, with interactions between the columns."""
    from builder.explain import Subject

    model = nn.Sequential(
        nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 2)
    )
    return Subject.of(model, {"table": vector("abcd")}, TWO, {"table": torch.randn(50, 4)})


def log_odds(model):
    """What is explained of two classes: how much the second's logit is above the first's."""
    return lambda x: model(x)[:, 1] - model(x)[:, 0]


def columns_of(row):
    return [part.attribution for part in row.columns]


def test_shap_values_are_those_of_the_package_itself(four):
    from builder.explain.methods.shap_values import _library

    shap = _library()  # its import warns of its own plots

    rows, background = four.background["table"][:3], four.background["table"]
    found = ask(four, "shap_values", {"table": rows}, options={"background": 50}, target="yes")

    def probability(x):
        with torch.no_grad():
            logits = four.model(torch.as_tensor(x, dtype=torch.float32))
        return logits.softmax(1)[:, 1].double().numpy()

    masker = shap.maskers.Independent(background.numpy(), max_samples=len(background))
    expected = shap.explainers.Exact(probability, masker)(rows.numpy())
    for row, one in enumerate(found.rows):
        np.testing.assert_allclose(columns_of(one), expected.values[row], atol=1e-5)
        assert one.base_value == pytest.approx(float(expected.base_values[row]), abs=1e-5)
        assert one.score == pytest.approx(float(probability(rows)[row]), abs=1e-5)


@pytest.mark.parametrize(
    ("method", "captums"),
    [("integrated_gradients", "IntegratedGradients"), ("feature_ablation", "FeatureAblation")],
)
def test_the_log_odds_parts_are_those_of_captum_itself(four, method, captums):
    import captum.attr

    rows, background = four.background["table"][:3], four.background["table"]
    found = ask(four, method, {"table": rows}, target="yes")
    plain = getattr(captum.attr, captums)(log_odds(four.model))
    expected = plain.attribute(rows, baselines=background.mean(0, keepdim=True))
    for row, one in enumerate(found.rows):
        np.testing.assert_allclose(
            one.attributions["table"], expected[row].detach(), atol=2e-4, err_msg=method
        )


def test_saliency_is_the_slope_that_captum_gives(four):
    import captum.attr

    rows = rows_of(four.background, slice(0, 3))
    slopes = rows["table"].clone().requires_grad_()
    found = ask(four, "saliency", rows, target="yes")
    expected = captum.attr.Saliency(log_odds(four.model)).attribute(slopes)
    for row, one in enumerate(found.rows):
        np.testing.assert_allclose(
            np.abs(one.attributions["table"]), expected[row].detach(), rtol=1e-4, atol=1e-6
        )
