"""Planted bugs: what people get wrong in such a trader. A simulation that does not find them proves nothing.

Each is a change of the product (or of a promise of the store) for as long as a ``with`` lasts. ``PAIRS`` need two
faults together before they show.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from fargate import async_driver, at_venue, people
from shared.adapters.durable.conditions import LEASE, SWITCH
from shared.adapters.durable.lease import Keeper
from shared.adapters.durable.store import DurableStore
from shared.adapters.memory.backend import MemoryBackend
from shared.domain.effects import Merge
from shared.domain.errors import OutcomeUnknown, Temporary
from shared.domain.ledger import Fill, Record, SettlementStatus
from shared.domain.messages import FillStatus, OrderRejected, OrderReport, PlanCommitted, PlanRefused, RefusedBy
from shared.domain.order import FINAL, Order, OrderCause, OrderState
from shared.engine import resizing
from shared.engine.desk import Desk
from shared.engine.settlements import Settlements
from shared.ports import Store, Switch
from shared.research import storing
from tests.simulation.exchange import Exchange
from tests.simulation.lane import SlowLane

Mutant = Callable[[], Iterator[None]]


@contextmanager
def _without(*labels: str) -> Iterator[None]:
    """The store does not look at these conditions."""
    right = MemoryBackend._failed

    def failed(self: MemoryBackend, *arguments: Any) -> list[str]:
        return [one for one in right(self, *arguments) if not one.startswith(labels)]

    with patch.object(MemoryBackend, "_failed", failed):
        yield


def no_epoch() -> Any:
    """Plans and writes do not look at the lease."""
    return _without(LEASE)


def no_switch() -> Any:
    """Plans do not look at the kill switch."""
    return _without(SWITCH)


@contextmanager
def deaf_venue() -> Iterator[None]:
    """Nobody looks for what is asked of the venue beside its log (needs a kill)."""
    with patch.object(Exchange, "heed", lambda self: None):
        yield


@contextmanager
def stale_rooms() -> Iterator[None]:
    """A changed limit does not change the rooms that are stored (needs a change of limits and money in use)."""

    def same(*_: Any) -> list[Any]:
        return []

    with patch.object(resizing, "resized", same):
        yield


@contextmanager
def sent_before_written() -> Iterator[None]:
    """The order goes out while its plan is still on its way to the store."""

    def plan(self: async_driver.AsyncDriver, record: Record) -> None:
        assert record.order is not None
        self._answer(PlanCommitted(record.order.order_key))
        self._ask_store(lambda: storing.planned(self._store, record))

    with patch.object(async_driver.AsyncDriver, "_plan", plan):
        yield


@contextmanager
def merged_before_written() -> Iterator[None]:
    """A merge is asked for while the record that says so is still on its way to the store."""

    def merge(self: async_driver.AsyncDriver, effect: Merge, at: int) -> None:
        self.at_venue.merge(effect, at)

    with patch.object(async_driver.AsyncDriver, "_merge", merge):
        yield


@contextmanager
def merges_forgotten_by_restart() -> Iterator[None]:
    """A life knows nothing of a merge that an earlier one asked for."""
    right = Settlements.recover

    def recover(self: Settlements, at: int) -> list[Any]:
        self._books.merging.clear()
        return right(self, at)

    with patch.object(Settlements, "recover", recover):
        yield


@contextmanager
def doubt_is_refusal() -> Iterator[None]:
    """A time-out is taken for a rejection."""

    def doubtful(self: Desk, order_key: str, reason: str, at: int) -> list[Any]:
        return self.rejected(order_key, f"400 {reason}", at)

    with patch.object(Desk, "doubtful", doubtful):
        yield


@contextmanager
def lost_plan_is_refused() -> Iterator[None]:
    """A plan whose answer was lost is taken for one that was not written."""

    def planned(store: Store, record: Record) -> PlanCommitted | PlanRefused:
        assert record.order is not None
        try:
            return store.plan(record)
        except (OutcomeUnknown, Temporary) as error:
            return PlanRefused(record.order.order_key, RefusedBy.STORE, str(error))

    with patch.object(async_driver, "planned", planned):
        yield


@contextmanager
def old_plans_were_not_sent() -> Iterator[None]:
    """After a restart, orders of which nothing but the plan is known are taken for never sent."""
    right = Desk._reopen

    def reopen(self: Desk, order: Order, at: int) -> list[Any]:
        if order.state is OrderState.PLANNED:
            return self._move(order, OrderCause.NEVER_SENT, at, "not sent")
        return right(self, order, at)

    with patch.object(Desk, "_reopen", reopen):
        yield


@contextmanager
def late_fills_ignored() -> Iterator[None]:
    """A cancel is believed before the order's fills are booked, and they are not when they come (needs both)."""
    right, reported = Desk.filled, Desk.reported

    def filled(self: Desk, fill: Fill, at: int) -> list[Any]:
        return [] if self.order(fill.order_key).state in FINAL else right(self, fill, at)

    def believed(self: Desk, report: OrderReport, at: int) -> list[Any]:
        return reported(self, replace(report, filled=self.order(report.order_key).filled), at)

    with patch.object(Desk, "filled", filled), patch.object(Desk, "reported", believed):
        yield


@contextmanager
def failures_forgotten_by_restart() -> Iterator[None]:
    """Executions that an earlier life has booked are taken for settled (needs a restart and a failed settlement)."""
    right, rebuild = Settlements.told, Desk.rebuild
    old: dict[int, set[str]] = {}

    def rebuilt(self: Desk, records: list[Record], at: int) -> None:
        rebuild(self, records, at)
        old[id(self.settlements)] = {trade_id for trade_id, _ in self.books.booked}

    def told(self: Settlements, status: FillStatus, at: int) -> list[Any]:
        if status.status is SettlementStatus.FAILED and status.trade_id in old.get(id(self), set()):
            return []
        return right(self, status, at)

    with patch.object(Desk, "rebuild", rebuilt), patch.object(Settlements, "told", told):
        yield


@contextmanager
def lease_not_asked() -> Iterator[None]:
    """Orders go out without a look at the lease (needs a plan under way and a pause in which another takes over)."""
    with patch.object(Keeper, "vouched", property(lambda self: True)):
        yield


@contextmanager
def lost_renewal_counts() -> Iterator[None]:
    """A renewal whose answer was lost counts as made (needs lost answers and a successor)."""
    right = Keeper.renew

    def renew(self: Keeper) -> bool:
        done = right(self)
        if not done:
            self._sent = self._monotonic()
        return done

    with patch.object(Keeper, "renew", renew):
        yield


@contextmanager
def taken_at_once() -> Iterator[None]:
    """The lease of another is taken over without waiting."""
    right = Keeper._look

    def look(self: Keeper) -> None:
        self._seen_at = -(1 << 62)
        self._seen = self._backend.lease()
        right(self)

    with patch.object(Keeper, "_look", look):
        yield


@contextmanager
def commands_forgotten_first() -> Iterator[None]:
    """A command is forgotten before what it asked for is durable (needs a crash between the two)."""

    def taken(self: people.People, command_id: str) -> None:
        self._lane.post(lambda: self._store.taken(command_id), failed=lambda _: None)

    with patch.object(people.People, "_taken", taken):
        yield


@contextmanager
def old_resume_counts() -> Iterator[None]:
    """A resume undoes a stop that was set after it was asked for (needs both, in this order, and a slow trader)."""
    with patch.object(Switch, "replaces", lambda self, stands: True):
        yield


@contextmanager
def lane_goes_on() -> Iterator[None]:
    """After a fact that could not be written the ones behind it are written all the same."""

    def told(self: SlowLane, error: Exception, failed: Any) -> Any:
        if failed is not None and isinstance(error, Temporary):
            return lambda: failed(error)
        return lambda: self._broken(error)

    with patch.object(SlowLane, "_told", told), patch.object(DurableStore, "_nothing_owed", lambda *_: None):
        yield


@contextmanager
def fills_counted_again() -> Iterator[None]:
    """An execution that is told twice is booked twice."""
    right = Desk.filled

    def filled(self: Desk, fill: Fill, at: int) -> list[Any]:
        key = (fill.trade_id, fill.order_key)
        if key in self.books.booked and self.order(fill.order_key).remaining >= fill.size:
            order = self.order(fill.order_key)
            again = Fill(f"{fill.trade_id}-again", fill.order_key, fill.price, fill.size, fill.fee, fill.venue_at)
            return right(self, again, at) if order.remaining >= fill.size else []
        return right(self, fill, at)

    with patch.object(Desk, "filled", filled):
        yield


@contextmanager
def rejection_frees_everything() -> Iterator[None]:
    """A cancel that was sent is taken for done before the venue has said so."""
    right = at_venue.AtVenue.cancel

    def cancel(self: at_venue.AtVenue, order_key: str, at: int) -> None:
        right(self, order_key, at)
        self._driver.tell("venue", at, OrderRejected(order_key, "400 cancelled"))

    with patch.object(at_venue.AtVenue, "cancel", cancel):
        yield


SINGLE: tuple[Callable[[], Any], ...] = (
    no_epoch,
    no_switch,
    sent_before_written,
    doubt_is_refusal,
    lost_plan_is_refused,
    old_plans_were_not_sent,
    taken_at_once,
    fills_counted_again,
    rejection_frees_everything,
    lane_goes_on,
)
PAIRS: tuple[Callable[[], Any], ...] = (
    late_fills_ignored,
    failures_forgotten_by_restart,
    lease_not_asked,
    lost_renewal_counts,
    commands_forgotten_first,
    stale_rooms,
    old_resume_counts,
)
MUTANTS = (*SINGLE, *PAIRS)
OF_MERGES: tuple[Callable[[], Any], ...] = (merged_before_written, merges_forgotten_by_restart)
"""Merges are rare: these show in the single crashes of the scenario with one."""
