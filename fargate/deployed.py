"""The command `trade`: the trader of a deployment, as its task runs it until a signal ends it. It makes nothing that a
deployment brings along, and leaves nothing on the disk; people and alarms are elsewhere, so lines are JSON.
"""

import argparse
import asyncio
import time

from aws_lambda_powertools import Logger

from fargate.compose import Opening, engine_of, open_deployed
from fargate.condition import Health
from fargate.health import HealthServer
from fargate.present import LIVE_SOURCES
from fargate.runner import StopFlag
from fargate.session import IDLE_S, Say, Session, probe_urls, trade_live
from fargate.trader import Stopped
from shared.adapters.dynamo.tables import Endpoint
from shared.adapters.polymarket.reachability import probe
from shared.domain.errors import HouseError
from shared.observability import make_logger
from shared.settings import Settings

VENUE_EVERY_S = 10.0
"""How often the venue is asked whether it is back, when it does not answer at the start."""


def trade(options: argparse.Namespace, settings: Settings) -> int:
    """Trade until SIGTERM, which ends in order with 0, whatever the switch says: who is asked to stop has not failed.

    Raises ``BadInput`` where something is not deployed, ``LeaseLost`` when another trader has taken over, ``Temporary``
    and ``Corrupt`` as every life does; each is logged before.
    """
    logger = make_logger("trader")
    flag, health = StopFlag(), Health()
    flag.listen()

    def say(line: str) -> None:
        logger.info(line)
        health.beat(line)

    session = Session(settings, "live", say, flag, health)
    with HealthServer(settings.health, health):
        try:
            _trade(session, options.sizing)
        except Stopped:
            logger.info("stopped before trading began")
        except Exception as error:
            health.end(error)
            _log(logger, error)
            raise
    logger.info("ended in order")
    return 0


def _log(logger: Logger, error: Exception) -> None:
    """What ended the trader; of an error that nobody foresaw, with where it was raised."""
    foreseen = isinstance(error, HouseError)
    logger.error(
        "the trader failed", kind=type(error).__name__, text=str(error), foreseen=foreseen, exc_info=not foreseen
    )


def _trade(session: Session, sizing: str) -> None:
    settings = session.settings
    # Nothing but the environment says who we are: the task's role, or the keys of a rehearsal.
    endpoint = Endpoint(settings.state.region, settings.state.aws_endpoint_url)
    engine = engine_of(settings, sizing, LIVE_SOURCES)
    opening = Opening(settings, endpoint, engine, 0, session.say, session.flag)
    house = open_deployed(opening, lambda: await_venue(settings, session.say, session.flag))
    trade_live(session, house)


def await_venue(settings: Settings, say: Say, flag: StopFlag) -> None:
    """Return once all three public interfaces answer; until then say which does not. ``Stopped`` when asked to end.

    A task that ended because the venue is away would be started again and again, and taken for a bad release.
    """
    while silent := [sentence for _, ok, sentence in asyncio.run(probe(probe_urls(settings))) if not ok]:
        say(f"waiting for the venue: {silent[0]}")
        again_at = time.monotonic() + VENUE_EVERY_S
        while time.monotonic() < again_at:
            if flag():
                raise Stopped
            time.sleep(IDLE_S)
    if flag():
        raise Stopped
