"""Options and settings of the whole suite: `--update-golden`, and how hypothesis searches."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("search", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`: rewrite the expected tables of data/samples from what is found."""
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected tables")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Return whether expected tables are to be rewritten."""
    return bool(request.config.getoption("--update-golden"))
