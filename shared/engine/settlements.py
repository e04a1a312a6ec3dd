"""Settlements: what becomes of executions, of positions in resolved markets, and of both sides held by accident.

An execution is provisional until the chain has it; one that failed comes back out of the books exactly as it went in.
"""

from collections.abc import Callable

from shared.domain.effects import Alert, Effect, Merge, Query, Settle, Write
from shared.domain.ids import fact_id
from shared.domain.ledger import SETTLED_FOR_GOOD, Position, PostingKind, Record, RecordKind, SettlementStatus
from shared.domain.messages import FillStatus, Merged, RebatePaid
from shared.domain.money import Shares, Usd, format_micro, split, value
from shared.engine.execution import Execution
from shared.engine.ledger import Projection, settle_record, shares_room
from shared.engine.limits import Limits
from shared.engine.settling import (
    contradicts,
    merge_records,
    rebate_record,
    reversible,
    status_record,
)


class Settlements:
    """Around the desk's books. ``write`` takes a record into belief and asks for its commit.

    ``broken``: why the books can no longer follow the venue, empty while they can.
    """

    def __init__(
        self,
        account: str,
        limits: Limits,
        books: Projection,
        positions: dict[str, dict[str, Position]],
        execution: Execution,
        write: Callable[[Record], Write],
    ) -> None:
        self.payouts: dict[str, dict[str, int]] = {}
        self.merging: dict[str, int] = {}
        """Shares of each outcome that the venue is merging, by market: nobody may sell them meanwhile."""
        self.broken = ""
        self._account = account
        self._limits = limits
        self._books = books
        self._positions = positions
        self._execution = execution
        self._write = write

    def relimit(self, limits: Limits) -> None:
        """Other limits: rooms that records mention for the first time are of their sizes."""
        self._limits = limits

    # ------------------------------------------------------------------ executions on the chain

    def told(self, told: FillStatus, at: int) -> list[Effect]:
        """How far one of our executions has come. One we have not heard of is asked about first."""
        books, key = self._books, (told.trade_id, told.order_key)
        order, booked = books.orders.get(told.order_key), books.booked.get(key)
        if order is None:
            return [Alert(2, "unknown_execution", f"trade {told.trade_id} settles an order that is not ours")]
        if booked is None:
            return [] if told.status is SettlementStatus.FAILED else [Query(told.order_key)]
        if contradicts(booked.status, told.status):
            text = f"trade {told.trade_id} of order {told.order_key}"
            return self._break("settlement_contradicted", f"{text} was {booked.status.value}, now {told.status.value}")
        failed = told.status is SettlementStatus.FAILED and booked.status not in SETTLED_FOR_GOOD
        if failed and not reversible(books, key):
            text = f"trade {told.trade_id} of order {told.order_key} failed after its shares had moved on"
            return self._break("irreversible", text)
        record = status_record(books, key, told.status, at, self._limits)
        if record is None:
            return []
        effects: list[Effect] = [self._write(record)]
        if failed:
            self.broken = ""  # what could not be taken back before may hang on this one; the next round will tell
            text = f"trade {told.trade_id} of {order.side.value} order {order.order_key} failed to settle: taken back"
            effects.append(Alert(2, "settlement_failed", text))
        return [*effects, *self.merge_if_both(order.market), *self.settle_if_free(order.market, at)]

    def _break(self, name: str, text: str) -> list[Effect]:
        self.broken = text
        return [Alert(1, name, text)]

    # ------------------------------------------------------------------ resolved markets

    def settle_if_free(self, market: str, at: int) -> list[Effect]:
        """Settle a resolved market's positions, unless an order of it may still fill or an execution still fail."""
        payouts = self.payouts.get(market)
        if payouts is None or market in self._execution.open_by_market or self._books.has_unsettled(market):
            return []
        effects: list[Effect] = []
        settled = False
        for token, held in self._by_token(market).items():
            payout = payouts.get(token)
            if payout is None:
                text = f"market {market} resolved without a payout for token {token}"
                effects.append(Alert(2, "payout_unknown", text))
                continue
            sizes: list[int] = [position.size for position in held]
            parts = split(value(sum(sizes), payout), sizes)  # the venue redeems a token once, not sleeve by sleeve
            for position, got in zip(held, parts, strict=True):
                effects.append(self._write(settle_record(position, payout, at, self._limits, Usd(got))))
                settled = True
        self._execution.forget_market(market)
        self.merging.pop(market, None)
        return [*effects, Settle(market)] if settled else effects

    def redeemed(self, market: str, at: int) -> list[Effect]:
        """The venue has paid out: the wallet holds what the books say."""
        if market not in self._books.redemptions:
            return []
        return [self._write(Record(RecordKind.REDEEMED, self._account, at, ref=market))]

    # ------------------------------------------------------------------ both sides of a market

    def merge_if_both(self, market: str) -> list[Effect]:
        """Both outcomes held, which only accidents bring about (a late fill): they are worth a dollar together, now."""
        if market in self.payouts or market in self.merging:
            return []
        by_token = self._by_token(market)
        if len(by_token) < 2:
            return []
        size = min(self._free(held) for held in by_token.values())
        if size <= 0:
            return []
        named = [
            f"{position.key}/{position.size}/{position.opened_at}" for held in by_token.values() for position in held
        ]
        ref = fact_id("merge", self._account, market, size, *named)
        self.merging[market] = size
        text = f"market {market}: both sides are held, {format_micro(size)} shares of each are merged"
        return [Merge(market, size, ref), Alert(2, "both_sides", text)]

    def _by_token(self, market: str) -> dict[str, list[Position]]:
        """The market's positions by token, in the order in which they were opened."""
        found: dict[str, list[Position]] = {}
        for position in self._positions.get(market, {}).values():
            found.setdefault(position.token, []).append(position)
        return found

    def _free(self, held: list[Position]) -> int:
        """Shares of these that no open order claims and that have settled."""
        rooms = self._books.room
        return sum(max(rooms.get(shares_room(position.token, position.sleeve), 0), 0) for position in held)

    def merged(self, told: Merged, at: int) -> list[Effect]:
        """The venue has merged: book it once. What the books cannot follow breaks their word."""
        if self._books.knows(PostingKind.MERGE, told.ref):
            return []
        self.merging.pop(told.market, None)
        by_token = list(self._by_token(told.market).values())
        held = [sum(position.size for position in one) for one in by_token]
        if len(by_token) < 2 or min(held) < told.size:
            text = f"market {told.market}: {told.size} shares of each side were merged, we hold {held}"
            return self._break("merge_unbookable", text)
        made = merge_records(self._books, by_token[0], by_token[1], Shares(told.size), told.ref, at, self._limits)
        return [*(self._write(record) for record in made), *self.merge_if_both(told.market)]

    # ------------------------------------------------------------------ money that comes by itself

    def rebate(self, told: RebatePaid, at: int) -> list[Effect]:
        """The venue has paid a rebate: booked once."""
        if self._books.knows(PostingKind.REBATE, told.ref):
            return []
        return [self._write(rebate_record(self._account, Usd(told.amount), told.ref, at))]

    # ------------------------------------------------------------------ recovery

    def recover(self, at: int) -> list[Effect]:
        """What resolved or was bought by accident in an earlier life is settled, redeemed and merged now."""
        again: list[Effect] = [Settle(market) for market in self._books.redemptions]
        settled = [effect for market in list(self.payouts) for effect in self.settle_if_free(market, at)]
        both = [effect for market in list(self._positions) for effect in self.merge_if_both(market)]
        return [*again, *settled, *both]
