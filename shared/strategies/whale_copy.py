"""Copy whales whose edge is real.

Idea: a wallet that has won more than the prices it paid, over enough markets, probably knows something; buy what it
buys, a little later and a little dearer.
Edge: the wallet's shrunken mean of (won - price paid), less our slippage and fee.
When not to trade: without a resolved market behind the wallet; when delay and fee eat the edge (market makers, wallets
that are fast rather than right); against our own position in the same market.
"""

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.errors import BadInput
from shared.domain.money import (
    ONE,
    Fraction,
    Price,
    Usd,
    fee_per_share,
    format_micro,
    mul_div_floor,
    part,
    worst_buy,
    worst_sell,
)
from shared.domain.order import Purpose, Side
from shared.domain.strategy import Skip, Trade, View
from shared.domain.whale import Signal


class Params(Struct, frozen=True):
    """``sizing``: ``kelly`` (fractional Kelly on the wallet's edge) or ``ratio`` (a fraction of the whale's notional).

    ``ratio``: that fraction in millionths, 0..1. ``slack``: how much worse than the burst's last price a limit may be,
    in millionths of it (at least one tick), 0..0.1.
    """

    sizing: str = "kelly"
    ratio: Fraction = Fraction(100_000)
    slack: Fraction = Fraction(20_000)

    def __post_init__(self) -> None:
        if self.sizing not in ("kelly", "ratio"):
            raise BadInput(f"sizing must be kelly or ratio, not {self.sizing!r}")
        if not 0 < self.ratio <= ONE:
            raise BadInput(f"ratio must lie between 0 and 1, not {format_micro(self.ratio)}")
        if not 0 <= self.slack <= ONE // 10:  # not money: a bound in millionths
            raise BadInput(f"slack must lie between 0 and 0.1, not {format_micro(self.slack)}")


_SKIP_UNKNOWN = Skip(Reason.MARKET_UNKNOWN)
_SKIP_EDGE_UNKNOWN = Skip(Reason.EDGE_UNKNOWN)
_SKIP_NO_EDGE = Skip(Reason.NO_EDGE)
_SKIP_JOINED = Skip(Reason.JOINED_BURST)
_SKIP_NO_SLEEVE = Skip(Reason.NO_SLEEVE)
_SKIP_COVERED = Skip(Reason.EXIT_COVERED)


class WhaleCopy:
    """One intent per burst: a BUY sized by Kelly or by ratio, a SELL of the same fraction the whale sold."""

    name = "whale_copy"
    needs = ("whales", "books")

    def __init__(self, params: Params) -> None:
        self.params = params

    def decide(self, signal: Signal, view: View) -> Trade | Skip:
        """What to do about a burst as it stands."""
        market = view.market(signal.market)
        if market is None:
            return _SKIP_UNKNOWN
        if signal.side is Side.SELL:
            return self._exit(signal, view, market.tick)
        return self._entry(signal, view, market.tick, market.fee_rate)

    def _entry(self, signal: Signal, view: View, tick: Price, fee_rate: Fraction) -> Trade | Skip:
        taken = view.intended(signal.signal_id)
        last = Price(signal.last_price)
        if self.params.sizing == "ratio":
            wish = part(signal.notional, self.params.ratio) - taken
            if wish <= 0:
                return _SKIP_JOINED
            limit = worst_buy(last, self.params.slack, tick)
            return Trade(signal.token, Side.BUY, limit, Purpose.ENTRY, wish=Usd(wish))
        if taken > 0:
            return _SKIP_JOINED
        edge = view.edge(signal.wallet)
        if edge is None:
            return _SKIP_EDGE_UNKNOWN
        if edge <= 0:
            return _SKIP_NO_EDGE
        p_win = Fraction(min(last + edge, ONE - 1))
        limit = worst_buy(last, self.params.slack, tick)
        if p_win <= limit + fee_per_share(limit, fee_rate):
            return _SKIP_NO_EDGE
        return Trade(signal.token, Side.BUY, limit, Purpose.ENTRY, p_win=p_win)

    def _exit(self, signal: Signal, view: View, tick: Price) -> Trade | Skip:
        free = view.sleeve_free(signal.token, self.name, signal.wallet)
        held = view.sleeve_size(signal.token, self.name, signal.wallet)
        if held == 0:
            return _SKIP_NO_SLEEVE
        sold = view.intended(signal.signal_id)
        wish = min(mul_div_floor(held + sold, signal.fraction_sold, ONE) - sold, free)
        if wish <= 0:
            return _SKIP_COVERED
        limit = worst_sell(Price(signal.last_price), self.params.slack, tick)
        return Trade(signal.token, Side.SELL, limit, Purpose.EXIT, wish=wish)
