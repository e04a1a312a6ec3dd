"""The control API as one resolver: its questions, its changes, and how requests that cannot be used are answered."""

from collections.abc import Callable
from functools import cache
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.event_handler.openapi.models import APIKey

from functions.control_api import changing, reading

TITLE, VERSION = "Control", "1"
SIGNED = "sigv4"
AUTHORIZATION = {"type": "apiKey", "name": "Authorization", "in": "header"}


@cache
def resolver() -> APIGatewayRestResolver:
    """The resolver, made once per process."""
    app = APIGatewayRestResolver(enable_validation=True)
    app.include_router(reading.router)
    app.include_router(changing.router)
    exceptions: list[tuple[type[Exception], Callable[..., Response[Any]]]] = [
        (RequestValidationError, _unusable),
        (NotFoundError, _unknown),
    ]
    for kind, said in exceptions:
        app.exception_handler(kind)(said)
    return app


def openapi() -> str:
    """The OpenAPI document, made of the routes and their models."""
    return resolver().get_openapi_json_schema(
        title=TITLE,
        version=VERSION,
        description="Signed (AWS SigV4, service execute-api). Amounts in micro-dollars, times in ISO-8601 UTC.",
        security=[{SIGNED: []}],
        security_schemes={SIGNED: APIKey.model_validate(AUTHORIZATION)},
    )


def _unusable(error: RequestValidationError) -> Response[Any]:
    """The first thing wrong, by its field and value."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"] if part not in ("body", "query"))
    shown = repr(first["input"])[:80] if "input" in first and field else ""
    sentence = f"{field or 'the body'}: {first['msg']}{f', not {shown}' if shown else ''}"
    return Response(400, "application/json", {"error": sentence}, {"Cache-Control": "no-store"})


def _unknown(_error: NotFoundError) -> Response[Any]:
    return Response(404, "application/json", {"error": "there is no such question"}, {"Cache-Control": "no-store"})
