"""Cells of tables that spreadsheets open."""

from __future__ import annotations


def harmless(cell: object) -> object:
    """A text that begins like a spreadsheet formula gets an apostrophe in front."""
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + cell
    return cell
