"""The head of Settings: what holds at present."""

from dashboard.figures import Figure
from dashboard.queries.asked import Queries
from dashboard.words import count

MODES = {
    "trade": "Trades: its decisions become orders.",
    "observe": "Observes: it decides and records, and enters nothing; what is held is left as always.",
}


def money(mode: str) -> str:
    """Whose money it is."""
    return {"paper": "Paper: no real money.", "live": "Live: real money."}.get(
        mode, f"{mode}: nobody tells whose money."
    )


def settings(queries: Queries) -> tuple[Figure, ...]:
    """None before the trader has published its settings."""
    live, view = queries.live(), queries.risk()
    if live is None or view is None or not view.changes.in_force:
        return ()
    changes = view.changes
    mode = MODES.get(changes.mode, changes.mode)
    return (
        Figure("Deployment", live.mode.capitalize(), "", f"{money(live.mode)} It is not changed here."),
        Figure("Strategy", mode.partition(":")[0], "", mode),
        Figure("Limits changed", count(len(changes.limits)), "at run time", "Those that differ from the settings."),
        Figure(
            "Pinned by hand", count(len(changes.pinned)), "at run time", "Wallets followed whatever the ranking says."
        ),
    )
