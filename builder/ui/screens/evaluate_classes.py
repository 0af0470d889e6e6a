"""Evaluate, for classes: what stands where."""

import streamlit as st

from builder.evaluate import ClassificationSplit
from builder.ui.screens import evaluate_board, evaluate_curves, evaluate_decide
from builder.ui.screens.evaluate_parts import PAIR, Look

FEW = 4
"""Up to so many classes the table of classes leaves room for the calibration below it."""


def show(look: Look, report: ClassificationSplit) -> None:
    """Draw everything below the headline."""
    few = len(report.classes) <= FEW
    evaluate_board.show(look, report, few)
    if few:
        left, right = st.columns(list(PAIR), gap="small")
        with left:
            evaluate_decide.show(look, report, beside=False)
            st.fragment(evaluate_curves.ranking)(look, report)
        with right:
            evaluate_curves.mistakes(look, report, tall=True)
        return
    evaluate_decide.show(look, report, beside=True)
    evaluate_curves.beside(look, report)
