"""Parameters and secrets by their names, as text; asked for by reference, never kept in the environment."""

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.adapters.dynamo.tables import Endpoint
from shared.domain.errors import BadInput, Temporary

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient

_BRIEF = Config(connect_timeout=2.0, read_timeout=5.0, retries={"mode": "standard", "total_max_attempts": 3})
_MISSING = ("ParameterNotFound", "ResourceNotFoundException", "AccessDeniedException")


def access(endpoint: Endpoint) -> dict[str, Any]:
    """What every client is made with."""
    return {
        "region_name": endpoint.region,
        "endpoint_url": endpoint.host,
        "aws_access_key_id": endpoint.key_id or None,
        "aws_secret_access_key": endpoint.secret or None,
        "config": _BRIEF,
    }


def parameter(endpoint: Endpoint, name: str) -> str:
    """A parameter's value; ``BadInput`` when there is none (or it is not ours to read), ``Temporary`` otherwise."""
    client: SSMClient = boto3.client("ssm", **access(endpoint))
    try:
        return client.get_parameter(Name=name, WithDecryption=True)["Parameter"].get("Value", "")
    except (ClientError, BotoCoreError) as error:
        raise _told("parameter", name, error) from None


def secret(endpoint: Endpoint, name: str) -> str:
    """A secret's current text; errors as those of ``parameter``."""
    client: SecretsManagerClient = boto3.client("secretsmanager", **access(endpoint))
    try:
        return client.get_secret_value(SecretId=name)["SecretString"]
    except (ClientError, BotoCoreError) as error:
        raise _told("secret", name, error) from None


def _told(kind: str, name: str, error: ClientError | BotoCoreError) -> BadInput | Temporary:
    code = str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
    if code in _MISSING:
        return BadInput(f"{kind} {name!r} cannot be read: {code}")
    return Temporary(f"{kind} {name!r} cannot be read for now: {code or type(error).__name__}")
