"""What is looked at in data before it is trusted: one check, one file, found by scan."""
