"""What people changed, as the trader shows it: two limits, a wallet pinned, one let go, a request refused."""

from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from dashboard.state import Answered, Changes, RiskView
from shared.domain.change import Change
from shared.domain.command import Command, CommandKind
from shared.domain.instants import SECOND
from shared.engine.limits import Limits
from shared.engine.overrides import overridden
from tests.dashboard.fakes import NOW, WALLET, FakeQueries, quiet

GONE = "0x" + "9" * 40
TEXTS = {"stop_loss": "10%", "pause_ns": "30m"}
ANSWERS = (
    Answered("c1", NOW - 60 * SECOND, "stop_loss=10%, pause_ns=30m (calmer)"),
    Answered("c2", NOW, "kelly=0.7 (bolder)", "kelly must not exceed 0.5, not 0.7"),
)


def unchanged(**other: Any) -> Changes:
    """Nobody has changed anything."""
    return replace(Changes(in_force=to_builtins(Limits())), **other)


def changed(**other: Any) -> Changes:
    """See the module."""
    base = Limits()
    in_force = to_builtins(overridden(base, TEXTS.items()))
    settings = {name: value for name, value in to_builtins(base).items() if in_force[name] != value}
    made = Changes(TEXTS, "trade", (WALLET,), (GONE,), "", in_force, settings, "", ANSWERS)
    return replace(made, **other)


def asked(n: int, change: Change, at: int = NOW) -> Command:
    """A request that waits for the trader."""
    return Command(f"w{n}", CommandKind.SET, "for a test", change=change, at=at)


def settled(changes: Changes) -> FakeQueries:
    """The quiet account with these changes."""
    queries = quiet()
    queries.risky = RiskView(NOW, NOW, changes=changes)
    return queries
