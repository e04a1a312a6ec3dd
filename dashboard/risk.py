"""Risk in words: limits and how far they are used, breakers, exits by rule, figures, settlement, rounds. Pure."""

from collections.abc import Mapping

from dashboard.state import AlertRow, BreakerRow, Changes, RiskView, Rounds, Settlement, Tripped, Use
from dashboard.tables import Row, moment
from dashboard.words import NOTHING, age, count, dollars, gain, short, stamp
from shared.domain.money import ONE, float_of_micro, mul_div_floor
from shared.domain.reasons import RULES, Kind, label, sentence, shown

NAMES = {
    "day_lost": "Lost today",
    "week_lost": "Lost this week",
    "drawdown": "Drawdown",
    "losses_in_a_row": "Losses in a row",
    "portfolio": "All positions and orders",
    "position": "Largest position",
    "market": "Most in one market",
    "whale": "Most behind one whale",
    "positions": "Open positions",
    "entries": "Entries within a minute",
    "api_errors": "Errors within an hour",
    "failed_settlements": "Failed settlements in an hour",
    "var": "VaR (95%, at resolution)",
    "cvar": "CVaR (95%, at resolution)",
    "stress": "Worst stress scenario",
}
"""Each limit as a reader would say it."""
ABBREVIATIONS = {"api": "API", "var": "VaR", "cvar": "CVaR"}
UNITS = {"usd": Kind.MONEY, "share": Kind.SHARE, "count": Kind.COUNT}
NEAR = 80.0
"""Percent of a limit from which it counts as nearly reached."""
REACHED = 100.0
STATES = ("■ Reached", "▲ Near", "● Fine")
DOES = {"HALT": "■ Stops entries", "PAUSE": "❚❚ Pauses entries", "REDUCE": "▼ Reduces size"}
SEVERITIES = {1: "✖ 1 · halts", 2: "▲ 2 · reduces", 3: "● 3 · note"}
FINDINGS = {
    "repaired": "repaired: we had missed a fact",
    "in_flight": "on its way: one side has not heard yet",
    "settling": "settling: executions that are not final",
    "in_doubt": "order in doubt",
    "unread": "a question failed",
    "external": "somebody else used the wallet",
    "unexplained": "unexplained",
}
"""What the kinds of findings mean."""


def readable(name: str) -> str:
    """A name of the trader's as words: ``daily_loss`` is ``Daily loss``, ``api_errors`` is ``API errors``."""
    words = " ".join(ABBREVIATIONS.get(word, word) for word in name.split("_"))
    return words[:1].upper() + words[1:]


def limit_rows(limits: tuple[Use, ...]) -> list[Row]:
    """Limits, the one that is used up most first."""
    rows = [(_share(use), use) for use in limits]
    rows.sort(key=lambda pair: -pair[0])
    return [
        {
            "limit": NAMES.get(use.name, readable(use.name)),
            "state": STATES[0] if share >= REACHED else STATES[1] if share >= NEAR else STATES[2],
            "share": min(share, 100.0),
            "used": _shown(use.unit, use.used),
            "of": _shown(use.unit, use.limit),
        }
        for share, use in rows
    ]


def change_sentences(changes: Changes) -> list[str]:
    """What holds on top of the settings because somebody changed it, one sentence for each kind."""
    said = []
    if changes.limits:
        listed = ", ".join(f"{name}={text}" for name, text in changes.limits.items())
        said.append(f"Limits changed at run time: {listed}.")
    if changes.unfit:
        said.append(f"They do not fit the settings, so nothing is entered: {changes.unfit}.")
    elif changes.mode == "observe":
        said.append("The strategy observes: it decides and records, and enters nothing.")
    for wallets, words in ((changes.pinned, "Pinned by hand"), (changes.unpinned, "Pinned no more")):
        if wallets:
            said.append(f"{words}: {', '.join(short(wallet) for wallet in wallets)}.")
    return said


def _share(use: Use) -> float:
    return 100 * float_of_micro(mul_div_floor(use.used, ONE, use.limit)) if use.limit > 0 else 0.0  # not money: percent


def _shown(unit: str, amount: int) -> str:
    return shown(UNITS.get(unit, Kind.COUNT), amount)


def breaker_rows(breakers: tuple[BreakerRow, ...], standing: tuple[Tripped, ...]) -> list[Row]:
    """The table of breakers, those that are tripped first."""
    there = {one.name for one in standing}
    ordered = sorted(breakers, key=lambda row: row.name not in there)
    return [
        {
            "state": "■ Tripped" if row.name in there else "○ Ready",
            "name": readable(row.name),
            "does": DOES.get(row.action, row.action),
            "condition": row.condition,
            "ends": row.ends,
            "by": row.by,
        }
        for row in ordered
    ]


def tripped_sentences(view: RiskView) -> list[str]:
    """One sentence for each breaker that is tripped: what it does, what happened, since when, and how it ends."""
    rows = {row.name: row for row in view.breakers}
    return [_tripped(one, rows.get(one.name), view.event_at) for one in view.standing]


def _tripped(one: Tripped, row: BreakerRow | None, now: int) -> str:
    whom = f" ({short(one.key)})" if one.key else ""
    since = f" since {stamp(one.since)} UTC" if one.since else ""
    if one.ends_at:
        ends = f"It ends at {stamp(one.ends_at)} UTC, in {age(one.ends_at - now)}."
    else:
        ends = "" if row is None else f"It ends {row.ends}."
    who = f" Only {row.by} may end it." if row is not None and row.by != "itself" else ""
    return f"{readable(one.name)}{whom}: {DOES.get(one.action, one.action)}{since}. {one.text}. {ends}{who}".rstrip()


def breaker_tags(breakers: tuple[str, ...]) -> list[tuple[str, str]]:
    """Kind and text of the banner's label for each action: ``HALT daily_loss`` is ``■ Stops entries: Daily loss``."""
    by_action: dict[str, list[str]] = {}
    for named in breakers:
        action, _, name = named.partition(" ")
        name, _, key = name.partition(" ")
        by_action.setdefault(action, []).append(readable(name) + (f" ({short(key)})" if key else ""))
    return [
        ("off" if action == "HALT" else "wait", f"{DOES.get(action, action)}: {', '.join(names)}")
        for action, names in by_action.items()
    ]


def exit_rows(exits: Mapping[str, int]) -> list[Row]:
    """Every rule with the exits it has begun, the most frequent first."""
    ordered = sorted(RULES, key=lambda rule: -exits.get(rule.value, 0))
    return [{"rule": label(rule), "count": exits.get(rule.value, 0), "meaning": sentence(rule)} for rule in ordered]


def stress_bars(stress: Mapping[str, int]) -> list[tuple[str, float, str]]:
    """What each scenario would bring, the worst first: its name, dollars, and the same in words."""
    ordered = sorted(stress.items(), key=lambda pair: pair[1])
    return [(readable(name), float_of_micro(result), gain(result)) for name, result in ordered]


def settlement_words(settlement: Settlement) -> str:
    """What has not settled, in one line."""
    parts = [
        f"{count(settlement.unsettled)} executions not settled yet ({dollars(settlement.unsettled_usd)})",
        f"{count(settlement.failed)} failed and taken back",
        f"{count(settlement.redeeming)} resolved markets to be redeemed",
        f"{count(settlement.merging)} merges under way",
    ]
    return " · ".join(parts)


def rounds_words(rounds: Rounds, now: int) -> str:
    """How our books compare with the venue's, in one line."""
    if not rounds.rounds:
        return "Our books have not been compared with the venue's yet."
    if not rounds.equal_at:
        return f"{count(rounds.rounds)} rounds, none of which was equal yet."
    ago = age(now - rounds.equal_at)
    return f"Equal to the venue's at {stamp(rounds.equal_at)} UTC ({ago} ago), after {count(rounds.rounds)} rounds."


def finding_rows(rounds: Rounds) -> list[Row]:
    """What the rounds have found since the start, by kind."""
    ordered = sorted(rounds.findings.items(), key=lambda pair: -pair[1])
    return [{"kind": readable(FINDINGS.get(kind, kind)), "count": n} for kind, n in ordered]


def alert_rows(alerts: tuple[AlertRow, ...]) -> list[Row]:
    """What the trader told people, the newest first."""
    return [
        {
            "at": moment(one.at),
            "severity": SEVERITIES.get(one.severity, str(one.severity)),
            "name": readable(one.name),
            "times": one.times,
            "text": one.text,
        }
        for one in alerts
    ]


def diversification_words(score: int, bets: int) -> str:
    """The score with the bets it is of; of none there is no score."""
    return shown(Kind.SHARE, score) if bets else NOTHING
