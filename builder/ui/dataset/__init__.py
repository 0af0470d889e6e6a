"""The parts of the Data page: choose a source, the table as form, findings, split, what images and
texts look like.
"""
