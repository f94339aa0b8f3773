"""Account statements of banks by international and national standards."""
