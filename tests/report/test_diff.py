"""`recon diff`: what changed between two runs."""

from __future__ import annotations

import json

import polars as pl
import pytest

from recon.report.difference import difference
from recon.store.read import read_table
from recon.store.workspace import Workspace


def changed(recon, before, after):
    return json.loads(recon("diff", before, after, "--json").output)


def test_a_run_does_not_differ_from_itself(recon):
    """Nothing is listed, and the text says so."""
    facts = changed(recon, "2026-03-04", "2026-03-04")
    assert [facts[name] for name in ("rows", "outcomes", "links", "breaks")] == [[]] * 4
    counts = facts["disputes"]["counts"]
    assert (counts["new"], counts["gone"], counts["changed"]) == (0, 0, 0)
    assert "nothing differs" in recon("diff", "2026-03-04", "2026-03-04", "--lang", "en").output


def test_counts_are_whole_and_symmetric(recon):
    """What is new one way is gone the other way, and every dispute is counted once."""
    forth = changed(recon, "2026-03-04", "2026-03-05")["disputes"]["counts"]
    back = changed(recon, "2026-03-05", "2026-03-04")["disputes"]["counts"]
    assert (forth["new"], forth["gone"]) == (back["gone"], back["new"])
    assert forth["new"] + forth["changed"] + forth["same"] == forth["after"]
    assert forth["gone"] + forth["changed"] + forth["same"] == forth["before"]
    assert forth["changed"] > 0


def test_a_dispute_that_stays_shows_the_fields_that_changed(recon):
    """A break seen again the next night changes its status, not its identity."""
    items = changed(recon, "2026-03-04", "2026-03-05")["disputes"]["changed"]
    seen = next(item for item in items if item["code"] == "MISSING_IN_CHANNEL")
    assert seen["fields"]["status"] == ["NEW", "OPEN"]


def test_one_row_and_one_link_less_is_seen(workspace):
    """Taking one row and one link away shows exactly these, with the money of the row."""
    run = Workspace(workspace).resolve("2026-03-04")
    names = ("runs", "transactions", "outcomes", "links", "breaks", "disputes")
    before = {name: read_table(run.folder, name) for name in names}
    first = before["transactions"].head(1)
    after = dict(before)
    after["transactions"] = before["transactions"].slice(1)
    after["outcomes"] = before["outcomes"].filter(pl.col("txn_id") != first["txn_id"][0])
    after["links"] = before["links"].slice(1)
    facts = difference(before, after)
    (rows,) = facts["rows"]
    assert rows["rows"][0] - rows["rows"][1] == 1
    assert rows["amount_minor"][0] - rows["amount_minor"][1] == first["amount_minor"][0]
    assert [item["after"] for item in facts["outcomes"]] == [None]
    assert sum(item["gone"] for item in facts["links"]) == 1


@pytest.mark.parametrize(("language", "word"), [("en", "disputes:"), ("zh", "争议：")])
def test_text_is_in_the_language_asked_for(recon, language, word):
    """The text names the disputes in either language."""
    assert word in recon("diff", "2026-03-04", "2026-03-05", "--lang", language).output
