"""HTML pages that need nothing from the network, in one style, light and dark."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 68rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .35rem .6rem;
  border-top: 1px solid #8884; }
th small { font-weight: normal; }
.wide { overflow-x: auto; } .wide th { font-size: .8rem; }
.number { text-align: right; white-space: nowrap; }
.passed { color: #1b7837; } .wrong { color: #c0392b; } .open { color: #777; }
.bar { background: #8883; height: .6rem; border-radius: .3rem; }
.bar div { background: #1b7837; height: .6rem; border-radius: .3rem; }
"""


def page(title: str, body: str, style: str = "") -> str:
    """A whole HTML page that needs nothing from the network; `style` is added to the common one."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}{style}</style></head>"
        f"<body><h1>{html.escape(title)}</h1>{body}</body></html>"
    )


def bar(earned: float, points: float) -> str:
    """A progress bar."""
    share = 100 * earned / points if points else 0
    return f"<div class='bar'><div style='width:{share:.1f}%'></div></div>"


def table(head: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """A table; every text is escaped."""
    lines = [_line("th", head), *(_line("td", row) for row in rows)]
    return f"<table>{''.join(lines)}</table>"


def _line(kind: str, cells: Iterable[object]) -> str:
    return "<tr>" + "".join(f"<{kind}>{html.escape(str(c))}</{kind}>" for c in cells) + "</tr>"
