"""Lambda: the control API behind the gateway, which checks the signature (SigV4), the second factor and the pace.

GET tells; POST /api/kill stops by itself; everything else that changes something becomes a command for the trader.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.entrance import answered, at_gateway, surroundings
from functions.requests import body_of, signed_caller_of
from shared.observability import make_logger, make_metrics

logger = make_logger("control_api")
metrics = make_metrics("control_api")

MOST_BYTES = 16 * 1024
DOCUMENT = "/api/openapi.json"


def work(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Check who asks, let the resolver answer, write down who asked for what."""
    caller = signed_caller_of(event)
    text = body_of(event, MOST_BYTES)
    from functions.control_api.app import openapi, resolver

    if event.get("path") == DOCUMENT and event.get("httpMethod") == "GET":
        return {**answered(200), "headers": {"Content-Type": "application/json"}, "body": openapi()}
    app = resolver()
    app.append_context(around=surroundings(), caller=caller)
    answer = app.resolve({**event, "body": text or None, "isBase64Encoded": False}, context)
    logger.info(
        "asked",
        who=caller.who,
        address=caller.address,
        method=event.get("httpMethod"),
        path=event.get("path"),
        status=answer.get("statusCode"),
    )
    return answer


handler = at_gateway(logger, metrics, work)
