from builder.ui.screens import build

build.show()
