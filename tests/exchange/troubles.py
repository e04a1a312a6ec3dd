"""The faults by name: what each means, when it is on, and for which servers.

``NAME[@START+SECONDS]`` plans one; without the times it begins 5 s after the start and lasts 30 s, then all is well.
"""

import asyncio
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.domain.errors import BadInput

SOCKETS = ("rtds", "market", "binance", "binance-data", "coinbase", "polygon")
REST = ("data", "gamma", "clob")
TRADES = ("rtds", "market", "polygon", "coinbase", "binance", "binance-data")

START_S = 5.0
SECONDS = 30.0
SLOW_S = 3.0
DUP_S = 2.0
REORDER_S = 30.0
LATE_S = (1800.0, 3600.0)
SKEW_MS = 5_000
HUGE_BYTES = 16 * 1024 * 1024
HUGE_EVERY_S = 10.0
CUT_S = (0.2, 3.0)


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One fault: what it does in a sentence, and to which servers."""

    sentence: str
    servers: tuple[str, ...]


FAULTS: dict[str, FaultKind] = {
    "silent": FaultKind(
        "sockets answer pings and say nothing else; one that fell silent stays so until it is replaced", SOCKETS
    ),
    "stall": FaultKind(
        "sockets answer nothing, not even pings, while TCP stays open; one that stalled stays so, new ones get no "
        "handshake",
        SOCKETS,
    ),
    "late": FaultKind(
        "RTDS holds each trade back 30-60 min and delivers one of 30-60 min ago instead; others are on time", ("rtds",)
    ),
    "dup": FaultKind("frames with trades come a second time, byte for byte, up to 2 s later", TRADES),
    "reorder": FaultKind("each frame with a trade is held back up to 30 s, so that they overtake each other", TRADES),
    "cut": FaultKind("connections are reset; new ones live 0.2-3 s and are reset too", SOCKETS),
    "slow": FaultKind("every frame and every answer comes 3 s late, in order", (*SOCKETS, *REST)),
    "crossed": FaultKind("book frames carry a bid above the best ask; REST books stay right", ("market",)),
    "stale-book": FaultKind(
        "books stop moving on the socket and in REST (old timestamp); the changes missed are never announced",
        ("market", "clob"),
    ),
    "tick-change": FaultKind(
        "subscribed tokens get a tick of 0.001 and a new book; 0.01 again at the end", ("market", "clob")
    ),
    "429": FaultKind("REST and upgrades are refused with 429 and Retry-After: 1", (*SOCKETS, *REST)),
    "425": FaultKind("CLOB REST answers 425 service not ready with Retry-After: 1", ("clob",)),
    "451": FaultKind(
        "Binance refuses upgrades with 451 (unavailable in your country); the data-only host works", ("binance",)
    ),
    "html": FaultKind(
        "REST answers 200 with a page of the edge network; upgrades get the page with 403", (*SOCKETS, *REST)
    ),
    "truncated": FaultKind(
        "frames end in the middle of their JSON; REST bodies end before their length", (*SOCKETS, *REST)
    ),
    "huge": FaultKind("a frame of 16 MiB on every socket, again every 10 s; REST bodies of 16 MiB", (*SOCKETS, *REST)),
    "clock-skew": FaultKind("the venues' clocks are 5 s ahead, in frames and in GET /time", (*SOCKETS, *REST)),
}

_PLAN = re.compile(r"(?P<name>[a-z0-9-]+?)(@(?P<start>\d+(\.\d+)?)\+(?P<seconds>\d+(\.\d+)?))?")


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault to come: seconds after the start, and for how long."""

    name: str
    start_s: float = START_S
    seconds: float = SECONDS


def parse_plan(text: str) -> Planned:
    """``silent`` or ``silent@5+30``; ``BadInput`` with one sentence otherwise."""
    found = _PLAN.fullmatch(text)
    if found is None or found["name"] not in FAULTS:
        raise BadInput(f"fault {text!r} is not NAME[@START+SECONDS] with one of {', '.join(FAULTS)}")
    if found["start"] is None:
        return Planned(found["name"])
    return Planned(found["name"], float(found["start"]), float(found["seconds"]))


Listener = Callable[[str, bool], None]


class Troubles:
    """What is wrong at this moment. ``stretch`` multiplies every delay a fault causes (1: as documented)."""

    def __init__(self, seed: int = 0, stretch: float = 1.0) -> None:
        self.stretch = stretch
        self.chance = random.Random(seed)
        self.listeners: list[Listener] = []
        """Each hears (name, True) when a fault begins and (name, False) when it ends."""
        self._on: dict[str, tuple[str, ...]] = {}
        self._timers: list[asyncio.TimerHandle] = []

    def plan(self, planned: Planned) -> None:
        """Begin and end a fault by the clock."""
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(planned.start_s, self.begin, planned.name))
        self._timers.append(loop.call_later(planned.start_s + planned.seconds, self.end, planned.name))

    def begin(self, name: str, servers: Sequence[str] = ()) -> None:
        """Switch a fault on at once, for all servers it concerns or for some of them."""
        kind = FAULTS[name]
        self._on[name] = tuple(servers) or kind.servers
        for listener in self.listeners:
            listener(name, True)

    def end(self, name: str) -> None:
        """Switch it off; without effect when it is off."""
        if self._on.pop(name, None) is not None:
            for listener in self.listeners:
                listener(name, False)

    def on(self, name: str, server: str) -> bool:
        """Whether a server suffers from a fault now."""
        return bool(self._on) and server in self._on.get(name, ())

    def delay(self, low_s: float, high_s: float) -> float:
        """A seeded wait within these seconds, stretched."""
        return self.chance.uniform(low_s, high_s) * self.stretch

    def close(self) -> None:
        """Forget what was planned."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
