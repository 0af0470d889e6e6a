"""A project on scikit-learn's digits; a home whose supervisor serves a file's tests."""

import pytest

from builder.project import Project
from tests.small import digits, one_home, served


@pytest.fixture
def project() -> Project:
    return digits(batch_size=256)


__all__ = ["one_home", "served"]
