"""Lambda: score every wallet in the lake, store the run with its inputs, publish the watch list. Every 6 hours.

The event may carry ``as_of`` (Unix seconds or ISO-8601; default now) and ``rules`` (fields of ``ScoringRules``).
"""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import entrance, surroundings
from functions.leaving import Leaves
from functions.requests import instant_of
from shared.adapters.discovery.refresh import rank_now
from shared.analytics.scoring import ScoringRules
from shared.domain.errors import BadInput
from shared.observability import make_logger, make_metrics

logger = make_logger("rank_whales")
metrics = make_metrics("rank_whales")


def rules_of(event: dict[str, Any]) -> ScoringRules:
    """The rules an event asks for; ``BadInput`` names the field that cannot be used."""
    try:
        return msgspec.convert(event.get("rules") or {}, ScoringRules)
    except msgspec.ValidationError as error:
        raise BadInput(f"event.rules: {error}") from None


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Validate, rank, publish, answer."""
    around, rules, now = surroundings(), rules_of(event), instant_of(event, "as_of", time.time_ns())
    run = rank_now(around.settings, around.endpoint, around.bucket, now, rules, say=logger.info)
    metrics.add_metric("wallets_scored", MetricUnit.Count, run.wallets)
    metrics.add_metric("wallets_eligible", MetricUnit.Count, run.eligible)
    metrics.add_metric("wallets_followed", MetricUnit.Count, run.followed)
    answer: dict[str, Any] = msgspec.to_builtins(run)
    return answer


def says(answer: Mapping[str, Any]) -> str:
    """What people read of a run."""
    return f"{answer['followed']} of {answer['wallets']} wallets followed"


handler = entrance(logger, metrics, work, Leaves("rank_whales", says))
