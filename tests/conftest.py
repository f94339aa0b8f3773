"""Options and settings of the whole suite: its length, golden tables, how hypothesis searches."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.showcase import Week, reconciled_week

_SHARE = 4  # one case in so many is run, where not all are

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.register_profile("search", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--thorough`, and `--update-golden`: rewrite the samples' expected tables."""
    parser.addoption(
        "--thorough", action="store_true", help="run the longest tests, at full length"
    )
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected tables")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the longest tests, and three of four cases of whole nights, to `--thorough`."""
    if config.getoption("--thorough"):
        return
    seen: Counter[str] = Counter()
    left_out = set()
    for item in items:
        name = item.nodeid.partition("[")[0]
        is_long = item.path.parent.name == "nights" or bool(item.get_closest_marker("many_cases"))
        is_further = is_long and seen[name] % _SHARE > 0
        seen[name] += 1
        if is_further or item.get_closest_marker("thorough"):
            left_out.add(item)
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Do not wait until the disk has what a test wrote; tests of durability patch it themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


@pytest.fixture(scope="session")
def demo_week(tmp_path_factory: pytest.TempPathFactory) -> Week:
    """Return the reconciled showcase week. Tests must not change what it published."""
    return reconciled_week(tmp_path_factory)


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    """Return whether expected tables are to be rewritten."""
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture
def thorough(request: pytest.FixtureRequest) -> bool:
    """Return whether tests shall run at full length."""
    return bool(request.config.getoption("--thorough"))


@pytest.fixture
def tries(*, thorough: bool) -> Callable[[int], int]:
    """Return how many of so many random changes a test makes: all, or a quarter of them."""
    return lambda number: number if thorough else -(-number // _SHARE)
