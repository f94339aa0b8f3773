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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run all tests that share a fixture, so that it is made once."""
    for item in items:
        maker = _shared_maker(item)
        if maker:
            item.add_marker(pytest.mark.xdist_group(maker))


def _shared_maker(item: pytest.Item) -> str | None:
    """Return the module of the fixture that this test shares with most others, if it shares one."""
    definitions = getattr(item, "_fixtureinfo").name2fixturedefs.values()  # noqa: B009 - not public
    shared = {
        last.scope: last.func.__module__
        for *_, last in definitions
        if last.scope in {"module", "session"} and last.func.__module__.startswith("tests.")
    }
    return shared.get("session", shared.get("module"))


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Return whether expected tables are to be rewritten."""
    return bool(request.config.getoption("--update-golden"))
