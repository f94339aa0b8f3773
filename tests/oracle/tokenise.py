"""The naive twin of `recon.core.kernels.tokenise`: line by line, one character at a time."""

from __future__ import annotations

FEW, MANY, UNCLOSED, AFTER_QUOTE, CARRIAGE_RETURN = 1, 2, 3, 4, 5


def cut_fields(text, delimiter, quote):
    """Return the fields of one record, or its fault; `open` when a quote is still open."""
    fields, at = [], 0
    while True:
        if quote and text[at : at + 1] == quote:
            cell, at = "", at + 1
            while True:
                if at >= len(text):
                    return "open"
                if text[at] != quote:
                    cell, at = cell + text[at], at + 1
                elif text[at + 1 : at + 2] == quote:
                    cell, at = cell + quote, at + 2
                else:
                    at += 1
                    break
            rest = text[at:]
            if rest in ("", "\r"):
                return [*fields, cell]
            if not rest.startswith(delimiter):
                return AFTER_QUOTE
            fields.append(cell)
            at += len(delimiter)
        else:
            end = text.find(delimiter, at)
            line_end = text.find("\n", at)
            stop = len(text) if line_end < 0 else line_end
            if 0 <= end < stop:
                cell, following = text[at:end], end + len(delimiter)
            else:
                cell, following = text[at:stop].removesuffix("\r"), None
            if "\r" in cell:
                return CARRIAGE_RETURN
            fields.append(cell)
            if following is None:
                return fields
            at = following


def records(text, delimiter, quote, comment, arity):
    """Return (line, fields or fault) per record and the class of every line."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    found, classes, at = [], [], 0
    while at < len(lines):
        line = lines[at]
        if line.strip(" \r\x1a") == "":
            classes.append("blank")
            at += 1
            continue
        if comment and line.startswith(comment):
            classes.append("comment")
            at += 1
            continue
        span, answer = 1, cut_fields(line, delimiter, quote)
        while answer == "open" and at + span < len(lines):
            span += 1
            answer = cut_fields("\n".join(lines[at : at + span]), delimiter, quote)
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
