"""What the trader's parts say of themselves, from what the engine and the housekeeping know. Event times in
nanoseconds; nothing here changes the engine.
"""

from collections.abc import Mapping

from fargate.boards import tripped
from fargate.condition import Component
from fargate.leased import LEASE
from fargate.people import SWITCH
from shared.domain.instants import MINUTE, rough_span
from shared.domain.money import format_fixed
from shared.domain.order import OrderState
from shared.engine.engine import Engine
from shared.engine.outside import STORE
from shared.engine.risk import Risk
from shared.ports import Archive
from shared.research.rounds import VENUE, Rounds

DOUBT_NS = MINUTE
"""An order in doubt for longer is no passing thing: somebody should look, and nothing new is begun meanwhile."""
VIEWS, TAPE = "views", "tape"
OWN = (STORE, SWITCH, VENUE, LEASE, VIEWS, TAPE)
"""What is told of as a feed, and is a component in its own right."""


def components_of(
    engine: Engine, rounds: Rounds, feeds: Mapping[str, str], tape: Archive, at: int
) -> dict[str, Component]:
    """Every component by its name, at event time ``at``. ``feeds``: what is wrong with those that are not well."""
    risk = engine.desk.risk
    stopped = tripped(risk, at)
    return {
        "account": _account(engine),
        STORE: store_of(risk),
        SWITCH: _switch(risk, feeds),
        VENUE: _venue(engine, rounds, at),
        VIEWS: Component(VIEWS not in feeds, feeds.get(VIEWS, "shown")),
        TAPE: _tape(tape, feeds),
        "breakers": Component(not stopped, ", ".join(stopped) or "none is tripped"),
        **_feeds_down(risk, feeds),
    }


def store_of(risk: Risk) -> Component:
    """Whether the store answers in time, as the engine was told."""
    return Component(STORE not in risk.feeds_down, risk.feeds_down.get(STORE, "answers in time"), needed=True)


def _account(engine: Engine) -> Component:
    desk = engine.desk
    equity = format_fixed(desk.risk.equity(), 2)
    return Component(True, f"{engine.account}: equity ${equity}, {desk.open_positions()} positions")


def _switch(risk: Risk, feeds: Mapping[str, str]) -> Component:
    """The kill switch: trading is on, and it can be read. A single read that failed is told, and is no reason yet."""
    if not risk.trading:
        return Component(False, f"STOPPED: {risk.stopped_because or 'no reason given'}", needed=True)
    down = risk.feeds_down.get(SWITCH)
    failed = feeds.get(SWITCH)
    says = down or ("trading is on" if failed is None else f"trading is on; it could not be read just now: {failed}")
    return Component(down is None, says, needed=True)


def _venue(engine: Engine, rounds: Rounds, at: int) -> Component:
    """Our books against the venue's, and the orders there."""
    orders = engine.desk.execution.open_orders()
    doubts = [order for order in orders if order.state is OrderState.IN_DOUBT]
    longest = max((at - order.changed_at for order in doubts), default=0)
    down = engine.desk.risk.feeds_down.get(VENUE)
    equal = f"books equal {rough_span(max(0, at - rounds.equal_at))} ago" if rounds.equal_at else "no equal round yet"
    told = [down or equal, f"{len(orders)} orders open", f"{len(doubts)} in doubt"]
    if longest > DOUBT_NS:
        told.append(f"one for {rough_span(longest)}")
    return Component(down is None and rounds.equal_at > 0 and longest <= DOUBT_NS, ", ".join(told), needed=True)


def _tape(tape: Archive, feeds: Mapping[str, str]) -> Component:
    """What is not put yet would be lost by a kill; what was dropped is lost already, and leaves a hole."""
    counted = f"{tape.waiting:,} rows wait, {tape.dropped:,} were dropped"
    failed = feeds.get(TAPE)
    return Component(failed is None and not tape.dropped, counted if failed is None else f"{counted}; {failed}")


def _feeds_down(risk: Risk, feeds: Mapping[str, str]) -> dict[str, Component]:
    """The feeds that are not well; those that are, are not listed."""
    down = {**feeds, **risk.feeds_down}
    return {
        f"feed {name}": Component(False, reason, needed=name in risk.needs)
        for name, reason in sorted(down.items())
        if name not in OWN
    }
