"""Mistakes that somebody could make in the engine, planted one at a time to see that the histories find them."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from shared.adapters.memory.store import MemoryStore
from shared.domain.decision import Reason
from shared.domain.effects import Effect
from shared.domain.ledger import HeadroomChange, Record
from shared.domain.money import Usd
from shared.domain.order import Order, OrderState, Side
from shared.domain.rejections import Verdict
from shared.engine import ledger, phases, settling
from shared.engine.desk import Desk
from shared.engine.detection import Deliveries, Detection
from shared.engine.execution import Execution
from shared.engine.exits import Exits
from shared.engine.guard import Guard
from shared.engine.holdings import Holdings
from shared.engine.judge import Judge
from shared.engine.leaving import Leaving
from shared.engine.ledger import shares_room
from shared.engine.losses import Losses
from shared.engine.marks import Marks
from shared.engine.outside import Outside
from shared.engine.risk import Risk
from shared.engine.watches import Watch

Patch = pytest.MonkeyPatch


def nothing(*_: Any) -> list[Effect]:
    return []


def never(*_: Any) -> bool:
    return False


# ---------------------------------------------------------------------- orders and money


def fills_not_keyed(patch: Patch) -> None:
    filled = Desk.filled

    def forgetful(self: Desk, fill: Any, at: int) -> Any:
        self.books.booked.pop((fill.trade_id, fill.order_key), None)
        return filled(self, fill, at)

    patch.setattr(Desk, "filled", forgetful)


def timeout_is_rejection(patch: Patch) -> None:
    patch.setattr(Desk, "doubtful", Desk.rejected)


def sent_although_stopped(patch: Patch) -> None:
    patch.setattr(Desk, "_unwanted", never)


def ended_orders_keep_their_cash(patch: Patch) -> None:
    patch.setattr(ledger, "FINAL", (OrderState.FILLED,))


def exposure_forgets_settlements(patch: Patch) -> None:
    settle = ledger.settle_record

    def without_exposure(*given: Any) -> Any:
        record = settle(*given)
        kept = tuple(c for c in record.headroom if not c.name.startswith("market#"))
        return replace(record, headroom=kept)

    patch.setattr("shared.engine.settlements.settle_record", without_exposure)


def open_orders_do_not_count_against_the_position(patch: Patch) -> None:
    def held_only(self: Desk, market: str, token: str) -> Usd:
        return Usd(sum(p.cost for p in self.positions.get(market, {}).values() if p.token == token))

    patch.setattr(Desk, "in_token", held_only)


def a_restart_forgets_open_orders(patch: Patch) -> None:
    patch.setattr(Desk, "_reopen", nothing)


def every_delivery_is_new(patch: Patch) -> None:
    patch.setattr(Deliveries, "is_new", lambda self, trade, source, at: True)


def a_restart_forgets_bursts(patch: Patch) -> None:
    patch.setattr(Detection, "restore_burst", nothing)


def a_doubt_is_asked_about_once(patch: Patch) -> None:
    patch.setattr(Desk, "_ask", nothing)


def a_cancel_is_sent_without_looking_again(patch: Patch) -> None:
    woken = Desk.woken
    patch.setattr(Desk, "woken", lambda self, timer, at: woken(self, timer, at)[:1])


def a_refused_plan_keeps_its_money(patch: Patch) -> None:
    patch.setattr(Desk, "refused", nothing)


def a_leg_is_planned_while_one_is_open(patch: Patch) -> None:
    track = Execution.track

    def never_open(self: Execution, before: Order | None, order: Order) -> None:
        track(self, before, order)
        self.intents[order.signal_id].open_key = ""

    patch.setattr(Execution, "track", never_open)


def marks_forget_sales(patch: Patch) -> None:
    resize = Marks.resize
    patch.setattr(Marks, "resize", lambda self, token, delta, at: resize(self, token, max(delta, 0), at))


def the_journal_misses_moves(patch: Patch) -> None:
    journal = MemoryStore.journal
    patch.setattr(
        MemoryStore, "journal", lambda self, account: [r for r in journal(self, account) if r.kind.value != "moved"]
    )


# ---------------------------------------------------------------------- settlement


def shares_are_free_when_matched(patch: Patch) -> None:
    made = ledger.fill_record

    def eager(order: Order, position: Any, fill: Any, *given: Any) -> Record:
        record = made(order, position, fill, *given)
        if order.side is Side.BUY and fill.settles:
            freed = HeadroomChange(shares_room(order.token, order.sleeve), fill.size, 0)
            return replace(record, headroom=(*record.headroom, freed))
        return record

    patch.setattr("shared.engine.desk.fill_record", eager)


def a_failure_keeps_its_profit(patch: Patch) -> None:
    without = settling._without

    def kept(books: Any, order: Order, key: Any) -> Any:
        left = without(books, order, key)
        return left and (left[0], left[1], books.positions[f"{order.token}#{order.sleeve}"].realized)

    patch.setattr(settling, "_without", kept)


def failures_are_not_counted(patch: Patch) -> None:
    patch.setattr(Outside, "failed_settlement", nothing)


# ---------------------------------------------------------------------- breakers and caps


def later_legs_ask_no_breaker(patch: Patch) -> None:
    patch.setattr(Judge, "_vetoed", never)


def a_day_s_loss_halts_nothing(patch: Patch) -> None:
    lost = Losses._lost_too_much

    def but_the_day(self: Losses, reason: Reason, *given: Any) -> None:
        if reason is not Reason.HALTED_DAILY_LOSS:
            lost(self, reason, *given)

    patch.setattr(Losses, "_lost_too_much", but_the_day)


def a_week_s_loss_halts_nothing(patch: Patch) -> None:
    lost = Losses._lost_too_much

    def but_the_week(self: Losses, reason: Reason, *given: Any) -> None:
        if reason is not Reason.HALTED_WEEKLY_LOSS:
            lost(self, reason, *given)

    patch.setattr(Losses, "_lost_too_much", but_the_week)


def a_drawdown_halts_nothing(patch: Patch) -> None:
    patch.setattr(Losses, "look", Losses.walked)


def rows_of_losses_stop_nobody(patch: Patch) -> None:
    booked = Losses.booked

    def hopeful(self: Losses, *given: Any) -> None:
        booked(self, *given)
        self._latched.pop(Reason.PAUSED_LOSSES, None)
        self._latched.pop(Reason.HALTED_LOSSES, None)

    patch.setattr(Losses, "booked", hopeful)


def a_whale_may_lose_anything(patch: Patch) -> None:
    booked = Losses.booked

    def forgiving(self: Losses, *given: Any) -> None:
        booked(self, *given)
        self._sources_out.clear()

    patch.setattr(Losses, "booked", forgiving)


def feeds_are_always_up(patch: Patch) -> None:
    patch.setattr(Outside, "feed", nothing)


def a_slow_store_stops_nobody(patch: Patch) -> None:
    patch.setattr(Guard, "_feed_reason", lambda self: Reason.HALTED_FEED if set(self.feeds_down) - {"store"} else None)


def errors_are_not_counted(patch: Patch) -> None:
    patch.setattr(Outside, "api_error", nothing)


def bitcoin_may_move(patch: Patch) -> None:
    patch.setattr(Outside, "spot", nothing)


def figures_are_not_read(patch: Patch) -> None:
    def only_kept(self: Outside, figures: Any, *_: Any) -> None:
        self.figures = figures

    patch.setattr(Outside, "weigh", only_kept)


def entries_have_no_rate(patch: Patch) -> None:
    patch.setattr(Outside, "rate_reached", never)


def exits_have_no_rate(patch: Patch) -> None:
    patch.setattr(Outside, "exit_rate_reached", never)


def nobody_looks_at_the_company(patch: Patch) -> None:
    patch.setattr(Risk, "company", lambda self, ask: None)


def percentages_of_equity_are_no_caps(patch: Patch) -> None:
    room = Risk._room

    def roomy(self: Risk, ask: Any, equity: Usd) -> Any:
        return room(self, ask, Usd(equity + equity))

    patch.setattr(Risk, "_room", roomy)


# ---------------------------------------------------------------------- execution and exits


def phases_pay_any_price(patch: Patch) -> None:
    patch.setattr(phases, "worst_price", lambda order, *_: 990_000 if order.side is Side.BUY else 10_000)


def phases_give_nothing_up(patch: Patch) -> None:
    patch.setattr(phases, "part", lambda *_: 0)


def whatever_is_refused_is_tried_again(patch: Patch) -> None:
    patch.setattr(phases, "verdict_on", lambda _: Verdict.RETRY)


def slices_take_more_each_time(patch: Patch) -> None:
    sliced = phases._next_slice

    def greedy(*given: Any) -> Any:
        leg = sliced(*given)
        return replace(leg, size=leg.size + leg.size)

    patch.setattr(phases, "_next_slice", greedy)


def stops_look_away(patch: Patch) -> None:
    patch.setattr(Exits, "marked", nothing)


def nobody_leaves_in_time(patch: Patch) -> None:
    patch.setattr(Exits, "due", nothing)


def flatten_only_stops(patch: Patch) -> None:
    patch.setattr(Holdings, "flatten", nothing)


def flatten_is_over_once_all_was_sold(patch: Patch) -> None:
    flatten = Holdings.flatten

    def once(self: Holdings, at: int) -> list[Effect]:
        effects = flatten(self, at)
        self._flat = False
        return effects

    patch.setattr(Holdings, "flatten", once)


def an_exit_sells_twice(patch: Patch) -> None:
    pressed = Holdings._press

    def twice(self: Holdings, key: str, at: int) -> list[Effect]:
        first = pressed(self, key, at)
        wanted = self._wanted.get(key)
        intent = wanted and self._desk.execution.intent_of(wanted.signal_id)
        if not first or not intent:
            return first
        intent.open_key = ""
        return [*first, *pressed(self, key, at)]

    patch.setattr(Holdings, "_press", twice)


def an_exit_tries_once(patch: Patch) -> None:
    patch.setattr(Leaving, "_is_due", lambda self, *_: self.steps == 0)


def peaks_are_forgotten(patch: Patch) -> None:
    rule_at = Watch.rule_at

    def forgetful(self: Watch, *given: Any) -> Reason | None:
        found = rule_at(self, *given)
        self.forget_peak()
        return found

    patch.setattr(Watch, "rule_at", forgetful)


MISTAKES: list[Callable[[Patch], None]] = [
    made
    for name, made in list(globals().items())
    if callable(made) and getattr(made, "__module__", "") == __name__ and name not in ("nothing", "never")
]
