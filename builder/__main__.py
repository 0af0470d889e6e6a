"""`python -m builder` is `lamina`."""

from builder.cli import main

main()
