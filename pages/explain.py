from builder.ui.screens import explain

explain.show()
