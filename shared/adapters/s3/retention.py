"""How long the lake keeps what, as S3 puts it: lifecycle rules of a bucket, made from the table in the settings."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import Temporary
from shared.settings import Retention

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import LifecycleRuleUnionTypeDef

COLDER: Final = "INTELLIGENT_TIERING"
"""Where objects go when they are no longer hot: cheaper by itself as they rest, without a fee for reading them."""
UNFINISHED_DAYS = 1
"""Uploads in parts that were never finished are thrown away after this."""


def rules_of(table: Iterable[Retention]) -> "list[LifecycleRuleUnionTypeDef]":
    """The lifecycle rules of a table of retention."""
    rules: list[LifecycleRuleUnionTypeDef] = []
    for row in table:
        rule: LifecycleRuleUnionTypeDef = {
            "ID": f"keep-{row.prefix.strip('/')}",
            "Status": "Enabled",
            "Filter": {"Prefix": row.prefix},
        }
        if row.days is not None:
            rule["Expiration"] = {"Days": row.days}
        if row.hot_days is not None:
            rule["Transitions"] = [{"Days": row.hot_days, "StorageClass": COLDER}]
        rules.append(rule)
    rules.append(
        {
            "ID": "unfinished-uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_DAYS},
        }
    )
    return rules


def set_retention(s3: "S3Client", bucket: str, table: Iterable[Retention]) -> None:
    """Give a bucket its rules, replacing those it has; ``Temporary`` when S3 does not take them."""
    try:
        s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules_of(table)})
    except (BotoCoreError, ClientError) as error:
        raise Temporary(f"setting the lifecycle of bucket {bucket}: {error}") from error
