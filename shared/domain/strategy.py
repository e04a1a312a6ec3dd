"""What a strategy is: a pure function from a signal and a live view to a wish. Limits and money belong to risk."""

from typing import Protocol

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.market import Market
from shared.domain.money import Fraction, Price, Shares, Usd
from shared.domain.order import OrderType, Purpose, Side
from shared.domain.whale import Signal


class Trade(Struct, frozen=True, gc=False):
    """A wish to trade. ``wish`` is micro-dollars for an entry (None: size it by Kelly), shares for an exit.

    ``p_win`` is the believed probability that the token pays out, in millionths (None where it is unknown).
    ``order_type`` and ``post_only``: how it goes to the venue; execution works a plain GTC wish in phases and slices.
    """

    token: str
    side: Side
    limit: Price
    purpose: Purpose
    p_win: Fraction | None = None
    wish: int | None = None
    order_type: OrderType = OrderType.GTC
    post_only: bool = False


class Skip(Struct, frozen=True, gc=False):
    """No wish, and why."""

    reason: Reason


class View(Protocol):
    """A live, read-only face of the engine's state; never a copy."""

    def market(self, market: str) -> Market | None:
        """The market's data, if known."""

    def edge(self, wallet: str) -> int | None:
        """The wallet's shrunken mean of (won - price paid) in millionths; None without a resolved market."""

    def sleeve_size(self, token: str, strategy: str, source: str) -> Shares:
        """Shares the sleeve holds."""

    def sleeve_free(self, token: str, strategy: str, source: str) -> Shares:
        """Shares the sleeve holds that no open SELL order claims."""

    def intended(self, signal_id: str) -> int:
        """What earlier legs of this signal's intent took: micro-dollars for a BUY, shares for a SELL."""

    def equity(self) -> Usd:
        """Cash, reserved cash and marked positions."""


class Strategy(Protocol):
    """One file under ``strategies/``: a name, and a decision."""

    @property
    def name(self) -> str:
        """The strategy's stable name; it leads ids and sleeves."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The jobs that some source must be doing while it enters: ``whales``, ``books``, ``spot``."""

    def decide(self, signal: Signal, view: View) -> Trade | Skip:
        """What to do about a signal, as far as the strategy goes."""
