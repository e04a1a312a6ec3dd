"""Clients of the services that notices and secrets need, made on demand."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.endpoint import Endpoint
from shared.domain.errors import BadInput, Temporary

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient

_PATIENT = Config(connect_timeout=2.0, read_timeout=10.0, retries={"mode": "standard", "total_max_attempts": 3})
NOT_SET_UP = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "AccessDeniedException",
        "AuthorizationError",
        "InvalidParameter",
        "InvalidParameterException",
        "NotFound",
        "ParameterNotFound",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)
"""Codes of what no further attempt will mend."""


def sqs_client(endpoint: Endpoint) -> "SQSClient":
    """A client of SQS; a message put twice is recognised by whoever takes it."""
    return boto3.client("sqs", **_at(endpoint))


def sns_client(endpoint: Endpoint) -> "SNSClient":
    """A client of SNS, which does not retry by itself: each publication is an e-mail."""
    return boto3.client(
        "sns",
        **_at(
            endpoint,
            Config(connect_timeout=2.0, read_timeout=10.0, retries={"mode": "standard", "total_max_attempts": 1}),
        ),
    )


def secrets_client(endpoint: Endpoint) -> "SecretsManagerClient":
    """A client of Secrets Manager."""
    return boto3.client("secretsmanager", **_at(endpoint))


def ssm_client(endpoint: Endpoint) -> "SSMClient":
    """A client of the parameter store."""
    return boto3.client("ssm", **_at(endpoint))


def _at(endpoint: Endpoint, config: Config = _PATIENT) -> dict[str, Any]:
    return {
        "region_name": endpoint.region,
        "endpoint_url": endpoint.host,
        "aws_access_key_id": endpoint.key_id or None,
        "aws_secret_access_key": endpoint.secret or None,
        "config": config,
    }


def code_of(error: ClientError) -> str:
    """The service's code for an error."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def telling(doing: str) -> Iterator[None]:
    """Errors of AWS within become ours: ``BadInput`` where something is not set up, else ``Temporary``. No error of
    these services repeats what was sent.
    """
    try:
        yield
    except ClientError as error:
        kind = BadInput if code_of(error) in NOT_SET_UP else Temporary
        raise kind(f"{doing}: {code_of(error)}") from error
    except BotoCoreError as error:
        raise Temporary(f"{doing}: {type(error).__name__}") from error
