"""The lake: Parquet objects under names, in a bucket or in a folder of this machine."""

import os
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import BadInput, Temporary

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class Objects(Protocol):
    """Named Parquet objects. Each is written whole, so a write may be repeated."""

    def write(self, name: str, table: pa.Table) -> None:
        """Put a table as Parquet (zstd), replacing what has that name; ``Temporary`` when that cannot be done now."""

    def names(self, prefix: str) -> list[str]:
        """The names under a prefix, sorted."""

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The table under a name, or those of the columns that it has; ``BadInput`` when it is no Parquet."""


class Lake:
    """Objects in a bucket; ``Temporary`` when S3 does not answer."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self.s3 = s3
        self.bucket = bucket

    def write(self, name: str, table: pa.Table) -> None:
        """Put a table as Parquet (zstd), replacing what has that name."""
        try:
            self.s3.put_object(Bucket=self.bucket, Key=name, Body=_packed(table))
        except (BotoCoreError, ClientError) as error:
            raise Temporary(f"writing {name} to bucket {self.bucket}: {error}") from error

    def names(self, prefix: str) -> list[str]:
        """The names under a prefix, sorted."""
        try:
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return sorted(found["Key"] for page in pages for found in page.get("Contents", []))
        except (BotoCoreError, ClientError) as error:
            raise Temporary(f"listing {prefix} in bucket {self.bucket}: {error}") from error

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The table under a name; ``BadInput`` when it is no Parquet."""
        try:
            content = self.s3.get_object(Bucket=self.bucket, Key=name)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise Temporary(f"reading {name} from bucket {self.bucket}: {error}") from error
        return _unpacked(content, f"{name} in bucket {self.bucket}", columns)

    def tables(self, prefix: str) -> Iterator[pa.Table]:
        """Every table under a prefix, by name, one in memory at a time."""
        for name in self.names(prefix):
            yield self.read(name)


class FolderLake:
    """Objects as files of one folder. A file appears whole or not at all, also when the machine dies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, table: pa.Table) -> None:
        """Put a table as Parquet (zstd), replacing what has that name; ``Temporary`` when the disk does not take it."""
        path = self.folder / name
        unfinished = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("wb") as file:
                file.write(_packed(table))
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            raise Temporary(f"writing {path}: {error.strerror or error}") from error

    def names(self, prefix: str) -> list[str]:
        """The names under a prefix, sorted."""
        below = self.folder / prefix.rpartition("/")[0]
        found = (path.relative_to(self.folder).as_posix() for path in below.rglob("*.parquet") if path.is_file())
        return sorted(name for name in found if name.startswith(prefix))

    def read(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """The table under a name; ``BadInput`` when it is no Parquet, ``Temporary`` when it cannot be read."""
        path = self.folder / name
        try:
            content = path.read_bytes()
        except OSError as error:
            raise Temporary(f"reading {path}: {error.strerror or error}") from error
        return _unpacked(content, str(path), columns)


def _packed(table: pa.Table) -> bytes:
    buffer = BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _unpacked(content: bytes, name: str, columns: Sequence[str] | None) -> pa.Table:
    try:
        file = pq.ParquetFile(BytesIO(content))
        wanted = None if columns is None else [column for column in columns if column in file.schema_arrow.names]
        return file.read(columns=wanted)
    except pa.ArrowException as error:
        raise BadInput(f"{name} is not Parquet: {error}") from None
