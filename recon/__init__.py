"""Transaction reconciliation: what the merchant, the channel and the bank say, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recon.api import LoadedFile, Night, load, open_snapshot, reconcile
    from recon.errors import ReconError

__version__ = "0.1.0"
__all__ = ["LoadedFile", "Night", "ReconError", "load", "open_snapshot", "reconcile"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the public name is
    """Return a public name, importing its module on first use: `recon --help` pays for none."""
    if name == "ReconError":
        from recon import errors  # noqa: PLC0415 - lazy on purpose

        return errors.ReconError
    if name in __all__:
        from recon import api  # noqa: PLC0415 - lazy on purpose

        return getattr(api, name)
    raise AttributeError(f"module 'recon' has no attribute {name!r}")
