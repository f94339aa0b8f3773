"""ISO 20022 camt.054: the bank's notification of single debits and credits. See `camt`.

It has no balances. Its entries stand again in the day's camt.053 (often as one batch): declare one
of them for an account, not both. An entry that an earlier notification of the delivery told word
for word, with the bank's own reference, is a reject.
"""

from __future__ import annotations

from functools import partial

from recon.core.codes import Side
from recon.io.formats.banks.camt import Message, fields, read
from recon.io.reading.contract import Format

MESSAGE = Message("camt.054", "BkToCstmrDbtCdtNtfctn", "Ntfctn", has_balances=False)

FORMAT = Format(
    name="camt054",
    title_en="ISO 20022 camt.054 debit and credit notification",
    title_zh="ISO 20022 camt.054 借贷记通知",
    side=Side.BANK,
    recognise=MESSAGE.recognise,
    read=partial(read, MESSAGE),
    fields=fields,
    reads_archives=True,
)
