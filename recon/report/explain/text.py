"""An explanation as text for a terminal, in English or Chinese."""

from __future__ import annotations

from recon.core.codes import BENIGN, Code
from recon.report.code_words import CodeWordsByName, code_label
from recon.report.explain import sentences
from recon.report.explain.reason_words import in_language, weighed
from recon.report.facts import Facts
from recon.report.words import LABELS, Pair, label, money, pick, sentence

_PPM = 10_000
_MILLION = 1_000_000
_REFERENCES = ("order_id", "channel_ref", "bank_ref", "rrn", "batch_id")


def explanation_text(facts: Facts, language: str, codes: CodeWordsByName) -> str:
    """Return the text of `recon.report.explain.explanation.explain`'s facts."""
    lines: list[str] = []
    if facts["case"] is not None:
        lines += _case(facts, language, codes)
    shown = len(facts["rows"])
    if facts["rows_found"] > shown:
        lines.append(sentence(sentences.ROWS, language, count=facts["rows_found"], shown=shown))
    told: set[str] = set()  # breaks that an earlier row told in full
    for row in facts["rows"]:
        lines += [""] * bool(lines) + _row(row, language, codes, told)
    return "\n".join([*lines, *_refused(facts["refused"], language)])


def _case(facts: Facts, language: str, codes: CodeWordsByName) -> list[str]:
    """Return the lines about the break or dispute: since when, what is wrong, what to do."""
    case = facts["case"]
    dispute = case["dispute"]
    kind: Pair = ("dispute", "争议") if facts["read_as"] == ["dispute"] else ("break", "差异")
    lines = [
        sentence(
            sentences.CASE,
            language,
            kind=pick(kind, language),
            ident=facts["id"],
            label=code_label(codes, case["code"], language),
            code=case["code"],
            status=label("status", case["status"], language),
            since=case["first_seen"],
        ),
        *_expected(case, language),
    ]
    if dispute is not None:
        chinese = language == "zh"
        action = dispute["suggested_action_zh" if chinese else "suggested_action"]
        lines.append(f"  {dispute['explanation_zh' if chinese else 'explanation_en']}")
        lines.append(sentence(sentences.ACTION, language, due=dispute["due_at"], action=action))
        schemes = codes[case["code"]].scheme_codes if case["code"] in codes else ()
        if schemes:
            lines.append(sentence(sentences.SCHEMES, language, names=", ".join(schemes)))
        if limit := dispute["scheme_limit_at"]:
            over = limit < dispute["business_date"]
            lines.append(sentence(sentences.TOOK if over else sentences.TAKES, language, day=limit))
    return lines


def _expected(item: Facts, language: str) -> list[str]:
    """Return what should be and what was found, where the two differ."""
    if not item["difference_minor"]:
        return []
    amounts = {
        name: money(item[f"{name}_minor"], item["currency"])
        for name in ("expected", "actual", "difference")
    }
    return [sentence(sentences.EXPECTED, language, **amounts)]


def _row(row: Facts, language: str, codes: CodeWordsByName, told: set[str]) -> list[str]:
    """Return the paragraph of one row: what it is, how it ended and why, where it stands."""
    lines = [_headline(row, language), f"  {_references(row, language)}"]
    outcome = label("outcome", row["outcome"], language)
    lines.append(sentence(sentences.ENDED, language, night=row["outcome_night"], outcome=outcome))
    if row["outcome_reason"] and row["outcome"] != "BREAK":  # its breaks say more
        reason = sentences.REASONS.get(row["outcome_reason"], (row["outcome_reason"],) * 2)
        lines.append(sentence(sentences.NO_MONEY, language, reason=pick(reason, language)))
    for nights in _same_links(row["links"]):
        lines += _link(nights, language)
    if row["group"] is not None and row["links"]:
        lines.append(_group(row["group"]["whole"], language))
    if row["waits"] and row["outcome"] != "MATCHED":
        lines += _waits(row["waits"], language)
    lines += _doubts(row["doubts"], language)
    lines += _searches(row["searches"], language)
    for item in row["breaks"]:
        lines += _break(item, language, codes, as_above=item["break_id"] in told)
        told.add(item["break_id"])
    lines += _refused(row["refused"], language)
    return [*lines, *_evidence(row["evidence"], language)]


def _headline(row: Facts, language: str) -> str:
    return sentence(
        sentences.ROW,
        language,
        side=label("side", row["side"], language),
        source=row["source"],
        kind=label("kind", row["kind"], language),
        amount=money(row["amount_minor"], row["currency"]),
        state=label("state", row["state"], language),
        txn_id=row["txn_id"],
    )


def _references(row: Facts, language: str) -> str:
    named = [f"{label('column', name, language)} {row[name]}" for name in _REFERENCES if row[name]]
    days = [
        f"{label('column', name, language)} {row[name]}"
        for name in ("clearing_date", "value_date")
        if row[name]
    ]
    if row["occurred_at"]:
        named.append(
            sentence(sentences.WHEN, language, at=row["occurred_at"][:16].replace("T", " "))
        )
    return pick((", ", "，"), language).join([*named, *days])


def _brief(row: Facts, language: str) -> str:
    return f"{_headline(row, language)}  {_references(row, language)}"


def _same_links(links: list[Facts]) -> list[list[Facts]]:
    """Return links that are told alike on several nights together: an open case is told each."""
    same: dict[tuple[object, ...], list[Facts]] = {}
    for link in links:
        partners = tuple(partner["txn_id"] for partner in link["shown"])
        names = ("leg", "pass", "match_kind", "score", "reasons", "partners")
        same.setdefault((*(link[name] for name in names), partners), []).append(link)
    return list(same.values())


def _link(nights: list[Facts], language: str) -> list[str]:
    """Return one link, told on one night or on several."""
    link, words = nights[-1], sentences.NIGHT if len(nights) == 1 else sentences.NIGHTS
    score = f"{link['score'] // _PPM} %" if link["score"] is not None else "—"
    lines = [
        sentence(
            sentences.LINKED,
            language,
            leg=link["leg"],
            name=link["pass"],
            nights=sentence(
                words,
                language,
                first=nights[0]["night"],
                last=link["night"],
                count=len(nights),
            ),
            kind=label("match_kind", link["match_kind"], language),
            score=score,
        )
    ]
    if weighed(link["reasons"] or ""):
        told = in_language(link["reasons"], language)
        lines.append(sentence(sentences.WEIGHED, language, reasons=told))
    lines += [
        sentence(sentences.PARTNER, language, text=_brief(partner, language))
        for partner in link["shown"]
    ]
    more = link["partners"] - len(link["shown"])
    return [*lines, sentence(sentences.MORE, language, count=more)] if more else lines


def _group(whole: Facts, language: str) -> str:
    """Return what all nights say of a group: rows and money by side and currency."""
    order = ("MERCHANT", "CHANNEL", "BANK")
    told = [
        _side_sum(part, language)
        for part in sorted(whole["sides"], key=lambda part: order.index(part["side"]))
    ]
    if not whole["complete"]:
        told.append(pick(sentences.BEYOND, language))
    return sentence(sentences.GROUP, language, sides=pick((", ", "，"), language).join(told))


def _side_sum(part: Facts, language: str) -> str:
    rows = pick(sentences.ONE_ROW, language)
    if part["rows"] != 1:
        rows = sentence(sentences.ROW_COUNT, language, count=f"{part['rows']:,}")
    return sentence(
        sentences.NET
        if part["side"] == "CHANNEL" and part["net_minor"] is not None
        else sentences.SUM,
        language,
        side=label("side", part["side"], language),
        amount=money(part["amount_minor"], part["currency"]),
        net=money(part["net_minor"], part["currency"]),
        rows=rows,
    )


def _waits(waits: list[Facts], language: str) -> list[str]:
    """Return where a row waits, as its newest night tells it, one line a leg."""
    newest = {item["leg"]: item for item in waits if item["night"] == waits[-1]["night"]}
    return [
        sentence(
            sentences.WAITS,
            language,
            side=label("side", item["waiting_for"], language),
            leg=item["leg"],
            until=item["wait_until"],
            age=item["age"],
            night=item["night"],
        )
        for item in newest.values()
    ]


def _doubts(doubts: list[Facts], language: str) -> list[str]:
    """Return what was weighed and not linked: how probable, what was missing, what spoke."""
    lines: list[str] = []
    for doubt in doubts:
        figures = {
            "score": f"{doubt['score'] / _PPM:g} %",
            "asked": f"{doubt['confidence'] / _PPM:g} %",
            "short": f"{doubt['short'] / _PPM:g}",
        }
        words = sentences.DOUBTFUL if doubt["short"] else sentences.TIED
        named = {"leg": doubt["leg"], "name": doubt["pass"], "night": doubt["night"]}
        lines.append(sentence(words, language, **named, **figures))
        if weighed(doubt["reasons"]):
            told = in_language(doubt["reasons"], language)
            lines.append(sentence(sentences.WEIGHED, language, reasons=told))
        if doubt["partner"]:
            lines.append(
                sentence(sentences.PARTNER, language, text=_brief(doubt["partner"], language))
            )
    return lines


def _searches(searches: list[Facts], language: str) -> list[str]:
    """Return what the newest subset search of each leg and pass said of a row."""
    newest = {(item["leg"], item["pass"]): item for item in searches}
    return [
        sentence(
            sentences.SEARCHED,
            language,
            leg=item["leg"],
            name=item["pass"],
            night=item["night"],
            pool=item["pool_rows"],
            answer=sentence(
                _answer(item),
                language,
                form=pick(sentences.FORMS[item["form"]], language) if item["form"] else "",
                alternatives=item["alternatives"],
                accidents=f"{item['accidents_ppm'] / _MILLION:.6f}",
            ),
        )
        for item in newest.values()
    ]


def _answer(search: Facts) -> Pair:
    """Return the words for what a search said."""
    unproved = search["answer"] == "EXHAUSTED" and search["form"]
    return sentences.ANSWERS["EXHAUSTED_ONE" if unproved else search["answer"]]


def _break(item: Facts, language: str, codes: CodeWordsByName, *, as_above: bool) -> list[str]:
    """Return what is not in order with a row; what an earlier row has told is only named."""
    if Code[item["code"]] in BENIGN:
        text = code_label(codes, item["code"], language)
        lines = [
            sentence(
                sentences.TRUE_THOUGH, language, leg=item["leg"], label=text, code=item["code"]
            )
        ]
        if item["cause"]:
            lines.append(sentence(sentences.CAUSE, language, cause=item["cause"]))
        return lines
    broke = sentence(
        sentences.BROKE,
        language,
        leg=item["leg"],
        label=code_label(codes, item["code"], language),
        code=item["code"],
        status=label("status", item["status"], language),
        break_id=item["break_id"],
    )
    if as_above:
        return [broke + pick(sentences.AS_ABOVE, language)]
    lines = [broke, *(f"  {line}" for line in _expected(item, language))]
    if item["cause"]:
        lines.append(sentence(sentences.CAUSE, language, cause=item["cause"]))
    if item["due_date"]:
        lines.append(sentence(sentences.DUE, language, due=item["due_date"]))
    return [*lines, *_nearest(item, language)]


def _nearest(item: Facts, language: str) -> list[str]:
    """Return the lines about the nearest candidates and the gates at which they failed."""
    nearest = item["nearest"]
    failed = (
        [sentence(sentences.FAILED, language, gate=item["failed_gate"])]
        if item["failed_gate"]
        else []
    )
    if nearest is None:
        alone = item["code"].startswith(("MISSING", "UNKNOWN", "UNAUTHORISED"))
        told = [pick(sentences.NONE_NEAR, language), *failed]
        return told if alone and item["status"] != "RESOLVED" else []
    lines = [sentence(sentences.NEAREST, language, text=_brief(nearest, language)), *failed]
    lines += [_gate(gate, nearest["currency"], language) for gate in nearest["gates"]]
    for other in item["others"]:
        lines.append(sentence(sentences.ALSO_NEAR, language, text=_brief(other, language)))
        lines += [_gate(gate, other["currency"], language) for gate in other["gates"]]
    return lines


def _gate(gate: Facts, currency: str, language: str) -> str:
    """Return one condition with both values, and by how much it fails."""
    name, mine, other, by = gate["gate"], gate["mine"], gate["other"], gate["by"]
    if gate["unit"] == "minor":
        mine, other, by = (money(value, currency) for value in (mine, other, by))
    elif name == "time":
        mine, other = (value[:16].replace("T", " ") for value in (mine, other))
    shown = pick(LABELS["column"].get(name, ("time", "时间")), language)
    if gate["holds"]:
        return sentence(sentences.GATE_GOOD, language, name=shown, mine=mine)
    off = sentence(sentences.BY[gate["unit"]], language, by=by)
    return sentence(sentences.GATE_BAD, language, name=shown, mine=mine, other=other, by=off)


def _refused(refused: list[Facts], language: str) -> list[str]:
    """Return where the refused rows that name a row stand, what they say and why not read."""
    lines: list[str] = []
    for line in refused:
        place = {"path": line["path"], "record": line["record_no"], "night": line["night"]}
        lines.append(sentence(sentences.REFUSED, language, **place))
        lines.append(sentence(sentences.LINE, language, line=line["line"]))
        lines += [sentence(sentences.REASON, language, reason=reason) for reason in line["reasons"]]
    return lines


def _evidence(evidence: Facts, language: str) -> list[str]:
    """Return the lines about where a row stands: file, record, bytes and the text itself."""
    lines = [
        sentence(
            sentences.EVIDENCE,
            language,
            path=evidence["path"],
            record=evidence["record_no"],
            start=evidence["byte_start"],
            end=evidence["byte_end"],
            sha=(evidence["sha256"] or "—")[:16],
        )
    ]
    if evidence.get("line"):
        lines += [
            sentence(sentences.LINE, language, line=part) for part in evidence["line"].splitlines()
        ]
    elif evidence.get("note"):
        lines.append(sentence(sentences.LINE, language, line=evidence["note"]))
    return lines
