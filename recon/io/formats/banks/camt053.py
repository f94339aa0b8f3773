"""ISO 20022 camt.053: the bank's statement of booked entries, with balances. See `camt`.

Every version, several statements a document, several documents a zip. A row is an entry, or each of
its transaction details when they add up to it; the sign follows CdtDbtInd, also of reversals. Rows
that are not booked are PENDING and in no balance. `bank_ref` is the first of: end-to-end id,
structured remittance reference, instruction id, transaction id, payment batch id, the bank's own;
all of them are in the memo, the bank's own last after `//`.

Proof: opening (OPBD, else PRCD) + booked entries = closing (CLBD) per account and currency, the
chain of statements, and the counts, sums and nets of TxsSummry. Balances between two pages are ITBD
or of sub-type INTM; without balances a page number (Pgntn) tells that a page is missing. The same
statement twice, or a DOCTYPE, is refused.
"""

from __future__ import annotations

from functools import partial

from recon.core.codes import Side
from recon.io.formats.banks.camt import Message, fields, read
from recon.io.reading.contract import Format

MESSAGE = Message("camt.053", "BkToCstmrStmt", "Stmt")

FORMAT = Format(
    name="camt053",
    title_en="ISO 20022 camt.053 bank statement",
    title_zh="ISO 20022 camt.053 银行对账单",
    side=Side.BANK,
    recognise=MESSAGE.recognise,
    read=partial(read, MESSAGE),
    fields=fields,
    reads_archives=True,
)
