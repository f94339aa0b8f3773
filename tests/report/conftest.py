"""The reconciled week that the tests of reports read; made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recon.cli import group
from tests.report.shop_week import reconcile_week


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the workspace of five reconciled nights. Tests must not change it."""
    return reconcile_week(tmp_path_factory.mktemp("week"))


@pytest.fixture(scope="session")
def recon(workspace: Path):
    """Return a function that runs a `recon` command on the week."""

    def run(*arguments: str) -> Result:
        options = ["--workspace", str(workspace)]
        return CliRunner().invoke(group, [*arguments, *options], catch_exceptions=False)

    return run
