"""What an exported folder runs on: copied as it is. Torch and the standard library only."""
