"""Explanation methods, one per file; found by scan."""
