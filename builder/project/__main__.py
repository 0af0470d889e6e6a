"""`python -m builder.project` prints the JSON schema of the project file."""

from builder.project import schema

print(schema(), end="")
