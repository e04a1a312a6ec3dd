"""Studies, discoveries and what rankings keep, read from a real lake as they are written there."""

import pyarrow as pa
import pytest

from dashboard.queries.discovery import KEPT_NS, LakeFound
from dashboard.queries.studies import MOST, LakeStudies
from shared.adapters.archive.vault import Vault
from shared.adapters.discovery.discover import CANDIDATE_SCHEMA, CANDIDATES, DISCOVERIES, object_name
from shared.adapters.discovery.rankings import rank_lake
from shared.adapters.s3.lake import Lake
from shared.adapters.s3.studies import publish
from shared.domain.errors import BadInput, Temporary
from shared.domain.instants import MINUTE, SECOND
from tests.contracts.embedded import Embedded
from tests.dashboard.fakes import NOW, RUN, TWIN, WALLET
from tests.dashboard.research_fakes import manifest
from tests.dashboard.test_rankings import activity

ROW = dict.fromkeys(("wallets", "objects", "rows", "refused", "resolved", "pending", "failed", "left"), 2)


class Clocked:
    """A lake of its own, and a clock that the test turns."""

    def __init__(self, embedded: Embedded) -> None:
        bucket = f"lake-{embedded.account()}"
        embedded.s3.create_bucket(Bucket=bucket)
        self.lake = Lake(embedded.s3, bucket)
        self.shelf = Vault(embedded.s3, bucket)
        self.clock = NOW
        self.studies = LakeStudies(lambda: self.lake, lambda: self.clock)
        self.found = LakeFound(lambda: self.lake, lambda: self.clock)


@pytest.fixture
def tested(embedded: Embedded) -> Clocked:
    return Clocked(embedded)


def test_studies_appear_within_a_minute_the_latest_first(tested: Clocked) -> None:
    assert tested.studies.latest() == []
    for n in range(2):
        publish(tested.shelf, manifest(f"study-{n}", at=NOW + n * SECOND), {"fills": n})
    assert tested.studies.latest() == []
    tested.clock += MINUTE + SECOND
    listed = tested.studies.latest()
    assert [one.manifest.name for one in listed] == ["study-1", "study-0"]
    assert listed[0].manifest == manifest("study-1", at=NOW + SECOND)
    assert tested.studies.report(listed[0].name) == {"fills": 1}


def test_no_more_studies_are_listed_than_a_person_reads(tested: Clocked) -> None:
    for n in range(MOST + 2):
        publish(tested.shelf, manifest(f"study-{n}", at=NOW + n * SECOND), {})
    assert len(tested.studies.latest()) == MOST


def test_the_last_discovery_is_read_with_its_sources(tested: Clocked) -> None:
    assert tested.found.last() is None
    for stamp in (100, 200):
        table = pa.table([["0xa", "0xb"], ["holder", f"holder,large_trade{stamp}"]], schema=CANDIDATE_SCHEMA)
        tested.lake.write(f"{CANDIDATES}/{stamp}.parquet", table)
        tested.lake.write(f"{DISCOVERIES}/{stamp}.parquet", pa.Table.from_pylist([ROW]))
    tested.clock += KEPT_NS + SECOND
    found = tested.found.last()
    assert found is not None
    assert (found.at, found.rows, found.sources) == (200 * SECOND, 2, {"holder": 2, "large_trade": 1})


def test_pairs_and_results_are_read_as_the_ranking_function_stores_them(tested: Clocked, embedded: Embedded) -> None:
    start = NOW // SECOND - 86_400
    for wallet, later in ((WALLET, 0), (TWIN, 10)):
        tested.lake.write(object_name(wallet, start, start + 86_400), activity(wallet, start + later))
    made, _, _ = rank_lake(embedded.s3, tested.lake.bucket, NOW)
    assert tested.found.together(made.name) == []
    assert tested.found.results(made.name) == []


def test_a_ranking_of_before_they_were_kept_has_neither(tested: Clocked) -> None:
    assert tested.found.together(RUN) is None
    assert tested.found.results(RUN) is None


def test_a_study_that_is_damaged_and_a_lake_that_is_away_are_told(tested: Clocked, embedded: Embedded) -> None:
    study = publish(tested.shelf, manifest(), {})
    embedded.s3.put_object(Bucket=tested.lake.bucket, Key=f"{study}.json", Body=b"{")
    with pytest.raises(BadInput, match=r"first.json cannot be read"):
        tested.studies.report(study)
    away = LakeStudies(lambda: Lake(embedded.s3, "nowhere"), lambda: NOW)
    with pytest.raises(Temporary, match="bucket nowhere"):
        away.latest()
