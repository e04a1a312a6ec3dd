import pytest

from shared.adapters.s3.retention import rules_of, set_retention
from shared.domain.errors import Temporary
from shared.settings import Retention, StateSettings, retention
from tests.contracts.embedded import Embedded


def test_the_tape_is_hot_for_a_day_and_expires_and_bronze_is_kept() -> None:
    tape, bronze, unfinished = rules_of(retention(StateSettings(tape_days=45)))
    assert tape == {
        "ID": "keep-tape",
        "Status": "Enabled",
        "Filter": {"Prefix": "tape/"},
        "Expiration": {"Days": 45},
        "Transitions": [{"Days": 1, "StorageClass": "INTELLIGENT_TIERING"}],
    }
    assert "Expiration" not in bronze
    assert unfinished["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_rules_replace_those_a_bucket_has(embedded: Embedded) -> None:
    bucket = embedded.account()
    embedded.s3.create_bucket(Bucket=bucket)
    for days in (3, 7):
        set_retention(embedded.s3, bucket, [Retention("tape/", days)])
    rules = embedded.s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert [rule.get("Expiration", {}).get("Days") for rule in rules] == [7, None]


def test_a_bucket_that_is_not_there_is_temporary(embedded: Embedded) -> None:
    with pytest.raises(Temporary, match="lifecycle of bucket no-such-bucket"):
        set_retention(embedded.s3, "no-such-bucket", [])
