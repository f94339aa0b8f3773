"""One small file of our own for every registered format: what each test of all formats reads."""

from __future__ import annotations

from functools import cache

from tests.io.formats.sample_file import Sample
from tests.io.formats.samples_abroad import abroad
from tests.io.formats.samples_cn_channels import cn_channels
from tests.io.formats.samples_cn_settlements import cn_settlements
from tests.io.formats.samples_cn_statements import cn_statements, personal_bills
from tests.io.formats.samples_mapped import mapped


@cache
def samples() -> dict[str, Sample]:
    """Return the sample of every registered format by its name."""
    return {
        **mapped(),
        **cn_channels(),
        **cn_statements(),
        **personal_bills(),
        **cn_settlements(),
        **abroad(),
    }
