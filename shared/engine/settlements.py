"""Settlements: what becomes of executions, of positions in resolved markets, and of both sides held by accident.

An execution is provisional until the chain has it; one that failed comes back out of the books exactly as it went in.
"""

from collections.abc import Callable

from shared.domain.effects import Alert, Effect, Merge, Query, Settle, WakeMeAt, Write
from shared.domain.ids import fact_id
from shared.domain.instants import MINUTE
from shared.domain.ledger import (
    SETTLED_FOR_GOOD,
    Merging,
    Position,
    PostingKind,
    Record,
    RecordKind,
    SettlementStatus,
)
from shared.domain.messages import FillStatus, Merged, MergeReverted, RebatePaid, TimerKind
from shared.domain.money import Shares, Usd, format_micro, split, value
from shared.engine.execution import Execution
from shared.engine.ledger import Projection, settle_record, shares_room
from shared.engine.limits import Limits
from shared.engine.settling import (
    contradicts,
    merge_records,
    merging_record,
    rebate_record,
    reversible,
    status_record,
    unmerged_record,
)

AGAIN_NS = MINUTE
"""How long an answer of the chain is waited for before it is asked again."""


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
        self.broken = ""
        self._reverted: dict[str, None] = {}
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
        return [*effects, *self.merge_if_both(order.market, at), *self.settle_if_free(order.market, at)]

    def unbookable(self, text: str) -> list[Effect]:
        """Nothing has explained what the venue told: the books cannot follow it."""
        return self._break("sale_unbookable", text)

    def _break(self, name: str, text: str) -> list[Effect]:
        self.broken = text
        return [Alert(1, name, text)]

    # ------------------------------------------------------------------ resolved markets

    def settle_if_free(self, market: str, at: int) -> list[Effect]:
        """Settle a resolved market's positions, unless an order of it may still fill, an execution still fail, or the
        venue still merge some of them.
        """
        payouts, books = self.payouts.get(market), self._books
        if payouts is None or market in self._execution.open_by_market:
            return []
        if books.has_unsettled(market) or books.merging_in(market):
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
            # The venue redeems a token once, not sleeve by sleeve: also those an earlier life has settled already.
            size, paid = self._settled(market, token)
            parts = split(value(size + sum(sizes), payout) - paid, sizes)
            for position, got in zip(held, parts, strict=True):
                effects.append(self._write(settle_record(position, payout, at, self._limits, Usd(got))))
                settled = True
        self._execution.forget_market(market)
        return [*effects, *self._redeem(market, at)] if settled else effects

    def _settled(self, market: str, token: str) -> tuple[int, int]:
        """Shares of the token that are settled and not redeemed, and the dollars booked for them."""
        waiting = [one for one in self._books.redemptions.get(market, ()) if one.token == token]
        return sum(one.size for one in waiting), sum(one.paid for one in waiting)

    def _redeem(self, market: str, at: int) -> list[Effect]:
        return [Settle(market), WakeMeAt(at + AGAIN_NS, TimerKind.UNANSWERED, market)]

    def redeemed(self, market: str, at: int) -> list[Effect]:
        """The venue has paid out: the wallet holds what the books say."""
        if market not in self._books.redemptions:
            return []
        return [self._write(Record(RecordKind.REDEEMED, self._account, at, ref=market))]

    # ------------------------------------------------------------------ both sides of a market

    def merge_if_both(self, market: str, at: int) -> list[Effect]:
        """Both outcomes held, which only accidents bring about (a late fill): they are worth a dollar together, now.

        The merge is written down before it is asked for, so that whoever lives when it is answered knows of it.
        """
        if market in self.payouts or self._books.merging_in(market):
            return []
        by_token = self._by_token(market)
        if len(by_token) < 2:
            return []
        size = Shares(min(self._free(held) for held in by_token.values()))
        if size <= 0:
            return []
        named = [
            f"{position.key}/{position.size}/{position.opened_at}" for held in by_token.values() for position in held
        ]
        ref = fact_id("merge", self._account, market, size, *named)
        if ref in self._reverted:
            return []
        text = f"market {market}: both sides are held, {format_micro(size)} shares of each are merged"
        written = self._write_ahead(market, by_token, size, ref, at)
        return [written, *self._merge(ref, at), Alert(2, "both_sides", text)]

    def _merge(self, ref: str, at: int) -> list[Effect]:
        asked = self._books.merging[ref].asked
        return [Merge(asked.market, asked.size, ref), WakeMeAt(at + AGAIN_NS, TimerKind.UNANSWERED, ref)]

    def unanswered(self, name: str, at: int) -> list[Effect]:
        """Ask the chain again, under the same name, for what it has neither done nor refused."""
        if name in self._books.redemptions:
            return self._redeem(name, at)
        return self._merge(name, at) if name in self._books.merging else []

    def _write_ahead(self, market: str, by_token: dict[str, list[Position]], size: Shares, ref: str, at: int) -> Write:
        first, second = by_token
        return self._write(merging_record(self._account, Merging(market, (first, second), size, ref), at))

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
        """The venue has merged: book it once, whoever asked for it. What the books cannot follow breaks their word."""
        if self._books.knows(PostingKind.MERGE, told.ref):
            return []
        by_token = self._by_token(told.market)
        underway = self._books.merging.get(told.ref)
        left = dict.fromkeys(by_token, told.size) if underway is None else underway.left
        held = {token: sum(position.size for position in by_token.get(token, ())) for token in left}
        if len(left) < 2 or any(held[token] < size for token, size in left.items()):
            text = f"market {told.market}: {told.size} shares of each side were merged, we hold {list(held.values())}"
            return self._break("merge_unbookable", text)
        asked = [] if underway is not None else [self._write_ahead(told.market, by_token, told.size, told.ref, at)]
        made = merge_records(self._books, self._books.merging[told.ref], by_token, at, self._limits)
        booked: list[Effect] = [*asked, *(self._write(record) for record in made)]
        return [*booked, *self._free_again(told.market, at)]

    def reverted(self, told: MergeReverted, at: int) -> list[Effect]:
        """The venue could not merge: nothing has happened. The same is not asked for again in this life."""
        if told.ref not in self._books.merging:
            return []
        self._reverted[told.ref] = None
        text = f"market {told.market}: the wallet did not hold what was to be merged; nothing was"
        written = self._write(unmerged_record(self._account, told.ref, at))
        return [written, Alert(2, "merge_reverted", text), *self._free_again(told.market, at)]

    def _free_again(self, market: str, at: int) -> list[Effect]:
        """No merge is under way in the market any more: what waited for that."""
        return [*self.merge_if_both(market, at), *self.settle_if_free(market, at)]

    # ------------------------------------------------------------------ money that comes by itself

    def rebate(self, told: RebatePaid, at: int) -> list[Effect]:
        """The venue has paid a rebate: booked once."""
        if self._books.knows(PostingKind.REBATE, told.ref):
            return []
        return [self._write(rebate_record(self._account, Usd(told.amount), told.ref, at))]

    # ------------------------------------------------------------------ recovery

    def recover(self, at: int) -> list[Effect]:
        """What an earlier life asked the chain for is asked for again, under the same name; what resolved or was bought
        by accident meanwhile is settled and merged now.
        """
        asked = [*self._books.redemptions, *self._books.merging]
        again = [effect for name in asked for effect in self.unanswered(name, at)]
        settled = [effect for market in list(self.payouts) for effect in self.settle_if_free(market, at)]
        both = [effect for market in list(self._positions) for effect in self.merge_if_both(market, at)]
        return [*again, *settled, *both]
