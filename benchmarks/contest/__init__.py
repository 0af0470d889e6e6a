"""Lamina's engine against others on the same work: workloads, and one file for each contender."""
