"""Detection on the densest recorded hour, played ten times as fast by the exchange's own command.

Counted are the trades between the moment everything is connected and the last one that every source has had time to
tell. The fast source is the activity stream; the others fill what it misses.
"""

import asyncio
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.errors import BadInput
from shared.domain.instants import SECOND
from shared.domain.messages import WhaleTrade
from shared.ports import Heard
from tests.exchange.script import Script
from tests.exchange.sources import activity_script
from tests.soak.exchange import exchange
from tests.soak.figures import Figure, exactly
from tests.soak.trading import Trading
from tests.soak.truth import Compared, Fill, Key, compare

RECORDING = "wallet_activity_updown_2026-03.parquet"
SPEED = 10.0
HOUR_S = 3_600.0
READY_S = 30.0
MARGIN_S = 3.0
"""Between a trade's second, which is what is told, and its instant; and a moment for a busy machine."""
SETTLE_S = 30.0
"""By then every source has told a trade: the slowest is polling, p90 7.5 s behind and every 3 s."""
FAST_LEAST = 0.95
SAID_EVERY_S = 20.0
Say = Callable[[str], None]


class Told(Struct, frozen=True):
    """Fills in the counted time, how many of them the stream told, and all beside the decisions."""

    fast: int
    compared: Compared
    reasons: dict[Reason, int]


class Window(Struct):
    """The counted time in seconds UTC of this machine, and where the play begins (here and in the file)."""

    file_s: float
    wall_s: float = 0.0
    from_s: float = 0.0
    until_s: float = 0.0

    def here(self, at_s: float) -> float:
        """When something of the file happens here."""
        return self.wall_s + (at_s - self.file_s) / SPEED


def fills_of(script: Script, window: Window) -> list[Fill]:
    """What the recording's wallets did in the counted time."""
    found: list[Fill] = []
    for trade in script.trades:
        at_s = window.here(trade.at_s)
        if trade.at_s >= window.file_s and window.from_s <= at_s < window.until_s:
            for done in trade.executions:
                key = (trade.tx, done.wallet, done.token, done.side, done.size)
                found.append(Fill(key, round(at_s * 1000)))
    return found


def origin_s(script: Script, at_s: Mapping[str, float]) -> float:
    """When the play began here: nothing is played too early, so the earliest trade for its place tells.

    ``at_s``: when transactions happened at the venue, which tells whole seconds.
    """
    begun = [
        at_s[trade.tx] - (trade.at_s - script.begins_s) / SPEED
        for trade in script.trades
        if trade.tx in at_s and trade.at_s >= script.begins_s
    ]
    if not begun:
        raise AssertionError("the stream told no trade of the recording")
    return min(begun)


class Listener:
    """Every fill as the activity stream told it first."""

    def __init__(self, trading: Trading) -> None:
        self.fast: Counter[Key] = Counter()
        self.at_s: dict[str, float] = {}
        """When each transaction happened at the venue, in seconds UTC."""
        hearing = trading.present.hearing
        self._pass_on = hearing.hear
        trading.present.driver.on_heard = self.hear

    def hear(self, heard: Heard) -> bool:
        """In the place of the driver's own hook, which follows."""
        payload = heard.payload
        if heard.source == "rtds" and type(payload) is WhaleTrade:
            self.fast[payload.tx, payload.wallet, payload.token, payload.side.value, payload.size] += 1
            self.at_s.setdefault(payload.tx, heard.venue_at / SECOND)
        return self._pass_on(heard)


async def played(path: Path, seconds: float, say: Say) -> Told:
    """Trade on the recording for so many seconds of here."""
    script = activity_script(path)
    options = ("--activity", str(path), "--speed", str(SPEED), "--json-ready")
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        async with exchange("tests.exchange", *options) as served:
            window = Window(script.begins_s)
            trading = Trading({**served.settings, "SYMBOLS": "BTC"}, script.leaders, Path(folder))
            listeners: list[Listener] = []

            async def story(trading: Trading) -> None:
                listeners.append(Listener(trading))
                if not await trading.until(lambda: trading.doing.get("whales") == "rtds", READY_S):
                    raise AssertionError(f"the stream was not heard within {READY_S:g} s: {trading.said}")
                window.from_s = time.time() + MARGIN_S
                window.until_s = window.from_s + seconds
                while (left := window.until_s - time.time()) > 0:
                    await asyncio.sleep(min(SAID_EVERY_S, left))
                    counts = trading.engine.counts
                    at_s = time.time() - window.from_s
                    say(f"{at_s:.0f} s: {counts.whale_trades} trades, {counts.duplicates} told again")
                say(f"{SETTLE_S:.0f} s for the last ones")
                await asyncio.sleep(SETTLE_S)

            await trading.during(story)
    window.wall_s = origin_s(script, listeners[0].at_s)
    fills = fills_of(script, window)
    counted = Counter(fill.key for fill in fills)
    fast = (counted & listeners[0].fast).total()
    mine = [one for one in trading.decisions() if (one.tx, one.wallet, one.token, one.side.value, one.size) in counted]
    return Told(fast, compare(fills, mine, ()), dict(trading.engine.decisions))


def densest_figures(told: Told) -> list[Figure]:
    """More than 95% by the fast source, all of them with backfill, none twice."""
    compared, share = told.compared, told.fast / max(1, told.compared.of)
    measured = f"{share:.2%} of {compared.of:,}"
    return [
        Figure("densest", "trades by the fast source", f"> {FAST_LEAST:.0%}", measured, share > FAST_LEAST),
        exactly("densest", "trades with backfill", compared.seen, compared.of),
        exactly("densest", "decided twice", len(compared.doubles), 0),
        exactly("densest", f"orders decided twice, of {compared.orders:,}", len(compared.orders_twice), 0),
    ]


def densest(minutes: float, say: Say) -> list[Figure]:
    """The hour takes six minutes at this speed; with fewer minutes its beginning only."""
    path = Path(os.environ.get("RECORDINGS", "../shared/data")) / RECORDING
    if not path.is_file():
        raise BadInput(f"RECORDINGS must name the folder with {RECORDING}, not {str(path.parent)!r}")
    told = asyncio.run(played(path, min(minutes * 60, HOUR_S / SPEED), say))
    say("decided: " + ", ".join(f"{reason.value} {n}" for reason, n in told.reasons.items()))
    for late in told.compared.late[:20]:
        say(f"aged out: {late.line()}")
    for key in told.compared.missing[:20]:
        say(f"MISSING: {key}")
    for key in told.compared.doubles[:20]:
        say(f"TWICE: {key}")
    return densest_figures(told)
