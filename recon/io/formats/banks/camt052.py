"""ISO 20022 camt.052: the bank's intraday report. See `camt`.

Reports of a day may repeat what earlier ones told, and the day's camt.053 tells it all again:
declare one of them for an account, not both. Of reports in one delivery, an entry with the bank's
own reference that an earlier one told word for word is a reject; the sums of its report count it.
Interim balances are checked where both ends are given.
"""

from __future__ import annotations

from functools import partial

from recon.core.codes import Side
from recon.io.formats.banks.camt import Message, fields, read
from recon.io.reading.contract import Format

MESSAGE = Message("camt.052", "BkToCstmrAcctRpt", "Rpt", has_balances=False)

FORMAT = Format(
    name="camt052",
    title_en="ISO 20022 camt.052 intraday report",
    title_zh="ISO 20022 camt.052 日间账户报告",
    side=Side.BANK,
    recognise=MESSAGE.recognise,
    read=partial(read, MESSAGE),
    fields=fields,
    reads_archives=True,
)
