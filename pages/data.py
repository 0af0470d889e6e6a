from builder.ui.screens import data

data.show()
