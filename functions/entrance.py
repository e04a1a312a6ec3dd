"""What every function has around it: one log line per run, one with the trace per failure, and its metrics flushed.

The one place besides the runner that catches everything: the error is logged and raised again, so that the platform
counts it, alarms and retries by its own rules.
"""

import os
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from msgspec import Struct

from shared.adapters.embedded.server import KEY_ID, SECRET
from shared.adapters.endpoint import Endpoint
from shared.domain.errors import HouseError
from shared.settings import Settings, read_settings

Answer = dict[str, Any]
Work = Callable[[Answer, LambdaContext], Answer]


class Surroundings(Struct, frozen=True):
    """Where a function runs: the settings, the AWS it talks to and the lake's bucket (``LAKE_BUCKET``)."""

    settings: Settings
    endpoint: Endpoint
    bucket: str


def surroundings() -> Surroundings:
    """Read from the environment, once per run; ``BadInput`` with one sentence for a setting that cannot be used."""
    settings = read_settings(os.environ)
    host = settings.state.aws_endpoint_url
    endpoint = Endpoint(settings.state.region) if host is None else Endpoint("us-east-1", host, KEY_ID, SECRET)
    return Surroundings(settings, endpoint, settings.cloud.lake_bucket)


def entrance(logger: Logger, metrics: Metrics, work: Work) -> Work:
    """``work`` as a handler: its answer with ``ok``, or its error, logged."""

    def handler(event: Answer, context: LambdaContext) -> Answer:
        try:
            answer = work(event, context)
        except Exception as error:
            logger.exception("failed", kind=type(error).__name__, expected=isinstance(error, HouseError))
            metrics.add_metric("failures", MetricUnit.Count, 1)
            metrics.flush_metrics()
            raise
        logger.info("done", answer=answer)
        metrics.flush_metrics()
        return {"ok": True, **answer}

    return handler
