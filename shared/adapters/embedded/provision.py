"""What the house needs on an embedded AWS: its tables, its bucket and its signing key. Safe to run again."""

from msgspec import Struct

from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.s3.client import kms_client, s3_client
from shared.adapters.s3.retention import set_retention
from shared.settings import StateSettings, retention

PREFIX = "house-"
BUCKET = "house-lake"
KEY_ALIAS = "alias/house-signer"


class Provisioned(Struct, frozen=True):
    """What there is now. ``key_id`` is the KMS key behind the alias."""

    tables: Tables
    bucket: str
    key_id: str


def provision(
    endpoint: Endpoint, prefix: str = PREFIX, bucket: str = BUCKET, state: StateSettings | None = None
) -> Provisioned:
    """Create what is missing, and set how long the bucket keeps what (``state``; None: the defaults).

    Raises the adapters' own errors when the server does not answer.
    """
    tables = Tables(prefix, endpoint)
    tables.create()
    _create_bucket(endpoint, bucket)
    set_retention(s3_client(endpoint), bucket, retention(state or StateSettings()))
    return Provisioned(tables, bucket, _create_key(endpoint))


def _create_bucket(endpoint: Endpoint, bucket: str) -> None:
    s3 = s3_client(endpoint)
    if bucket not in [found["Name"] for found in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket=bucket)


def _create_key(endpoint: Endpoint) -> str:
    kms = kms_client(endpoint)
    for page in kms.get_paginator("list_aliases").paginate():
        for alias in page["Aliases"]:
            if alias["AliasName"] == KEY_ALIAS:
                return alias["TargetKeyId"]
    key = kms.create_key(KeySpec="ECC_SECG_P256K1", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=KEY_ALIAS, TargetKeyId=key)
    return key
