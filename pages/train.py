from builder.ui.screens import train

train.show()
