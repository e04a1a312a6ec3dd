"""What an account executed on one UTC day, from its postings and the journal lines of its fills. Pure.

Money is micro-dollars, shares are millionths, times are nanoseconds UTC.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from shared.domain.ids import fact_id
from shared.domain.ledger import CASH, PUSD, Entry, Posting, PostingKind, Record, shares_account
from shared.domain.order import Purpose, Side

SHARES = shares_account("")


class Deal(Struct, frozen=True, gc=False):
    """One execution of an order of ours: when it was booked, what was paid, and which order and whale it belongs to.

    ``reference`` is the best price that was displayed when it was decided (0: none), ``rule`` why a rule of ours sold.
    """

    at: int
    venue_at: int
    trade_id: str
    order_key: str
    strategy: str
    source: str
    market: str
    token: str
    side: Side
    purpose: Purpose
    price: int
    size: int
    fee: int
    liquidity: str
    planned_at: int
    reference: int
    signal_tx: str
    rule: str

    @property
    def undone_by(self) -> str:
        """The id of the posting that takes it back where its settlement fails."""
        return fact_id("posting", PostingKind.REVERSE.value, f"{self.trade_id}/{self.order_key}")


class Ended(Struct, frozen=True, gc=False):
    """Shares that a sleeve held when their market was resolved, and what was paid for all of them together."""

    at: int
    token: str
    sleeve: str
    size: int
    paid: int


class DayBook:
    """One UTC day: executions, settlements, purchases that were planned, and money that came without an order.

    What is added twice counts once, so a day may be read again from a little earlier.
    """

    def __init__(self, day: int) -> None:
        self.day = day
        self.deals: dict[tuple[str, str], Deal] = {}
        """By trade and order."""
        self.ended: dict[str, Ended] = {}
        """By the id of the posting."""
        self.planned: dict[str, int] = {}
        """When a purchase was planned, by its order; sales hold no cash and leave no posting."""
        self.undone: dict[str, None] = {}
        """Ids of the postings that took executions back."""
        self.moved: dict[str, tuple[PostingKind, int]] = {}
        """Dollars put in, given back by the venue or moved from outside, by the id of the posting."""

    def copy(self) -> "DayBook":
        """A book that goes on by itself: whoever reads this one is not disturbed."""
        made = DayBook(self.day)
        made.deals, made.ended, made.planned = dict(self.deals), dict(self.ended), dict(self.planned)
        made.undone, made.moved = dict(self.undone), dict(self.moved)
        return made

    def add(self, postings: Iterable[Posting], records: Iterable[Record]) -> None:
        """Take up postings of the day, and the records of those that are fills."""
        for one in postings:
            match one.kind:
                case PostingKind.RESERVE:
                    self.planned[one.ref] = one.at
                case PostingKind.SETTLE:
                    self.ended[one.posting_id] = _ended(one)
                case PostingKind.REVERSE:
                    self.undone[one.posting_id] = None
                case PostingKind.DEPOSIT | PostingKind.REBATE | PostingKind.EXTERNAL:
                    self.moved[one.posting_id] = (one.kind, _dollars_into(CASH, one.entries))
        for record in records:
            made = _deal(record)
            if made is not None:
                self.deals[made.trade_id, made.order_key] = made

    def total(self, kind: PostingKind) -> int:
        """Dollars that came in by postings of a kind, in micro-dollars."""
        return sum(amount for found, amount in self.moved.values() if found is kind)


def standing(books: Sequence[DayBook]) -> list[Deal]:
    """The executions of several days in the order they were booked, without those that were taken back."""
    undone = {name for book in books for name in book.undone}
    deals = [deal for book in books for deal in book.deals.values()]
    kept = deals if not undone else [deal for deal in deals if deal.undone_by not in undone]
    return sorted(kept, key=lambda deal: (deal.at, deal.trade_id, deal.order_key))


def _deal(record: Record) -> Deal | None:
    order, fill = record.order, record.fill
    if order is None or fill is None:
        return None
    return Deal(
        record.at,
        fill.venue_at,
        fill.trade_id,
        order.order_key,
        order.strategy,
        order.source,
        order.market,
        order.token,
        order.side,
        order.purpose,
        fill.price,
        fill.size,
        fill.fee,
        fill.liquidity,
        order.planned_at,
        order.reference,
        order.signal_tx,
        order.rule,
    )


def _ended(made: Posting) -> Ended:
    lines = [entry for entry in made.entries if entry.account.startswith(SHARES)]
    token, sleeve = (lines[0].asset, lines[0].account.removeprefix(SHARES)) if lines else ("", "")
    size = -sum(entry.amount for entry in lines)
    return Ended(made.at, token, sleeve, size, _dollars_into(CASH, made.entries))


def _dollars_into(account: str, entries: Iterable[Entry]) -> int:
    return sum(entry.amount for entry in entries if entry.account == account and entry.asset == PUSD)
