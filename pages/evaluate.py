from builder.ui.screens import evaluate

evaluate.show()
