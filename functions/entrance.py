"""What every function has around it: one log line per run, one with the trace per failure, and its metrics flushed.

The one place besides the runner that catches everything: the error is logged and raised again, so that the platform
counts it, alarms and retries by its own rules. Who asks through the gateway is answered in one sentence instead.

AWS's libraries take half a second to load; a function loads them in its first run, which is why they are imported
where they are used.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from msgspec import Struct

from functions.leaving import Leaves, leave
from functions.requests import caller_of
from shared.adapters.embedded.server import KEY_ID, SECRET
from shared.adapters.endpoint import Endpoint
from shared.domain.errors import BadInput, HouseError, OutcomeUnknown, Refused, Temporary
from shared.settings import Settings, read_settings

if TYPE_CHECKING:
    from shared.adapters.control.place import Place

Answer = dict[str, Any]
Work = Callable[[Answer, LambdaContext], Answer]


class Surroundings(Struct, frozen=True):
    """Where a function runs: the settings, the AWS it talks to and the lake's bucket (``LAKE_BUCKET``)."""

    settings: Settings
    endpoint: Endpoint
    bucket: str

    def place(self) -> "Place":
        """The account's tables, as the functions of control use them; one per process."""
        from shared.adapters.control.place import place_of

        cloud, state = self.settings.cloud, self.settings.state
        return place_of(
            self.settings.account,
            state.table_prefix,
            self.endpoint,
            cloud.kill_hashes,
            cloud.telegram_secret,
            cloud.deployment,
        )


def surroundings() -> Surroundings:
    """Read from the environment, once per run; ``BadInput`` with one sentence for a setting that cannot be used."""
    settings = read_settings(os.environ)
    host = settings.state.aws_endpoint_url
    endpoint = Endpoint(settings.state.region) if host is None else Endpoint("us-east-1", host, KEY_ID, SECRET)
    return Surroundings(settings, endpoint, settings.cloud.lake_bucket)


def entrance(logger: Logger, metrics: Metrics, work: Work, leaves: Leaves | None = None) -> Work:
    """``work`` as a handler: its answer with ``ok``, or its error, logged. ``leaves``: what people see of its runs."""

    def handler(event: Answer, context: LambdaContext) -> Answer:
        began = time.time_ns()
        try:
            answer = work(event, context)
        except Exception as error:
            logger.exception("failed", kind=type(error).__name__, expected=isinstance(error, HouseError))
            metrics.add_metric("failures", MetricUnit.Count, 1)
            metrics.flush_metrics()
            if leaves is not None and not isinstance(error, Temporary):  # a store that is away keeps nothing
                leave(leaves, logger, began, f"{type(error).__name__}: {error}", ok=False)
            raise
        logger.info("done", answer=answer)
        metrics.flush_metrics()
        if leaves is not None:
            leave(leaves, logger, began, leaves.says(answer), ok=True)
        return {"ok": True, **answer}

    return handler


def answered(status: int, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer in the gateway's shape: JSON, or no body at all."""
    kind = {} if body is None else {"Content-Type": "application/json"}
    text = "" if body is None else json.dumps(body)
    return {"statusCode": status, "headers": {"Cache-Control": "no-store", **kind, **(headers or {})}, "body": text}


def at_gateway(logger: Logger, metrics: Metrics, work: Work) -> Work:
    """``work`` as a handler behind the gateway: whoever asks gets its answer, or what went wrong in one sentence."""

    def handler(event: Answer, context: LambdaContext) -> Answer:
        metrics.add_metric("api_requests_total", MetricUnit.Count, 1)
        try:
            answer = work(event, context)
        except (BadInput, Refused) as error:
            logger.warning("refused", why=str(error), path=event.get("path"), address=caller_of(event).address)
            metrics.add_metric("api_refusals", MetricUnit.Count, 1)
            refused = isinstance(error, Refused)
            answer = answered(403, {"error": "not allowed"}) if refused else answered(400, {"error": str(error)})
        except (Temporary, OutcomeUnknown) as error:
            logger.exception("failed", kind=type(error).__name__)
            metrics.add_metric("failures", MetricUnit.Count, 1)
            answer = answered(503, {"error": "the store does not answer; ask again"}, {"Retry-After": "1"})
        except Exception as error:
            logger.exception("failed", kind=type(error).__name__)
            metrics.add_metric("failures", MetricUnit.Count, 1)
            answer = answered(500, {"error": "something of ours failed; it is in the log"})
        metrics.flush_metrics()
        return answer

    return handler
