"""What graders made of the attack corpus, in Markdown: a row for each attack, and totals.

For `benchmarks/attacks.py`, which says what is fair in the table and what is not.
"""

from __future__ import annotations

from attack_corpus import Attack, Outcome

TITLES = {"ours": "course grade", "stock": "stock nbgrader", "otter": "otter run"}
ROWS = (
    "submissions",
    "points forged",
    "points lost",
    "no grade at all",
    "never ended",
    "effects outside",
    "right, and nothing else",
)


def forged(attack: Attack, outcome: Outcome) -> float:
    """Points that were given and not deserved."""
    got = outcome.points or {}
    return sum(max(0.0, got.get(todo, 0.0) - points) for todo, points in attack.deserves.items())


def lost(attack: Attack, outcome: Outcome) -> float:
    """Points that were deserved and not given, where there is a grade."""
    got = outcome.points
    if got is None or not outcome.ended:
        return 0.0
    return sum(max(0.0, points - got.get(todo, 0.0)) for todo, points in attack.deserves.items())


def in_words(attack: Attack, outcome: Outcome | None) -> str:
    """A cell of the table."""
    if outcome is None:
        return "not run"
    words = []
    if not outcome.ended:
        words.append("never ended")
    elif outcome.points is None:
        words.append("no grade")
    if forged(attack, outcome):
        words.append(f"**{forged(attack, outcome):g} forged**")
    if lost(attack, outcome):
        words.append(f"{lost(attack, outcome):g} lost")
    return "; ".join([*(words or ["right"]), *outcome.effects])


def totals(attacks: list[Attack], known: dict[str, Outcome]) -> list[str]:
    """A tool's numbers, in the order of `ROWS`."""
    pairs = [(attack, known[attack.name]) for attack in attacks if attack.name in known]
    given = [points for attack, o in pairs if (points := forged(attack, o))]
    taken = [points for attack, o in pairs if (points := lost(attack, o))]
    ended = [(attack, o) for attack, o in pairs if o.ended]
    none = [attack for attack, o in ended if o.points is None]
    wronged = sum(any(attack.deserves.values()) for attack in none)
    return [
        f"{len(pairs)}",
        f"{sum(given):g} in {len(given)}",
        f"{sum(taken):g} in {len(taken)}",
        f"{len(none)}, of which {wronged} deserved points",
        f"{len(pairs) - len(ended)}",
        f"{sum(bool(o.effects) for _, o in pairs)}",
        f"{sum(in_words(attack, o) == 'right' for attack, o in pairs)}",
    ]


def table(attacks: list[Attack], tools: dict[str, dict[str, Outcome]]) -> str:
    """Both tables, in Markdown."""
    names = [tool for tool in TITLES if tool in tools]
    head = " | ".join(TITLES[tool] for tool in names)
    lines = [f"| attack | what it tries | deserves | {head} |", "|---" * (3 + len(names)) + "|"]
    for attack in attacks:
        cells = [in_words(attack, tools[tool].get(attack.name)) for tool in names]
        deserved = sum(attack.deserves.values())
        lines.append(f"| {attack.name} | {attack.aim} | {deserved:g} | {' | '.join(cells)} |")
    columns = [totals(attacks, tools[tool]) for tool in names]
    lines += ["", f"| totals | {head} |", "|---" + "|---" * len(names) + "|"]
    lines += [f"| {row} | {' | '.join(cells)} |" for row, *cells in zip(ROWS, *columns)]
    return "\n".join(lines) + "\n"
