"""A night's figures, labelled, and as text for a terminal or a log."""
