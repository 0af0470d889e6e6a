from builder.ui.screens import home

home.show()
