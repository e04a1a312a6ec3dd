"""Lambda: markets that the venue has resolved and the trader has not booked, every fifteen minutes."""

import time
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import entrance, surroundings
from functions.leaving import Leaves
from functions.parts import notifier_of, tables_of
from shared.observability import make_logger, make_metrics

logger = make_logger("settle_markets")
metrics = make_metrics("settle_markets")


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Ask the venue about what we hold, tell what should have been booked, remember."""
    from shared.adapters.audit.resolutions import AGAIN_NS, BOOKED_WITHIN_NS, SOURCE, ask, held_by_market, not_booked
    from shared.adapters.audit.standing import recall, remember, stand, tell
    from shared.adapters.dynamo.stored import stored_positions

    around, now = surroundings(), time.time_ns()
    account = around.settings.account
    tables = tables_of(around)
    memory, before = recall(tables, account, SOURCE)
    held = held_by_market(stored_positions(account, tables))
    found = ask(around.settings.venue, list(held))
    wrong = not_booked(held, found)
    memory, due = stand(memory, wrong, now, BOOKED_WITHIN_NS, AGAIN_NS)
    tell(account, SOURCE, memory, due, notifier_of(around))
    kept = remember(tables, account, SOURCE, memory, before)
    metrics.add_metric("markets_held", MetricUnit.Count, len(held))
    metrics.add_metric("resolutions_not_booked", MetricUnit.Count, len(wrong))
    return {"held": len(held), "resolved": [one.subject for one in wrong], "told": len(due), "kept": kept}


def says(answer: Mapping[str, Any]) -> str:
    """What people read of a run."""
    return f"{answer['held']} markets held, {len(answer['resolved'])} resolved and not booked"


handler = entrance(logger, metrics, work, Leaves("settle_markets", says))
