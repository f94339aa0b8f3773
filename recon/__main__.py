"""`python -m recon` is the `recon` command."""

from recon.cli import process

process()
