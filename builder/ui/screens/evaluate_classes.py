"""Evaluate, for classes: what stands where."""

import streamlit as st

from builder.evaluate import ClassificationSplit
from builder.ui.screens import evaluate_board, evaluate_curves, evaluate_decide
from builder.ui.screens.evaluate_parts import COLUMNS, Look

FEW = 4
"""Up to so many classes the table of classes leaves room for the calibration below it."""


def show(look: Look, report: ClassificationSplit) -> None:
    """Draw everything below the headline."""
    few = len(report.classes) <= FEW
    evaluate_board.show(look, report, few)
    if few:
        left, right = st.columns([904, 488], gap="small")
        with left:
            evaluate_decide.threshold(look, report, (1, 1))
            st.fragment(evaluate_curves.ranking)(look, report)
        with right:
            evaluate_curves.mistakes(look, report, tall=True)
        return
    left, right = st.columns([904, 488], gap="small")
    with left:
        evaluate_decide.threshold(look, report, COLUMNS[:2])
    with right:
        evaluate_decide.calibration(look, report)
    evaluate_curves.beside(look, report)
