"""Clients of AWS services other than DynamoDB, made on demand."""

from http import HTTPStatus
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from shared.adapters.dynamo.tables import Endpoint
from shared.domain.errors import BadInput, Temporary

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client

_PATIENT = Config(
    connect_timeout=2.0,
    read_timeout=20.0,
    retries={"mode": "standard", "total_max_attempts": 5},
    s3={"addressing_style": "path"},  # the embedded server has no name per bucket
)


def s3_client(endpoint: Endpoint) -> "S3Client":
    """A client of S3; puts of whole objects may be repeated, so it retries by itself."""
    return boto3.client(
        "s3",
        region_name=endpoint.region,
        endpoint_url=endpoint.host,
        aws_access_key_id=endpoint.key_id or None,
        aws_secret_access_key=endpoint.secret or None,
        config=_PATIENT,
    )


def check_bucket(s3: "S3Client", bucket: str) -> None:
    """``BadInput`` in one sentence where a bucket does not exist or is another's; ``Temporary`` without an answer."""
    try:
        s3.head_bucket(Bucket=bucket)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if status == HTTPStatus.NOT_FOUND:
            raise BadInput(
                f"there is no bucket {bucket}: deploy first, or set LAKE_BUCKET to what is deployed"
            ) from None
        if status in (HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST):
            raise BadInput(f"bucket {bucket} (LAKE_BUCKET) is not ours to use: {error}") from None
        raise Temporary(f"looking for bucket {bucket}: {error}") from error
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise BadInput(f"looking for bucket {bucket}: {error}") from None
    except BotoCoreError as error:
        raise Temporary(f"looking for bucket {bucket}: {error}") from error


def kms_client(endpoint: Endpoint) -> "KMSClient":
    """A client of KMS."""
    return boto3.client(
        "kms",
        region_name=endpoint.region,
        endpoint_url=endpoint.host,
        aws_access_key_id=endpoint.key_id or None,
        aws_secret_access_key=endpoint.secret or None,
        config=_PATIENT,
    )
