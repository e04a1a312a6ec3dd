"""Paper against truth: where a wallet's profit went when its trades were copied, exact to the micro-dollar.

own = copy + missed + delay + spread + fee; the last four are costs where positive. This is the implementation shortfall
of Perold 1988 ("The implementation shortfall: paper versus reality"), split as Wagner and Edwards do (1993, "Best
execution"):

- ``own``: the wallet's trades held to the payout, at the prices they were made at. Splits, merges and redemptions move
  nothing in it: a pair costs what it pays. The fees it may have paid are not recorded.
- ``missed``: what it earned on the shares that were not copied, less what we earned on shares it did not trade.
- ``delay``: from its price to the *reference*, the last price known before our fill: in recordings without books the
  token's last print before it, in either direction (the wallet's own, where nobody traded meanwhile). It may be a gain
  that is none: orders are filled when the price comes to them, which shows in ``missed``.
- ``spread``: from the reference to the price we got.
- ``fee``: what the venue took of us.
- ``copy``: our fills held to the payout, after fees: the ledger's realised profit in these markets.

Our shares are laid against the wallet's of the same burst, its earliest first, and only against trades that were known
when our order was planned.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from shared.domain.decision import Reason
from shared.domain.errors import BadInput
from shared.domain.money import ONE, Price, Shares, Usd, cost, float_of_micro, mul_div_floor, proceeds, value
from shared.domain.order import Side

BASIS_POINTS = 10_000
NOT_FILLED = "not_filled"
"""Under this name in ``missed_by``: shares of trades for which an order was sent, less what that order brought."""
BEYOND = "beyond"
"""Under this name: what we earned on shares that the wallet did not trade, as a cost."""
_ORDERED = (Reason.COPIED, Reason.TOPPED_UP)
TERMS = ("missed", "delay", "spread", "fee")
"""What lies between the wallet's profit and its copy's."""
_ADDED = ("notional", "copied", "own", *TERMS, "copy", "trades", "fills")


class Traded(Struct, frozen=True, gc=False):
    """One trade of the wallet: ``at`` is when it was decided upon (nanoseconds), ``reason`` what was decided.

    ``price`` in micro-dollars, ``size`` in millionths of a share; ``signal_id`` names its burst.
    """

    signal_id: str
    token: str
    side: Side
    price: Price
    size: Shares
    at: int
    reason: Reason = Reason.COPIED


class Copied(Struct, frozen=True, gc=False):
    """One fill of ours in a burst. ``planned_at`` and ``at``: when its order was planned, and when it happened at the
    venue (nanoseconds).
    """

    signal_id: str
    token: str
    side: Side
    price: Price
    size: Shares
    fee: Usd
    planned_at: int
    at: int


class Tape(Struct, frozen=True, gc=False):
    """The prints of a token, or its book's mids: ``times`` ascending (nanoseconds), ``prices`` in micro-dollars."""

    times: Sequence[int]
    prices: Sequence[int]

    def before(self, at: int) -> int | None:
        """The last price before this moment; None where there is none."""
        place = bisect_left(self.times, at)
        return self.prices[place - 1] if place else None


class Decomposition(Struct):
    """See the module. Micro-dollars: ``notional`` is what the wallet traded, ``copied`` how much of that we laid fills
    against; ``missed_by`` splits ``missed`` by the reason of the decision, the dearest first.
    """

    notional: int = 0
    copied: int = 0
    own: int = 0
    missed: int = 0
    delay: int = 0
    spread: int = 0
    fee: int = 0
    copy: int = 0
    trades: int = 0
    fills: int = 0
    missed_by: dict[str, int] = {}

    def bps(self, term: str) -> float:
        """A term in basis points of the wallet's notional; 0 where it traded nothing."""
        amount: int = getattr(self, term)
        return BASIS_POINTS * float_of_micro(amount) / float_of_micro(self.notional) if self.notional else 0.0


def together(parts: Iterable[Decomposition]) -> Decomposition:
    """Several splits as one: every term added."""
    found = Decomposition(missed_by={})
    for part in parts:
        for name in _ADDED:
            setattr(found, name, getattr(found, name) + getattr(part, name))
        for why, amount in part.missed_by.items():
            found.missed_by[why] = found.missed_by.get(why, 0) + amount
    return _dearest_first(found)


def _dearest_first(found: Decomposition) -> Decomposition:
    found.missed_by = dict(sorted(found.missed_by.items(), key=lambda pair: (-pair[1], pair[0])))
    return found


class _Left:
    """What is left of a trade or a fill: shares, and the cash that moved for them."""

    __slots__ = ("at", "cash", "reason", "size")

    def __init__(self, size: int, cash: int, at: int, reason: Reason) -> None:
        self.size, self.cash, self.at, self.reason = size, cash, at, reason

    def take(self, size: int) -> int:
        """The cash of this many of its shares; the last ones get the rest, so that nothing is lost."""
        cash = self.cash if size == self.size else mul_div_floor(self.cash, size, self.size)
        self.size -= size
        self.cash -= cash
        return cash


def decompose(
    trades: Iterable[Traded], fills: Iterable[Copied], payouts: Mapping[str, int], tapes: Mapping[str, Tape]
) -> Decomposition:
    """The split over the tokens that ``payouts`` names (micro-dollars per share, 0 to ONE); other trades are left out.

    ``trades`` in the order they were decided, ``fills`` in any. A payout between 0 and ONE is rounded down for every
    part of a trade, so P&L may then lie some micro-dollars below the ledger's; the sum of the terms stays exact.
    ``BadInput`` for a payout out of range.
    """
    for token, paid in payouts.items():
        if not 0 <= paid <= ONE:
            raise BadInput(f"payout of {token} must lie between 0 and 1, not {paid} millionths")
    found = Decomposition(missed_by={})
    bursts: dict[tuple[str, str, Side], list[_Left]] = {}
    for trade in trades:
        if trade.token in payouts:
            cash = value(trade.size, trade.price)
            found.trades += 1
            found.notional += cash
            left = _Left(trade.size, cash, trade.at, trade.reason)
            bursts.setdefault((trade.signal_id, trade.token, trade.side), []).append(left)
    for fill in sorted(fills, key=lambda one: (one.planned_at, one.at)):
        if fill.token in payouts:
            burst = bursts.get((fill.signal_id, fill.token, fill.side), [])
            _lay(found, fill, burst, payouts[fill.token], tapes.get(fill.token))
    for (_, token, side), burst in bursts.items():
        for left in burst:
            earned = _earned(side, left.size, left.cash, payouts[token])
            found.own += earned
            _miss(found, NOT_FILLED if left.reason in _ORDERED else left.reason.value, earned)
    return _dearest_first(found)


def _lay(found: Decomposition, fill: Copied, burst: list[_Left], payout: int, tape: Tape | None) -> None:
    """Lay a fill against the wallet's shares: every part's costs, and what is beyond them."""
    ours = cost(fill.size, fill.price) if fill.side is Side.BUY else proceeds(fill.size, fill.price)
    rest = _Left(fill.size, ours, fill.planned_at, Reason.COPIED)
    reference = None if tape is None else tape.before(fill.at)
    found.fills += 1
    found.fee += fill.fee
    found.copy -= fill.fee
    for theirs in burst:
        if rest.size == 0 or theirs.at > fill.planned_at:
            break
        size = min(rest.size, theirs.size)
        if size == 0:
            continue
        paid, got = theirs.take(size), rest.take(size)
        known = paid if reference is None else value(size, reference)
        found.copied += paid
        found.own += _earned(fill.side, size, paid, payout)
        found.copy += _earned(fill.side, size, got, payout)
        found.delay += _dearer(fill.side, known, paid)
        found.spread += _dearer(fill.side, got, known)
    if rest.size:
        earned = _earned(fill.side, rest.size, rest.cash, payout)
        found.copy += earned
        _miss(found, BEYOND, -earned)


def _miss(found: Decomposition, why: str, amount: int) -> None:
    found.missed += amount
    found.missed_by[why] = found.missed_by.get(why, 0) + amount


def _earned(side: Side, size: int, cash: int, payout: int) -> int:
    """The profit of shares bought or sold for ``cash`` and held to the payout."""
    paid = value(size, payout)
    return paid - cash if side is Side.BUY else cash - paid


def _dearer(side: Side, later: int, earlier: int) -> int:
    """How much worse the later cash is than the earlier, for who buys or sells."""
    return later - earlier if side is Side.BUY else earlier - later
