"""ISO 20022 camt.053: the bank's statement of booked entries, with balances. See `camt`."""

from __future__ import annotations

from functools import partial

from recon.core.codes import Side
from recon.io.formats.camt import Message, fields, read
from recon.io.formats.contract import Format

MESSAGE = Message("camt.053", "BkToCstmrStmt", "Stmt")

FORMAT = Format(
    name="camt053",
    title_en="ISO 20022 camt.053 bank statement",
    title_zh="ISO 20022 camt.053 银行对账单",
    side=Side.BANK,
    recognise=MESSAGE.recognise,
    read=partial(read, MESSAGE),
    fields=fields,
)
