"""An explanation as text for a terminal, in English or Chinese."""

from __future__ import annotations

from recon.core.codes import BENIGN, Code
from recon.report.code_words import CodeWordsByName, code_label
from recon.report.explain.reason_words import in_language, weighed
from recon.report.facts import Facts
from recon.report.words import LABELS, Pair, label, money, pick, sentence

_CASE: Pair = (
    "{kind} {ident}: {label} ({code}), {status}, since {since}",
    "{kind} {ident}：{label}（{code}），{status}，首次发现 {since}",
)
_EXPECTED: Pair = (
    "  expected {expected}, found {actual}: difference {difference}",
    "  应为 {expected}，实为 {actual}，相差 {difference}",
)
_ACTION: Pair = ("  to do by {due}: {action}", "  {due} 前处理：{action}")
_SCHEMES: Pair = (
    "  among card schemes: {names} (time limits: docs/codes.md)",
    "  卡组织差错代码：{names}（时限见 docs/codes.md）",
)
_TAKES: Pair = ("  its card scheme takes it until {day}", "  卡组织受理截止 {day}")
_TOOK: Pair = (
    "  its card scheme took it until {day}: settle it outside the scheme",
    "  卡组织受理已于 {day} 截止，请在差错流程之外协商处理",
)
_ROWS: Pair = ("  {count} rows; the first {shown} follow", "  共 {count} 行，以下为前 {shown} 行")
_ROW: Pair = (
    "{side} {source}: {kind} {amount}, {state}  [row {txn_id}]",
    "{side} {source}：{kind} {amount}，{state}  [行 {txn_id}]",
)
_WHEN: Pair = ("time {at} UTC", "时间 {at} UTC")
_ENDED: Pair = ("  outcome on {night}: {outcome}", "  {night} 的结果：{outcome}")
_LINKED: Pair = (
    "  matched on leg {leg}, pass {name}, {nights}: {kind}, confidence {score}",
    "  匹配：{leg} 环节，{name} 规则，{nights}：{kind}，置信度 {score}",
)
_NIGHT: Pair = ("night {first}", "{first}")
_NIGHTS: Pair = ("each of {count} nights from {first} to {last}", "{first} 至 {last} 共 {count} 晚")
_DOUBTFUL: Pair = (
    "  weighed on leg {leg}, pass {name}, {night}: {score} probable, {short} points below {asked}",
    "  {leg} 环节，{name} 规则，{night} 权衡：可能性 {score}，距 {asked} 差 {short} 个百分点",
)
_TIED: Pair = (
    "  weighed on leg {leg}, pass {name}, {night}: {score} probable, tied with others",
    "  {leg} 环节，{name} 规则，{night} 权衡：可能性 {score}，与其他记录并列",
)
_WEIGHED: Pair = ("    evidence {reasons}", "    依据 {reasons}")
_PARTNER: Pair = ("    with {text}", "    对方：{text}")
_MORE: Pair = ("    and {count} more rows of the same group", "    以及同组其余 {count} 行")
_GROUP: Pair = ("  whole group: {sides}", "  完整匹配组：{sides}")
_SUM: Pair = ("{side} {amount} ({rows})", "{side} {amount}（{rows}）")
_NET: Pair = ("{side} {amount} (net {net}, {rows})", "{side} {amount}（净额 {net}，{rows}）")
_ROW_COUNT: Pair = ("{count} rows", "{count} 行")
_ONE_ROW: Pair = ("1 row", "1 行")
_BEYOND: Pair = ("and more", "以及更多")
_WAITS: Pair = (
    "  waits for the {side} on leg {leg} until {until} (age {age} business days on {night})",
    "  {leg} 环节等待{side}至 {until}（{night} 时已 {age} 个工作日）",
)
_SEARCHED: Pair = (
    "  subset search on leg {leg}, pass {name}, night {night}, over {pool} rows: {answer}",
    "  {leg} 环节子集搜索，{name} 规则，{night}，候选 {pool} 行：{answer}",
)
_ANSWERS: dict[str, Pair] = {
    "UNIQUE": (
        "one subset adds up ({form}); {accidents} expected to by chance",
        "恰有一个子集相符（{form}），偶然相符的期望为 {accidents}",
    ),
    "ALTERNATIVES": (
        "{alternatives} subsets add up ({form}), none is picked; {accidents} expected to by chance",
        "有 {alternatives} 个子集相符（{form}），不作选择，偶然相符的期望为 {accidents}",
    ),
    "NONE": ("proved: no subset adds up", "已证明没有子集相符"),
    "EXHAUSTED": (
        "the budget was spent before an answer; raise `budget` of the pass",
        "预算用尽仍无结论，可提高该规则的 budget",
    ),
    "EXHAUSTED_ONE": (
        "one subset adds up ({form}); the budget was spent before it was proved the only one",
        "找到一个相符的子集（{form}），但预算用尽，未能证明唯一",
    ),
}
_FORMS: dict[str, Pair] = {
    "WHOLE": ("all rows", "全部"),
    "RUN": ("consecutive rows", "连续若干行"),
    "ALL_BUT_FEW": ("all but at most three", "除至多三行外的全部"),
    "EQUAL": ("all rows of one amount", "同一金额的全部"),
    "FEW": ("at most four rows", "至多四行"),
    "ANY": ("any rows", "任意若干行"),
}
_AS_ABOVE: Pair = (" (as above)", "（同上）")
_BROKE: Pair = (
    "  not in order on leg {leg}: {label} ({code}), {status}, break {break_id}",
    "  {leg} 环节有差异：{label}（{code}），{status}，编号 {break_id}",
)
_CAUSE: Pair = ("    cause: {cause}", "    原因：{cause}")
_DUE: Pair = ("    was due {due}", "    应到日 {due}")
_NEAREST: Pair = ("    nearest candidate: {text}", "    最接近的候选：{text}")
_ALSO_NEAR: Pair = ("    also near: {text}", "    其他接近的候选：{text}")
_NONE_NEAR: Pair = (
    "    no unmatched row on the other side comes near",
    "    对侧没有接近的未匹配行",
)
_FAILED: Pair = ("      failed gate: {gate}", "      未通过的条件：{gate}")
_GATE_BAD: Pair = (
    "      [x] {name}: {mine} against {other}{by}",
    "      [×] {name}：{mine} 对 {other}{by}",
)
_GATE_GOOD: Pair = ("      [ok] {name}: {mine}", "      [√] {name}：{mine}")
_EVIDENCE: Pair = (
    "  evidence: {path}, record {record}, bytes {start} to {end}, sha256 {sha}",
    "  证据：{path}，第 {record} 条，字节 {start} 至 {end}，sha256 {sha}",
)
_REFUSED: Pair = (
    "  a refused row names it: {path}, record {record}, night {night}",
    "  有被拒的记录提到它：{path}，第 {record} 条，{night}",
)
_REASON: Pair = ("    refused because {reason}", "    被拒原因：{reason}")
_LINE: Pair = ("    | {line}", "    | {line}")
_NO_MONEY: Pair = ("  reason: {reason}", "  原因：{reason}")
_BY: dict[str, Pair] = {
    "characters": (", {by} characters differ", "，相差 {by} 个字符"),
    "minor": (", off by {by}", "，相差 {by}"),
    "minutes": (", {by} minutes apart", "，相差 {by} 分钟"),
    "days": (", {by} days apart", "，相差 {by} 天"),
}
_TRUE_THOUGH: Pair = (
    "  in order on leg {leg}: {label} ({code})",
    "  {leg} 环节正常：{label}（{code}）",
)
_REASONS: dict[str, Pair] = {
    "repeated record": ("repeated record", "重复记录"),
    "delivered before": ("delivered before in an overlapping file", "已在重叠文件中送达"),
    "no money moved": ("no money moved", "没有资金变动"),
    "out of scope": ("out of scope of every leg", "不在任何对账环节范围内"),
}
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
        lines.append(sentence(_ROWS, language, count=facts["rows_found"], shown=shown))
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
            _CASE,
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
        lines.append(sentence(_ACTION, language, due=dispute["due_at"], action=action))
        schemes = codes[case["code"]].scheme_codes if case["code"] in codes else ()
        if schemes:
            lines.append(sentence(_SCHEMES, language, names=", ".join(schemes)))
        if limit := dispute["scheme_limit_at"]:
            over = limit < dispute["business_date"]
            lines.append(sentence(_TOOK if over else _TAKES, language, day=limit))
    return lines


def _expected(item: Facts, language: str) -> list[str]:
    """Return what should be and what was found, where the two differ."""
    if not item["difference_minor"]:
        return []
    amounts = {
        name: money(item[f"{name}_minor"], item["currency"])
        for name in ("expected", "actual", "difference")
    }
    return [sentence(_EXPECTED, language, **amounts)]


def _row(row: Facts, language: str, codes: CodeWordsByName, told: set[str]) -> list[str]:
    """Return the paragraph of one row: what it is, how it ended and why, where it stands."""
    lines = [_headline(row, language), f"  {_references(row, language)}"]
    outcome = label("outcome", row["outcome"], language)
    lines.append(sentence(_ENDED, language, night=row["outcome_night"], outcome=outcome))
    if row["outcome_reason"] and row["outcome"] != "BREAK":  # its breaks say more
        reason = _REASONS.get(row["outcome_reason"], (row["outcome_reason"],) * 2)
        lines.append(sentence(_NO_MONEY, language, reason=pick(reason, language)))
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
        _ROW,
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
        named.append(sentence(_WHEN, language, at=row["occurred_at"][:16].replace("T", " ")))
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
    link, words = nights[-1], _NIGHT if len(nights) == 1 else _NIGHTS
    score = f"{link['score'] // _PPM} %" if link["score"] is not None else "—"
    lines = [
        sentence(
            _LINKED,
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
        lines.append(sentence(_WEIGHED, language, reasons=told))
    lines += [
        sentence(_PARTNER, language, text=_brief(partner, language)) for partner in link["shown"]
    ]
    more = link["partners"] - len(link["shown"])
    return [*lines, sentence(_MORE, language, count=more)] if more else lines


def _group(whole: Facts, language: str) -> str:
    """Return what all nights say of a group: rows and money by side and currency."""
    order = ("MERCHANT", "CHANNEL", "BANK")
    told = [
        _side_sum(part, language)
        for part in sorted(whole["sides"], key=lambda part: order.index(part["side"]))
    ]
    if not whole["complete"]:
        told.append(pick(_BEYOND, language))
    return sentence(_GROUP, language, sides=pick((", ", "，"), language).join(told))


def _side_sum(part: Facts, language: str) -> str:
    rows = pick(_ONE_ROW, language)
    if part["rows"] != 1:
        rows = sentence(_ROW_COUNT, language, count=f"{part['rows']:,}")
    return sentence(
        _NET if part["side"] == "CHANNEL" and part["net_minor"] is not None else _SUM,
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
            _WAITS,
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
        words = _DOUBTFUL if doubt["short"] else _TIED
        named = {"leg": doubt["leg"], "name": doubt["pass"], "night": doubt["night"]}
        lines.append(sentence(words, language, **named, **figures))
        if weighed(doubt["reasons"]):
            told = in_language(doubt["reasons"], language)
            lines.append(sentence(_WEIGHED, language, reasons=told))
        if doubt["partner"]:
            lines.append(sentence(_PARTNER, language, text=_brief(doubt["partner"], language)))
    return lines


def _searches(searches: list[Facts], language: str) -> list[str]:
    """Return what the newest subset search of each leg and pass said of a row."""
    newest = {(item["leg"], item["pass"]): item for item in searches}
    return [
        sentence(
            _SEARCHED,
            language,
            leg=item["leg"],
            name=item["pass"],
            night=item["night"],
            pool=item["pool_rows"],
            answer=sentence(
                _answer(item),
                language,
                form=pick(_FORMS[item["form"]], language) if item["form"] else "",
                alternatives=item["alternatives"],
                accidents=f"{item['accidents_ppm'] / _MILLION:.6f}",
            ),
        )
        for item in newest.values()
    ]


def _answer(search: Facts) -> Pair:
    """Return the words for what a search said."""
    unproved = search["answer"] == "EXHAUSTED" and search["form"]
    return _ANSWERS["EXHAUSTED_ONE" if unproved else search["answer"]]


def _break(item: Facts, language: str, codes: CodeWordsByName, *, as_above: bool) -> list[str]:
    """Return what is not in order with a row; what an earlier row has told is only named."""
    if Code[item["code"]] in BENIGN:
        text = code_label(codes, item["code"], language)
        lines = [sentence(_TRUE_THOUGH, language, leg=item["leg"], label=text, code=item["code"])]
        if item["cause"]:
            lines.append(sentence(_CAUSE, language, cause=item["cause"]))
        return lines
    broke = sentence(
        _BROKE,
        language,
        leg=item["leg"],
        label=code_label(codes, item["code"], language),
        code=item["code"],
        status=label("status", item["status"], language),
        break_id=item["break_id"],
    )
    if as_above:
        return [broke + pick(_AS_ABOVE, language)]
    lines = [broke, *(f"  {line}" for line in _expected(item, language))]
    if item["cause"]:
        lines.append(sentence(_CAUSE, language, cause=item["cause"]))
    if item["due_date"]:
        lines.append(sentence(_DUE, language, due=item["due_date"]))
    return [*lines, *_nearest(item, language)]


def _nearest(item: Facts, language: str) -> list[str]:
    """Return the lines about the nearest candidates and the gates at which they failed."""
    nearest = item["nearest"]
    failed = [sentence(_FAILED, language, gate=item["failed_gate"])] if item["failed_gate"] else []
    if nearest is None:
        alone = item["code"].startswith(("MISSING", "UNKNOWN", "UNAUTHORISED"))
        told = [pick(_NONE_NEAR, language), *failed]
        return told if alone and item["status"] != "RESOLVED" else []
    lines = [sentence(_NEAREST, language, text=_brief(nearest, language)), *failed]
    lines += [_gate(gate, nearest["currency"], language) for gate in nearest["gates"]]
    for other in item["others"]:
        lines.append(sentence(_ALSO_NEAR, language, text=_brief(other, language)))
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
        return sentence(_GATE_GOOD, language, name=shown, mine=mine)
    off = sentence(_BY[gate["unit"]], language, by=by)
    return sentence(_GATE_BAD, language, name=shown, mine=mine, other=other, by=off)


def _refused(refused: list[Facts], language: str) -> list[str]:
    """Return where the refused rows that name a row stand, what they say and why not read."""
    lines: list[str] = []
    for line in refused:
        place = {"path": line["path"], "record": line["record_no"], "night": line["night"]}
        lines.append(sentence(_REFUSED, language, **place))
        lines.append(sentence(_LINE, language, line=line["line"]))
        lines += [sentence(_REASON, language, reason=reason) for reason in line["reasons"]]
    return lines


def _evidence(evidence: Facts, language: str) -> list[str]:
    """Return the lines about where a row stands: file, record, bytes and the text itself."""
    lines = [
        sentence(
            _EVIDENCE,
            language,
            path=evidence["path"],
            record=evidence["record_no"],
            start=evidence["byte_start"],
            end=evidence["byte_end"],
            sha=(evidence["sha256"] or "—")[:16],
        )
    ]
    if evidence.get("line"):
        lines += [sentence(_LINE, language, line=part) for part in evidence["line"].splitlines()]
    elif evidence.get("note"):
        lines.append(sentence(_LINE, language, line=evidence["note"]))
    return lines
