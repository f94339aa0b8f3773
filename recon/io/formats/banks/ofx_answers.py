"""How a bank answers what an OFX file asked it for: each answer has a status."""

from __future__ import annotations

from dataclasses import dataclass

_STATEMENTS = frozenset({"STMTTRNRS", "CCSTMTTRNRS"})  # answers to the request for a statement


@dataclass(slots=True)
class Answers:
    """The statuses of a file, element by element."""

    status: str = ""  # the first that is not 0, with its words
    lacks_statement: bool = False  # an error stands in place of a statement
    is_of_statement: bool = False  # the answer at hand
    has_failed: bool = False

    def take(self, above: str, name: str, text: str) -> None:
        """Take an element that is of no statement; above: the aggregate that holds it."""
        if name.endswith("TRNRS"):
            self.is_of_statement = name in _STATEMENTS
        elif above == "STATUS" and name == "CODE":
            self.has_failed = text not in {"", "0"}
            self.status = self.status or (f"status {text}" if self.has_failed else "")
        elif above == "STATUS" and name == "SEVERITY":
            is_error = self.has_failed and text.upper() == "ERROR"
            self.lacks_statement |= self.is_of_statement and is_error
        elif above == "STATUS" and name == "MESSAGE" and self.has_failed:
            self.status += f" {text}"
