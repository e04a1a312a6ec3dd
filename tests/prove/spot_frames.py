"""The spot exchanges under mutated frames, beside the slow readers of their tests.

Every frame comes twice: to a dialect that heard nothing yet, and to one that heard the good frames before it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from shared.adapters.binance.dialect import BinanceDialect, Wishes
from shared.adapters.coinbase.dialect import CoinbaseDialect
from shared.adapters.spot.desk import SpotDesk
from shared.domain.instants import SECOND
from shared.domain.messages import SpotBook, SpotCandle, SpotTrade
from shared.ports import Heard
from tests.shared.adapters.binance import frames as binance
from tests.shared.adapters.coinbase import frames as coinbase
from tests.shared.adapters.slow import content_of

NOW = 1_790_000_000 * SECOND
CONNECTION = 3
LAST_MATCH = coinbase.MATCH.replace(b'"match"', b'"last_match"').replace(b'"trade_id":10', b'"trade_id":9')
SYMBOLS = ("BTC", "ETH")
Slowly = Callable[[bytes], dict[str, Any]]


class _Dialect(Protocol):
    desk: SpotDesk

    def frame(self, data: bytes, connection: int, received_at: int) -> bool: ...


class _Spot(ABC):
    """What both exchanges have in common: ``good`` frames become facts, ``others`` are something else."""

    def __init__(self, slowly: Slowly, good: Sequence[bytes], others: Sequence[bytes]) -> None:
        self._slowly = slowly
        self._good = good
        self._others = others
        self._said = 0

    def seeds(self) -> list[bytes]:
        return [*self._good, *self._good, *self._others]

    def accepted(self) -> bool:
        return self._said > 0

    def problem(self, frame: bytes) -> str:
        self._said = 0
        for before in ((), self._good):
            sentence = self._heard_after(before, frame)
            if sentence:
                return f"{sentence} ({len(before)} good frames came before it)"
        return ""

    @abstractmethod
    def _dialect(self, hear: Callable[[Heard], None]) -> tuple[_Dialect, Wishes]:
        """A dialect that heard nothing yet, and what it wishes."""

    def _heard_after(self, before: Sequence[bytes], frame: bytes) -> str:
        heard: list[Heard] = []
        dialect, wishes = self._dialect(heard.append)
        for good in before:
            dialect.frame(good, CONNECTION, NOW)
        heard.clear()
        wishes.leaving.clear()
        counts = msgspec.to_builtins(dialect.desk.counts)
        dialect.frame(frame, CONNECTION, NOW)
        facts = [one for one in heard if isinstance(one.payload, SpotTrade | SpotBook | SpotCandle)]
        self._said += len(facts)
        if len(facts) > 1:
            return f"one frame became {len(facts)} facts"
        for fact in facts:
            sentence = self._untrue(fact, frame)
            if sentence:
                return sentence
        counted = msgspec.to_builtins(dialect.desk.counts) != counts or bool(wishes.leaving)
        if not facts and not counted and not self._says_nothing(frame):
            return "nothing was taken, and nothing counted it"
        return ""

    def _untrue(self, fact: Heard, frame: bytes) -> str:
        try:
            expected = self._slowly(frame)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            return f"accepted {fact.payload} of a frame that says nothing ({type(error).__name__}: {error})"
        found = {"at": fact.venue_at} | msgspec.to_builtins(fact.payload)
        wrong = [name for name, value in expected.items() if found.get(name) != value]
        return f"accepted {found}, where the frame says {expected}: {', '.join(wrong)}" if wrong else ""

    def _says_nothing(self, frame: bytes) -> bool:
        """Sound frames that are read and tell no fact."""
        return False


class BinanceStreams(_Spot):
    """Combined frames of Binance."""

    name = "Binance"

    def __init__(self) -> None:
        super().__init__(binance.slowly, binance.SOUND, [binance.ACKNOWLEDGED, binance.SHUTDOWN, binance.BARE_SHUTDOWN])

    def _dialect(self, hear: Callable[[Heard], None]) -> tuple[_Dialect, Wishes]:
        wishes = Wishes()
        return BinanceDialect("wss://usual", "wss://data", SYMBOLS, hear, lambda: NOW, wishes), wishes


class CoinbaseMessages(_Spot):
    """Messages of Coinbase."""

    name = "Coinbase"

    def __init__(self) -> None:
        facts, others = [LAST_MATCH, coinbase.MATCH, coinbase.TICKER], [coinbase.SUBSCRIPTIONS, coinbase.ERROR]
        super().__init__(coinbase.slowly, facts, [coinbase.HEARTBEAT, *others])

    def _dialect(self, hear: Callable[[Heard], None]) -> tuple[_Dialect, Wishes]:
        return CoinbaseDialect("wss://spot", SYMBOLS, hear, lambda: NOW), Wishes()

    def _says_nothing(self, frame: bytes) -> bool:
        """A heartbeat; trades it knows of and we do not may be on their way, so only the third one counts them."""
        try:
            row = content_of(frame)
            return row["type"] == "heartbeat" and row["last_trade_id"] >= 0 and coinbase.nanoseconds(row["time"]) > 0
        except (ValueError, LookupError, TypeError):
            return False
