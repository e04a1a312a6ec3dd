"""What a function leaves in the account's table for people who look: when it ran last, and what it found.

Nothing hangs on it: what cannot be left is logged and forgotten. Who runs all the time leaves a run a minute.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger
from msgspec import Struct

from shared.domain.errors import HouseError
from shared.domain.instants import MILLISECOND, SECOND
from shared.domain.notes import Run
from shared.settings import Settings

EVERY_NS = 50 * SECOND
TEXT_MAX = 160
_left: dict[str, int] = {}


class Leaves(Struct, frozen=True):
    """A function's name, and what an answer of it says to people."""

    name: str
    says: Callable[[Mapping[str, Any]], str]


def leave(leaves: Leaves, logger: Logger, began: int, says: str, *, ok: bool) -> None:
    """Keep the run that began at an instant (nanoseconds) and has ended now."""
    now = time.time_ns()
    if ok and now - _left.get(leaves.name, 0) < EVERY_NS:
        return
    from functions.entrance import surroundings
    from functions.parts import tables_of
    from shared.adapters.dynamo.notes import put_run

    try:
        around = surroundings()
        settings: Settings = around.settings
        run = Run(leaves.name, now, ok, (now - began) // MILLISECOND, says[:TEXT_MAX])
        put_run(tables_of(around), settings.account, run)
    except HouseError as error:
        logger.warning("the run is not left for people to see", why=str(error))
        return
    _left[leaves.name] = now
