"""The lake: Parquet objects under names in one bucket."""

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import BadInput, Temporary

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Lake:
    """Objects are put whole, so a put may be repeated; ``Temporary`` when S3 does not answer."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def write(self, name: str, table: pa.Table) -> None:
        """Put a table as Parquet (zstd), replacing what has that name."""
        buffer = BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        try:
            self._s3.put_object(Bucket=self.bucket, Key=name, Body=buffer.getvalue())
        except (BotoCoreError, ClientError) as error:
            raise Temporary(f"writing {name} to bucket {self.bucket}: {error}") from error

    def names(self, prefix: str) -> list[str]:
        """The names under a prefix, sorted."""
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return sorted(found["Key"] for page in pages for found in page.get("Contents", []))
        except (BotoCoreError, ClientError) as error:
            raise Temporary(f"listing {prefix} in bucket {self.bucket}: {error}") from error

    def read(self, name: str) -> pa.Table:
        """The table under a name; ``BadInput`` when it is no Parquet."""
        try:
            content = self._s3.get_object(Bucket=self.bucket, Key=name)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise Temporary(f"reading {name} from bucket {self.bucket}: {error}") from error
        try:
            return pq.read_table(BytesIO(content))
        except pa.ArrowInvalid as error:
            raise BadInput(f"{name} in bucket {self.bucket} is not Parquet: {error}") from None

    def tables(self, prefix: str) -> Iterator[pa.Table]:
        """Every table under a prefix, by name, one in memory at a time."""
        for name in self.names(prefix):
            yield self.read(name)
