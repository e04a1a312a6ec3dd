"""The audit bucket: objects that are written once. Object Lock, by the bucket's default, keeps what was written."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.domain.errors import Corrupt, Temporary

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

READERS = 8
_EXISTS = ("PreconditionFailed", "412")
_ABSENT = ("NoSuchKey", "404")


class Vault:
    """Objects in a bucket under names that say what is in them. ``Temporary`` when S3 does not answer."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def put_once(self, name: str, content: bytes) -> bool:
        """Write an object unless there is one of that name; whether it was written now."""
        try:
            self._s3.put_object(Bucket=self.bucket, Key=name, Body=content, IfNoneMatch="*")
        except ClientError as error:
            if _code(error) in _EXISTS:
                return False
            raise Temporary(f"writing {name} to bucket {self.bucket}: {error}") from error
        except BotoCoreError as error:
            raise Temporary(f"writing {name} to bucket {self.bucket}: {error}") from error
        return True

    def exists(self, name: str) -> bool:
        """Whether there is an object of that name."""
        try:
            self._s3.head_object(Bucket=self.bucket, Key=name)
        except ClientError as error:
            if _code(error) in _ABSENT:
                return False
            raise Temporary(f"looking for {name} in bucket {self.bucket}: {error}") from error
        except BotoCoreError as error:
            raise Temporary(f"looking for {name} in bucket {self.bucket}: {error}") from error
        return True

    def names(self, prefix: str) -> list[str]:
        """The names under a prefix, sorted."""
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return sorted(found["Key"] for page in pages for found in page.get("Contents", []))
        except (BotoCoreError, ClientError) as error:
            raise Temporary(f"listing {prefix} in bucket {self.bucket}: {error}") from error

    def read(self, name: str) -> bytes:
        """The content of an object; ``Corrupt`` when there is none of that name."""
        try:
            return self._s3.get_object(Bucket=self.bucket, Key=name)["Body"].read()
        except ClientError as error:
            if _code(error) in _ABSENT:
                raise Corrupt(f"bucket {self.bucket} has no object {name}") from None
            raise Temporary(f"reading {name} from bucket {self.bucket}: {error}") from error
        except BotoCoreError as error:
            raise Temporary(f"reading {name} from bucket {self.bucket}: {error}") from error

    def read_all(self, names: Sequence[str]) -> list[bytes]:
        """The contents of many objects, in the order of their names as given."""
        with ThreadPoolExecutor(READERS) as pool:
            return list(pool.map(self.read, names))

    def touched(self, prefix: str) -> list[str]:
        """Names under a prefix that were written more than once or deleted: what was first written is still there,
        under its version.
        """
        versions: dict[str, int] = {}
        try:
            pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
            for page in pages:
                for version in page.get("Versions", []):
                    versions[version["Key"]] = versions.get(version["Key"], 0) + 1
                for marker in page.get("DeleteMarkers", []):
                    versions[marker["Key"]] = versions.get(marker["Key"], 0) + 2
        except (BotoCoreError, ClientError) as error:
            raise Temporary(f"listing versions of {prefix} in bucket {self.bucket}: {error}") from error
        return sorted(name for name, count in versions.items() if count > 1)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
