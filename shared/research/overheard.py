"""A recording on its way to an engine that need not be handed every trade: most are by wallets nobody follows, in
tokens nobody holds, and mean no more than a price.
"""

from collections.abc import Iterator
from itertools import chain

from shared.adapters.replay.recording import Part, Recording
from shared.domain.messages import Event
from shared.research.driver import SAMPLE_EVERY, Driver


def overheard(driver: Driver, recording: Recording) -> Iterator[Event]:
    """The events for a driver to play, in order; before each, its engine has overheard the trades that lie between.

    Those that the driver times are played whatever they mean, so that the times are of a fair sample.
    """
    return chain.from_iterable(
        _overheard(driver, part) if part.trades_only else part.events() for part in recording.parts()
    )


def _overheard(driver: Driver, part: Part) -> Iterator[Event]:
    overhear, event, times, rows = driver.engine.overhear, part.event, part.times, part.rows()
    timed, last = SAMPLE_EVERY - 1, len(times) - 1
    while True:
        effects, place = overhear(rows, min(driver.idle_until, times[min(timed, last)]))
        if effects:
            driver.perform(effects, driver.engine.now)
        elif place is None:
            return
        else:
            yield event(place)
            if place >= timed:
                timed += SAMPLE_EVERY
