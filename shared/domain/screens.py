"""What people see of single markets while they trade: tabs, books, prices, candles. Written by the trader for pages.

Prices are micro-dollars per share unless they say otherwise, times nanoseconds UTC of the events.
"""

from enum import Enum

from msgspec import Struct

from shared.domain.candles import Candle, unpacked
from shared.domain.instants import SECOND

TOKEN_UNIT = 1_000
"""Candles of tokens are counted in tenths of a cent."""
LADDER = 2
"""Numbers of a level within a ladder: price in ticks, whole shares."""
OWNER = 18
Ladder = tuple[int, ...]
"""Levels from the best price outwards, one after the other."""


class Why(Enum):
    """Why a market has a screen, the most important reason first."""

    HELD = "held"
    WAITING = "waiting"
    """An order of ours is open there."""
    WINDOW = "window"
    """A crypto up/down window that is open."""
    WHALES = "whales"


class Tab(Struct, frozen=True, omit_defaults=True):
    """A market with a screen: where its screen is kept (``slot``), and what the market is."""

    slot: int
    market: str
    why: Why
    slug: str = ""
    question: str = ""
    outcomes: tuple[str, ...] = ()
    start_at: int = 0
    end_at: int = 0
    """0: nobody knows."""


class Tabs(Struct, frozen=True):
    """The markets with a screen in the order of their places, which they keep as long as they have one."""

    at: int
    tabs: tuple[Tab, ...] = ()


class TokenScreen(Struct, frozen=True, array_like=True):
    """One outcome: what it last traded at (0: never), its best levels, and what was bought and sold of it (taker's
    side, micro-dollars) within five minutes. ``old``: its book has not been confirmed for too long to trade on it.

    ``fresh``: the candles that are not among the stored ones yet (see ``candles.packed``).
    """

    last: int = 0
    old: bool = False
    bids: Ladder = ()
    asks: Ladder = ()
    bought: int = 0
    sold: int = 0
    fresh: tuple[int, ...] = ()


class CoinScreen(Struct, frozen=True, array_like=True):
    """The coin of an up/down market: who tells its ``price`` (micro-dollars), and what it was when the window opened
    (``beat``, 0: not heard). ``unit``: of its candles.
    """

    source: str
    price: int
    beat: int
    unit: int
    fresh: tuple[int, ...] = ()


class Voiced(Struct, frozen=True, array_like=True):
    """How many followed wallets lean to the first outcome and to the second, and shares (millionths) of the first less
    those of the second among them.
    """

    first: int = 0
    second: int = 0
    net: int = 0


def owner(market: str) -> str:
    """As much of a market's id as tells whose screen it is; a whole id would be a tenth of it."""
    return market[:OWNER]


class Screen(Struct, frozen=True, array_like=True):
    """What moves in one market, rewritten every few seconds while it moves. ``owner``: whose it is; ``tick``: the unit
    of its ladders; ``step_s``: the span of its candles in seconds.
    """

    owner: str
    at: int
    tick: int
    step_s: int
    tokens: tuple[TokenScreen, ...] = ()
    voices: Voiced = Voiced()
    coin: CoinScreen | None = None


class Stored(Struct, frozen=True, omit_defaults=True):
    """The candles of one market up to a while ago, packed: of each token, and of its coin in its ``unit``."""

    market: str
    step_s: int
    tokens: tuple[tuple[int, ...], ...] = ()
    unit: int = 1
    coin: tuple[int, ...] = ()


class View(Struct, frozen=True):
    """A screen and the candles before it."""

    screen: Screen
    stored: Stored | None = None

    @property
    def step(self) -> int:
        """The span of its candles in nanoseconds."""
        return self.screen.step_s * SECOND  # not money: seconds to nanoseconds

    def is_of(self, market: str) -> bool:
        """Whether it is this market's: a slot passes from one to the next."""
        return self.screen.owner == owner(market)

    def token_candles(self, place: int) -> list[Candle]:
        """Candles of the outcome at this place."""
        stored = self._stored()
        earlier = stored.tokens[place] if stored is not None and place < len(stored.tokens) else ()
        return self._joined(earlier, TOKEN_UNIT, self.screen.tokens[place].fresh, TOKEN_UNIT)

    def coin_candles(self) -> list[Candle]:
        """Candles of the coin; empty where nobody tells its price."""
        coin, stored = self.screen.coin, self._stored()
        if coin is None:
            return []
        earlier, unit = ((), 1) if stored is None else (stored.coin, stored.unit)
        return self._joined(earlier, unit, coin.fresh, coin.unit)

    def _stored(self) -> Stored | None:
        """The stored candles, if they are the same market's."""
        stored = self.stored
        same = stored is not None and self.is_of(stored.market) and stored.step_s == self.screen.step_s
        return stored if same else None

    def _joined(self, earlier: tuple[int, ...], unit: int, fresh: tuple[int, ...], fresh_unit: int) -> list[Candle]:
        found = {one.at: one for one in unpacked(earlier, self.step, unit)}
        found.update((one.at, one) for one in unpacked(fresh, self.step, fresh_unit))
        return [found[at] for at in sorted(found)]


def coin_unit(price: int) -> int:
    """The power of ten micro-dollars that is about a millionth of a coin's price, 1 at least."""
    unit = 1
    while price >= 10_000_000:
        price //= 10  # not money: counting digits
        unit *= 10  # not money: a power of ten
    return unit
