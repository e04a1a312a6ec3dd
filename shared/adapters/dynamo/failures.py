"""What a DynamoDB error proves: that nothing was written, that it may have been, or that we asked for nonsense."""

import random
import time
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as AwsConnectionError,
)
from pynamodb.exceptions import PynamoDBException, TransactWriteError

from shared.domain.errors import BadInput, Corrupt, HouseError, OutcomeUnknown, Temporary

Result = TypeVar("Result")
Pause = Callable[[float], None]

ATTEMPTS = 8
FIRST_WAIT_S = 0.01
LONGEST_WAIT_S = 1.0
FAILED = "ConditionalCheckFailed"

_BUSY = frozenset(
    {
        "ExpiredTokenException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TransactionConflictException",
    }
)
_MAY_HAVE_LANDED = frozenset(
    {"InternalServerError", "InternalFailure", "ServiceUnavailable", "TransactionInProgressException"}
)
_NOT_SET_UP = frozenset(
    {
        "AccessDeniedException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)
_BUSY_REASONS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})


class Verdict(Enum):
    """What an error says about the request that met it."""

    CONDITIONS = "conditions"
    NOT_WRITTEN = "not written"
    UNKNOWN = "unknown"
    NOT_SET_UP = "not set up"
    NONSENSE = "nonsense"


def code_of(error: PynamoDBException) -> str:
    """DynamoDB's code for the error, empty when it did not answer (pynamodb's own property fails on a time-out)."""
    cause = error.cause
    return str(cause.response.get("Error", {}).get("Code", "")) if isinstance(cause, ClientError) else ""


def judge(error: PynamoDBException) -> Verdict:
    """The verdict on one failed request; anything not known to be harmless may have landed."""
    cause, code = error.cause, code_of(error)
    if code == "TransactionCanceledException" and isinstance(error, TransactWriteError):
        codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
        if codes & _BUSY_REASONS:
            return Verdict.NOT_WRITTEN
        return Verdict.CONDITIONS if codes == {FAILED} else Verdict.NONSENSE
    if code in _BUSY or isinstance(cause, EndpointConnectionError | ConnectTimeoutError):
        return Verdict.NOT_WRITTEN
    if code in _NOT_SET_UP or isinstance(cause, NoCredentialsError | NoRegionError | PartialCredentialsError):
        return Verdict.NOT_SET_UP
    if code in _MAY_HAVE_LANDED or code.isdigit() or isinstance(cause, AwsConnectionError | HTTPClientError):
        return Verdict.UNKNOWN
    return Verdict.NONSENSE if code else Verdict.UNKNOWN


def sentence(error: PynamoDBException) -> str:
    """The cause in a few words."""
    code = code_of(error)
    return f"{code}: {error.cause_response_message}" if code else str(error.cause or error)


def raised_for(error: PynamoDBException, verdict: Verdict, doing: str) -> HouseError:
    """The house's error for a request that will not be tried again."""
    text = f"{doing}: {sentence(error)}"
    match verdict:
        case Verdict.NOT_WRITTEN:
            return Temporary(text)
        case Verdict.UNKNOWN:
            return OutcomeUnknown(text)
        case Verdict.NOT_SET_UP:
            return BadInput(text)
        case _:
            return Corrupt(text)


def wait_before(attempt: int) -> float:
    """Seconds to wait before the given retry (1 is the first): exponential with full jitter."""
    return random.uniform(0.0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**attempt))


def patiently(doing: str, call: Callable[[], Result], pause: Pause = time.sleep, attempts: int = ATTEMPTS) -> Result:
    """Run a request that may safely be repeated (a read, a put of the same item), a bounded number of times.

    Raises ``Temporary`` when every attempt was turned away or lost, ``BadInput`` when tables or credentials are
    missing, ``Corrupt`` when DynamoDB does not understand us.
    """
    attempt = 0
    while True:
        try:
            return call()
        except PynamoDBException as error:
            verdict = judge(error)
            attempt += 1
            if verdict not in (Verdict.NOT_WRITTEN, Verdict.UNKNOWN):
                raise raised_for(error, verdict, doing) from error
            if attempt == attempts:
                tried = f" ({attempt} attempts)" if attempt > 1 else ""
                raise Temporary(f"{doing}: {sentence(error)}{tried}") from error
            pause(wait_before(attempt))
