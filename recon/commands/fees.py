"""`recon fees`: price lists checked, prices inferred, one fee explained, rebates stated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon.commands.fee_lists import import_list, price
from recon.commands.options import json_option, language_option, workspace_option
from recon.commands.say import say, say_json
from recon.errors import UsageError

if TYPE_CHECKING:
    import polars as pl

    from recon.rules.rule_file.models import Rules

_BY = ("source", "merchant_id", "terminal_id", "product")
_INFERRED = ("first_day", "last_day", "price", "explained", "rows")
_config_argument = click.argument(
    "config", type=click.Path(path_type=Path, dir_okay=False, exists=True)
)


@click.group(name="fees")
def command() -> None:
    """Check price lists, infer prices, explain one fee, state the rebates of each month."""


command.add_command(import_list)
command.add_command(price)


@command.command(name="check")
@_config_argument
@language_option
@json_option
def check(config: Path, lang: str | None, as_json: bool) -> None:
    """Tell each price of CONFIG in words; report gaps, overlaps, ceilings and short notice.

    A finding is a question to whoever agreed the price, no error: the exit code stays 0.
    """
    from recon.rules.fees.words import line_facts
    from recon.rules.prices.lint import lint

    rules = _rules(config)
    language = lang or rules.language
    contracts = [
        {
            "contract": contract.name,
            "sources": list(contract.sources),
            "currency": contract.currency,
            "lines": [line_facts(contract, line, language) for line in contract.lines],
            "findings": [
                {
                    "kind": str(item.kind),
                    "lines": list(item.lines),
                    "text": item.text_zh if language == "zh" else item.text,
                }
                for item in lint(contract)
            ],
        }
        for contract in rules.fee_contracts
    ]
    if as_json:
        say_json(contracts)
        return
    say("\n".join(_contract_lines(contracts, language)))


def _contract_lines(contracts: Sequence[dict[str, Any]], language: str) -> list[str]:
    """Return the contracts as people read them."""
    chinese = language == "zh"
    if not contracts:
        return ["规则文件没有手续费合同。" if chinese else "The rule file has no fee contract."]
    out = []
    for contract in contracts:
        sources = ", ".join(contract["sources"]) or ("全部渠道" if chinese else "all channels")
        out.append(f"{contract['contract']} ({sources}, {contract['currency']})")
        out += [f"  {_line_text(line, chinese=chinese)}" for line in contract["lines"]]
        found = contract["findings"]
        if not found:
            out.append("  没有疑点。" if chinese else "  Nothing to question.")
        out += [f"  {item['kind']}: {item['text']}" for item in found]
    return out


def _line_text(line: dict[str, Any], *, chinese: bool) -> str:
    """Return one line of a contract: name, who it is for, the price in words."""
    conditions = [f"{name} = {'/'.join(words)}" for name, words in line["when"].items()]
    since = line["valid_from"] or ""
    until = line["valid_until"] or ""
    if since or until:
        conditions.append(f"{since} {'至' if chinese else 'to'} {until}".strip())
    if line["amount_from"] or line["amount_below"]:
        conditions.append(f"[{line['amount_from'] or 0}, {line['amount_below'] or '...'})")
    told = f" ({', '.join(conditions)})" if conditions else ""
    rounding = line["rounding"] if chinese else f"rounded {line['rounding'].replace('_', ' ')}"
    facts = [line["words"], rounding, line["level"], line["on_refund"]]
    return f"{line['line']}{told}: {('；' if chinese else '; ').join(facts)}"


@command.command(name="infer")
@click.option("--by", multiple=True, type=click.Choice(_BY), help="Tell apart by; repeatable.")
@click.option("--source", default=None, help="Only this source.")
@workspace_option
@language_option
@json_option
def infer(
    by: tuple[str, ...], source: str | None, workspace: Path, lang: str | None, as_json: bool
) -> None:
    """Say which prices were really charged, from when to when, and how many rows they explain.

    Reads the fees of successful channel payments of every published night. Usual: --by source.
    """
    import polars as pl

    from recon.rules.prices.inference import infer as infer_prices
    from recon.rules.words.causes import price_in_chinese
    from recon.store.lookup import Lookup
    from recon.store.workspace import Workspace

    space = Workspace(workspace)
    run = space.resolve(None)
    paid = (
        (pl.col("side").cast(pl.String) == "CHANNEL")
        & (pl.col("kind").cast(pl.String) == "PAYMENT")
        & (pl.col("state").cast(pl.String) == "SUCCESS")
    )
    if source is not None:
        paid &= pl.col("source") == source
    rows = Lookup.in_force(space, run).fetch("transactions", paid).unique("txn_id", keep="last")
    keys = tuple(dict.fromkeys((*(by or ("source",)), "currency")))
    found = infer_prices(rows.sort("txn_id"), keys)
    if _language(run.folder, lang) == "zh":
        found = found.with_columns(pl.col("price").map_elements(price_in_chinese, pl.String))
    _print_frame(found if as_json else found.select(*keys, *_INFERRED), as_json=as_json)


@command.command(name="explain")
@click.argument("ident", metavar="ID")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    default=Path("recon.toml"),
    show_default=True,
    help="Rule file with the contracts.",
)
@workspace_option
@language_option
@json_option
def explain(ident: str, config: Path, workspace: Path, lang: str | None, as_json: bool) -> None:
    """Say how the fee of a row comes about, right or wrong: line, formula, steps, rounding.

    ID is a row id, or an order, channel or retrieval reference as it stands in a channel's file.
    """
    from recon.rules.fees.words import fee_facts
    from recon.rules.terms import fee_policy, priced_amounts, with_attributes

    rules = _rules(config)
    language = lang or rules.language
    rows = priced_amounts(_channel_rows(workspace, ident), rules)
    paid = priced_amounts(_refunded(workspace, rows), rules)
    causes = _published_causes(workspace, rows["txn_id"].to_list(), language)
    facts = []
    for row in rows.iter_rows(named=True):
        for contract in rules.fee_contracts:
            if contract.sources and row["source"] not in contract.sources:
                continue
            alone = with_attributes(rows.filter(txn_id=row["txn_id"]), contract)
            originals = with_attributes(paid, contract)
            told = fee_facts(alone, row, fee_policy(contract), originals, language)
            if told is not None:
                names = ("txn_id", "source", "kind", "state", "order_id", "channel_ref")
                told |= causes.get((row["txn_id"], told["code"]), {})
                facts.append({name: row[name] for name in (*names, "amount_minor")} | told)
    if as_json:
        say_json(facts)
        return
    say("\n".join(_fee_lines(facts, language)))


def _channel_rows(workspace: Path, ident: str) -> pl.DataFrame:
    """Return the channel rows that an id names, of every published night."""
    import polars as pl

    from recon.core.schema import OWN_REFERENCES
    from recon.store.lookup import Lookup
    from recon.store.workspace import Workspace

    named = pl.any_horizontal(pl.col(name) == ident for name in OWN_REFERENCES)
    if ident.isdecimal():
        named |= pl.col("txn_id").cast(pl.String) == ident
    mine = named.fill_null(value=False) & (pl.col("side").cast(pl.String) == "CHANNEL")
    rows = Lookup.in_force(Workspace(workspace)).fetch("transactions", mine)
    if rows.height == 0:
        raise UsageError(
            f"expected an id of a channel's row, found none: {ident}",
            fix="give a row id, or an order, channel or retrieval reference; see `recon trace`",
        )
    return rows.unique("txn_id", keep="last").sort("txn_id")


def _refunded(workspace: Path, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the channel's payments that rows name as their originals, of every night."""
    import polars as pl

    from recon.core.schema import OWN_REFERENCES
    from recon.store.lookup import Lookup
    from recon.store.workspace import Workspace

    asked = rows["original_ref"].drop_nulls().implode()
    named = pl.any_horizontal(pl.col(name).is_in(asked) for name in OWN_REFERENCES)
    paid = (pl.col("side").cast(pl.String) == "CHANNEL") & (
        pl.col("kind").cast(pl.String) == "PAYMENT"
    )
    found = Lookup.in_force(Workspace(workspace)).fetch(
        "transactions", named.fill_null(value=False) & paid
    )
    return found.unique("txn_id", keep="last").sort("txn_id")


def _published_causes(
    workspace: Path, txn_ids: Sequence[int], language: str
) -> dict[tuple[int, str], dict[str, str]]:
    """Return (row, code) -> the cause that the night named, which knew all rows of its day."""
    import polars as pl

    from recon.rules.words.causes import in_chinese
    from recon.store.lookup import Lookup
    from recon.store.workspace import Workspace

    fee = pl.col("code").cast(pl.String).str.starts_with("FEE_") & pl.col("cause").is_not_null()
    breaks = Lookup.in_force(Workspace(workspace)).fetch("breaks", fee)
    named = breaks.select(
        txn_id=pl.col("txn_ids").list.first(), code=pl.col("code").cast(pl.String), cause="cause"
    ).filter(pl.col("txn_id").is_in(list(txn_ids)))
    return {
        (txn_id, code): {"cause": in_chinese(cause) if language == "zh" else cause}
        for txn_id, code, cause in named.iter_rows()
    }


def _fee_lines(facts: Sequence[dict[str, Any]], language: str) -> list[str]:
    """Return explained fees as people read them."""
    from recon.core.money import format_minor

    chinese = language == "zh"
    if not facts:
        said = "没有适用的合同，或该行没有手续费。"
        return [said if chinese else "No contract speaks of these rows, or they carry no fee."]
    verdicts = {
        "right": ("right", "正确"),
        "wrong": ("wrong", "有误"),
        "summed": ("priced in a sum, not by itself", "按合计计费，不单独核对"),
        "no line": ("no line of the contract applies", "合同没有适用的条目"),
        "tied": ("two equally specific lines apply", "有两条同样具体的条目适用"),
    }
    out = []
    for item in facts:
        currency = item["currency"]
        amount = f"{format_minor(item['amount_minor'], currency)} {currency}"
        charged = f"{format_minor(item['charged_minor'], currency)} {currency}"
        name = item["order_id"] or item["channel_ref"] or item["txn_id"]
        head = f"{item['source']} {name}: {amount}"
        said = f"，手续费 {charged}：" if chinese else f", fee {charged}: "
        out.append(head + said + verdicts[item["verdict"]][chinese])
        if item["line"] is not None:
            out.append(f"  {item['contract']}: {_line_text(item['line'], chinese=chinese)}")
        out += [f"  {step}" for step in item["steps"]]
        if item["code"]:
            out.append(f"  {item['code']}: {item['cause'] or ''}".rstrip(": "))
    return out


@command.command(name="rebates")
@_config_argument
@click.option("--month", default=None, metavar="YYYY-MM", help="Only this month.")
@workspace_option
@language_option
@json_option
def rebates(
    config: Path, month: str | None, workspace: Path, lang: str | None, as_json: bool
) -> None:
    """State the rebates of every month: the policy in words, due tier by tier, paid, still open."""
    from recon.commands.rebate_statement import statement, statement_lines

    rules = _rules(config)
    language = lang or rules.language
    facts = statement(rules, workspace, month, language)
    if as_json:
        say_json(facts)
        return
    say("\n".join(statement_lines(facts, language)))


def _rules(config: Path) -> Rules:
    from recon.io.formats import FORMATS
    from recon.rules.rule_file.rule_file import read_rules

    return read_rules(config, tuple(item.name for item in FORMATS)).rules


def _language(folder: Path, lang: str | None) -> str:
    from recon.commands.explain import published_language

    return lang or published_language(folder)


def _print_frame(frame: pl.DataFrame, *, as_json: bool) -> None:
    from recon.store.render import RENDERERS

    click.echo(RENDERERS["json" if as_json else "table"](frame), nl=False)
