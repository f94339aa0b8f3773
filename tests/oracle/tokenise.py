"""The naive twin of `recon.core.kernels.tokenise`: line by line, one character at a time."""

from __future__ import annotations

FEW, MANY, UNCLOSED, AFTER_QUOTE, CARRIAGE_RETURN = 1, 2, 3, 4, 5


def cut_fields(text, delimiter, quote, padded):
    """Return the fields of one record, or its fault; `open` when a quote is still open."""
    fields, at = [], 0
    while at is not None:
        is_quoted = quote and text[at : at + 1] == quote
        if is_quoted:
            answer = quoted(text, at, delimiter, quote, padded)
        else:
            answer = plain(text, at, delimiter)
        if not isinstance(answer, tuple):
            return answer
        cell, at = answer
        fields.append(cell)
    return fields


def quoted(text, at, delimiter, quote, padded):
    """Return a quoted cell and where the next begins (None: no more), or `open`, or the fault."""
    cell, at = "", at + 1
    while at < len(text):
        if text[at : at + 2] == quote * 2:
            cell, at = cell + quote, at + 2
        elif text[at] == quote:
            rest = text[at + 1 :]
            while padded and rest[:1] in (" ", "\t") and not rest.startswith(delimiter):
                rest = rest[1:]
            if rest in ("", "\r"):
                return cell, None
            following = len(text) - len(rest) + len(delimiter)
            return (cell, following) if rest.startswith(delimiter) else AFTER_QUOTE
        else:
            cell, at = cell + text[at], at + 1
    return "open"


def plain(text, at, delimiter):
    """Return an unquoted cell and where the next begins (None: no more), or the fault."""
    stop = (text + "\n").index("\n", at)
    end = text.find(delimiter, at, stop)
    cell = text[at:stop].removesuffix("\r") if end < 0 else text[at:end]
    if "\r" in cell:
        return CARRIAGE_RETURN
    return cell, None if end < 0 else end + len(delimiter)


def records(text, delimiter, quote, comment, arity, padded):
    """Return (line, fields or fault) per record and the class of every line."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    found, classes, at = [], [], 0
    while at < len(lines):
        line = lines[at]
        if not line.strip(" \t\r\x1a" + (delimiter if len(delimiter) == 1 else "")):
            classes.append("blank")
            at += 1
            continue
        if comment and line.startswith(comment):
            classes.append("comment")
            at += 1
            continue
        span, answer = 1, cut_fields(line, delimiter, quote, padded)
        while answer == "open" and at + span < len(lines):
            span += 1
            answer = cut_fields("\n".join(lines[at : at + span]), delimiter, quote, padded)
        if answer == "open":
            answer = UNCLOSED
        if isinstance(answer, list) and len(answer) != arity:
            answer = FEW if len(answer) < arity else MANY
        if isinstance(answer, int):
            span = 1
        found.append((at, answer))
        classes += ["record", *["continued"] * (span - 1)]
        at += span
    return found, classes
