"""What may go wrong in one history: each kind of fault is armed or not, and how often it fires (swarm testing).

A history in which everything goes wrong all the time explores little; the seed decides which few things do.
"""

from random import Random

from msgspec import Struct

from shared.domain.instants import SECOND
from shared.domain.money import ONE
from shared.settings import LeaseSettings
from tests.simulation.faults import CALLS, MOMENTS, Fault

DAY_S = 86_400
ARMED = 0.4
"""How often a kind of fault is armed in a history."""
RATES = (0.01, 0.03, 0.1)
OFTEN = (0.03, 0.1, 0.3)
"""Of faults that befall what happens a few times in a history only."""
AT_VENUE = (
    Fault.VENUE_REQUEST_LOST,
    Fault.VENUE_REPLY_LOST,
    Fault.VENUE_LATE,
    Fault.VENUE_TWICE,
    Fault.VENUE_BUSY,
    Fault.ANSWER_LOST,
    Fault.ANSWER_LATE,
    Fault.ANSWER_TWICE,
    Fault.GHOST,
    Fault.UNREAD,
)
RARELY = (0.001, 0.004, 0.015)
"""Of faults after which a process begins anew: it must get somewhere in between."""
RARE = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.STORE_AWAY)
CAPS = (150, 400, 2_000)
"""Dollars of the whole portfolio."""
LEASES = ((6, 2, 4), (30, 10, 20))
"""Seconds until a silent lease is taken over, between renewals, and for which one counts."""


class Options(Struct, frozen=True):
    """One history's options, all drawn from its seed.

    ``rates``: of each armed fault that befalls calls, per call. ``moments``: armed faults that befall a process or the
    world, and how often each happens. ``traders``: processes that want to trade the account at once. ``seconds``: how
    long faults go on. ``failing``: the part of executions that fail to settle, in millionths. ``books``: whether the
    venue fills from displayed books. ``capital`` and ``cap``: dollars paid in, and the limit of the portfolio.
    ``voice_s``: how long the word of a whale counts; where it is soon forgotten, both sides of a market may be bought.
    """

    seed: int
    rates: dict[Fault, float]
    moments: dict[Fault, int]
    traders: int
    seconds: int
    trades: int
    failing: int
    books: bool
    capital: int
    cap: int
    latency_ms: int
    lease: LeaseSettings
    voice_s: int = DAY_S

    def told(self) -> str:
        """One line for people."""
        calls = ", ".join(f"{fault.value} {rate:.0%}" for fault, rate in self.rates.items()) or "none"
        moments = ", ".join(f"{fault.value} x{times}" for fault, times in self.moments.items()) or "none"
        lease = self.lease.ttl_ns // SECOND
        world = "books" if self.books else "prints"
        return (
            f"{self.traders} trader(s), {self.trades} whale trades in {self.seconds} s, {world}, "
            f"{self.failing / ONE:.0%} of executions fail, capital ${self.capital}, cap ${self.cap}, lease {lease} s, "
            f"voices of {self.voice_s} s\n"
            f"  faults of calls: {calls}\n  faults of moments: {moments}"
        )


def _rates(fault: Fault) -> tuple[float, ...]:
    if fault in RARE:
        return RARELY
    if fault is Fault.GHOST:
        return (0.4, 0.8)
    return OFTEN if fault in AT_VENUE else RATES


def draw(seed: int) -> Options:
    """The options of a seed."""
    rng = Random(f"options {seed}")
    rates = {fault: rng.choice(_rates(fault)) for fault in CALLS if rng.random() < ARMED}
    moments = {fault: rng.randint(1, 3) for fault in MOMENTS if rng.random() < ARMED}
    return Options(
        seed=seed,
        rates=rates,
        moments=moments,
        traders=rng.choice((1, 1, 2, 2, 3)),
        seconds=rng.choice((75, 100, 130)),
        trades=rng.randint(15, 60),
        failing=rng.choice((0, 50_000, 300_000)),
        books=rng.random() < 0.5,
        capital=rng.choice((300, 2_000)),
        cap=rng.choice(CAPS),
        latency_ms=rng.choice((20, 200, 900)),
        lease=LeaseSettings(*(seconds * SECOND for seconds in rng.choice(LEASES))),
        voice_s=rng.choice((2, DAY_S)),
    )
