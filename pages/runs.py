from builder.ui.screens import runs

runs.show()
