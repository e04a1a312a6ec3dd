"""One run of the trader, wherever it lives: its trader is made on an opened house, trades, and closes its books."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from fargate.compose import House
from fargate.condition import Component, Health
from fargate.live import LiveRun
from fargate.present import STATUS_EVERY_S
from fargate.prints import Prints
from fargate.runner import StopFlag
from fargate.screens import Displayed, Screens, no_book
from fargate.trader import About, Stopped, Trader, status_line
from shared.domain.instants import SECOND
from shared.domain.tape import TapeRow
from shared.research.driver import Driver
from shared.settings import Settings

IDLE_S = 0.2
TEXT_MAX = 500

Say = Callable[[str], None]


class Session(Struct):
    """One run: what it trades (``source``, for people), and how it ends."""

    settings: Settings
    source: str
    say: Say
    flag: StopFlag
    health: Health


def probe_urls(settings: Settings) -> dict[str, str]:
    """One cheap address of each public interface."""
    venue = settings.venue
    return {
        "data API": f"{venue.data_api_url}/v2/leaderboard?limit=1",
        "Gamma": f"{venue.gamma_url}/markets/keyset?limit=1",
        "CLOB": f"{venue.clob_url}/ok",
    }


class Pace:
    """Holds event time to a multiple of real time from a given instant on; before it, full speed."""

    def __init__(self, trader: Trader[Driver], speed: float, paced_from: int, say: Say) -> None:
        self._trader = trader
        self._speed = speed
        self._from = paced_from
        self._say = say
        self._began = 0.0
        self._said = 0.0

    def tick(self, at: int) -> None:
        """Housekeeping, then as much waiting as the pace asks for (in short pieces, so that people are heard)."""
        self._trader.tick(at)
        now = time.monotonic()
        if now - self._said >= STATUS_EVERY_S:
            self._said = now
            self._say(status_line(self._trader, at))
        if self._speed <= 0 or at < self._from:
            return
        if self._began == 0.0:
            self._began = now
            self._said = now
            self._say(f"from here on at {self._speed:g}x: {status_line(self._trader, at)}")
        while (ahead := (at - self._from) / SECOND / self._speed - (time.monotonic() - self._began)) > 0:
            time.sleep(min(ahead, IDLE_S))
            self._trader.tick(at)


def trader_on(session: Session, house: House, displayed: Displayed = no_book) -> Trader[Driver]:
    """A trader on the stores of this house; it goes on from what an earlier run has shown. ``displayed``: books that
    people are shown where the engine has none.
    """
    settings, done = session.settings, house.reconciled
    if done.rebuilt or done.copied:
        session.say(f"journal: {done.rebuilt} records rebuilt from the file, {done.copied} copied to it")
    prints = Prints(house.engine)
    house.engine.tape_to(_both(house.tape.add, prints.hear), house.tape.life)
    driver = Driver(house.engine, house.venue, house.store)
    about = About(settings.account, session.source, settings.copy.capital)
    stopping = house.watched(session.flag)
    trader = Trader(driver, house.store, house.views, house.tape, house.clock, about, stopping)
    trader.alerts.say = session.say
    trader.health = session.health
    trader.gauges = house.gauges
    trader.screens = Screens(house.engine, prints, displayed)
    parts = trader.health.components
    parts["lease"] = lambda: Component(house.keeper.vouched, house.keeper.says, needed=True)
    if house.notices is not None:
        trader.alerts.send = house.notices.tell
        parts["notices"] = house.notices.component
    if house.records:
        trader.restore(house.live)
    return trader


def _both(first: Callable[[TapeRow], None], second: Callable[[TapeRow], None]) -> Callable[[TapeRow], None]:
    """Hands a row of the tape to both."""

    def hear(row: TapeRow) -> None:
        first(row)
        second(row)

    return hear


def trade_live(session: Session, house: House) -> bool:
    """Trade the live venue on paper; True when it ended with the kill switch on. The house is closed at the end."""
    try:
        trader = trader_on(session, house)
        driver = trader.driver
        driver.on_tick, driver.tick_every = Pace(trader, 0.0, 0, session.say).tick, 64
        run = LiveRun(session.settings, house, trader, session.say, house.schedule)
        try:
            asyncio.run(run.run())
        except Stopped:
            close_books(session, run.trader)
        except Exception as error:
            if house.notices is not None:
                text = f"the trader ends: {type(error).__name__}: {error}"
                house.notices.tell(1, "trader_failed", text[:TEXT_MAX], house.clock.now())
            raise
    finally:
        house.close()
    return not driver.engine.desk.risk.trading


def close_books(session: Session, trader: Trader[Any]) -> None:
    """The last words of a run that somebody stopped."""
    session.health.end(Stopped())
    if trader.driver.now == 0:
        session.say("stopped before trading began")
        return
    session.say(f"stopping: {status_line(trader, trader.driver.now)}")
    trader.progress = "stopped"
    trader.finish(trader.driver.now)
