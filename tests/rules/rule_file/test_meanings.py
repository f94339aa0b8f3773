"""What each key of the rule file means is written down, for its reference and for editors."""

from __future__ import annotations

import tomllib
from importlib import resources

from recon.rules.rule_file.models import Rules


def test_every_key_has_a_meaning_and_no_other_has() -> None:
    """A new key asks for its meaning; one that is gone takes its own along."""
    folder = resources.files("recon.rules.rule_file")
    meanings = tomllib.loads(folder.joinpath("meanings.toml").read_text("utf-8"))
    schema = Rules.model_json_schema(by_alias=True)
    models = {"Rules": schema, **schema["$defs"]}
    keys = {name: list(model["properties"]) for name, model in models.items()}
    assert {name: sorted(told) for name, told in meanings.items()} == {
        name: sorted(found) for name, found in keys.items()
    }
    assert all(text.strip() for told in meanings.values() for text in told.values())
