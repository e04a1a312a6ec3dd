"""Lambda: stop trading, whether or not a trader runs. It can do nothing else.

Two ways in: ``POST /kill``, signed (SigV4), which the gateway checks; ``POST /kill/token`` with the kill token in the
header ``x-kill-token``. The body may be ``{"reason": "why"}``.
"""

import time
from typing import Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import Surroundings, answered, at_gateway, surroundings
from functions.requests import body_of, caller_of, signed_caller_of, values_of
from shared.domain.errors import BadInput, Refused
from shared.observability import make_logger, make_metrics

logger = make_logger("kill_switch")
metrics = make_metrics("kill_switch")

MOST_BYTES = 1024
SIGNED, BY_TOKEN = "/kill", "/kill/token"


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body."""

    reason: str = ""


def reason_of(event: dict[str, Any]) -> str:
    """Why, as the caller says; ``BadInput`` names what cannot be used."""
    text = body_of(event, MOST_BYTES)
    try:
        return msgspec.json.decode(text, type=Request).reason if text.strip() else ""
    except msgspec.DecodeError as error:
        raise BadInput(f"the body must be {{'reason': 'why'}} or empty: {error}") from None


def checked_by_token(event: dict[str, Any], around: Surroundings) -> str:
    """Who asks, by the kill token; ``Refused`` when it is none, with words that do not show it."""
    from shared.adapters.control.kill_token import HEADER, is_good

    address = caller_of(event).address
    given = values_of(event, HEADER)
    if len(given) != 1 or len(given[0]) > MOST_BYTES:
        raise Refused(f"{len(given)} kill tokens, or too long a one, from {address}")
    if not around.place().hashes.fits(lambda hashes: is_good(given[0], hashes, time.time_ns())):
        raise Refused(f"a wrong kill token from {address}")
    return f"kill token from {address}"


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Check who asks, stop, answer what was done."""
    path = event.get("resource")
    if event.get("httpMethod") != "POST" or path not in (SIGNED, BY_TOKEN):
        raise Refused(f"{event.get('httpMethod')} {str(path)[:40]} is no way in")
    around = surroundings()
    who = signed_caller_of(event).who if path == SIGNED else checked_by_token(event, around)
    why = reason_of(event)
    stopped = around.place().stop(f"{who}: {why}" if why else who)
    metrics.add_metric("kills", MetricUnit.Count, 1)
    logger.info("stopped", who=who, stopped=msgspec.to_builtins(stopped))
    return answered(200, msgspec.to_builtins(stopped))


handler = at_gateway(logger, metrics, work)
