from builder.ui.screens import deploy

deploy.show()
