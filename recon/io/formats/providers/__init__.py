"""Reports of payment providers."""
