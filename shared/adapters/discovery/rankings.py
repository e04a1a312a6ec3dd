"""Rankings as they are kept: each run with the list of its inputs, so that it can be made again and compared.

``rankings/<as of>/``: scores (every wallet), pairs (evidence of clusters), together and results (what pages show of the
best ranked), and last the manifest (name, size and SHA-256 of each input, and the settings). The watch list that the
trader reads is one item of table ``control``, replaced at once and last, so that it never points at a run that is not
stored. Beside it stands the table of voices (who of the list speaks for himself), written before it under the name of
the same run: a list without voices of its own run has none.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import polars as pl
import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from shared.adapters.discovery.discover import ACTIVITY, RESOLUTIONS
from shared.adapters.dynamo.codec import body_of
from shared.adapters.dynamo.failures import Pause, patiently
from shared.adapters.dynamo.tables import Tables
from shared.adapters.s3.lake import Lake
from shared.adapters.scores.activity import read_activity, read_outcomes
from shared.analytics.portraits import results_of, together_of
from shared.analytics.published import ranking_of, voices_of
from shared.analytics.scorecard import Scorecard, score_wallets
from shared.analytics.scoring import ScoringRules
from shared.domain.errors import BadInput, Corrupt, Temporary
from shared.domain.instants import SECOND, iso
from shared.domain.tables import Pair, Voices
from shared.domain.whale import Ranking

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

RANKINGS = "rankings"
RANKING = "ranking"
VOICES = "voices"
_PUBLISHED_BYTES_MAX = 350_000

Say = Callable[[str], None]


class Input(Struct, frozen=True):
    """One object a ranking was made from."""

    name: str
    size: int
    sha256: str


class Run(Struct, frozen=True):
    """A stored ranking: ``name`` is its folder; counts are for people."""

    name: str
    wallets: int
    eligible: int
    followed: int
    basis: str
    inputs: int


class Published(Struct, frozen=True, omit_defaults=True):
    """The watch list in force and the run it came from. ``voices``: kept beside it; None where the run had none."""

    run: str
    ranking: Ranking
    voices: Voices | None = None


class _Pairs(Struct, frozen=True):
    """Voices as kept: pairs name their wallets by number, which makes a hundred wallets' 4,950 pairs fit one item."""

    run: str
    as_of: int
    wallets: tuple[str, ...]
    pairs: tuple[tuple[int, int, int, int], ...]
    groups: dict[str, str]
    specialists: dict[str, dict[str, int]]


@dataclass(frozen=True)
class _Scored:
    """A score table and all that it was made from."""

    card: Scorecard
    fills: pl.DataFrame
    outcomes: pl.DataFrame
    inputs: list[Input]


class Inputs:
    """The objects of the lake that scoring reads, copied into a folder and counted."""

    def __init__(self, s3: "S3Client", bucket: str, folder: Path) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._folder = folder
        self.taken: list[Input] = []

    def take(self, name: str) -> Path:
        """Copy one object; ``Temporary`` when S3 does not answer."""
        try:
            content = self._s3.get_object(Bucket=self._bucket, Key=name)["Body"].read()
        except (BotoCoreError, ClientError) as error:
            raise Temporary(f"reading {name} from bucket {self._bucket}: {error}") from error
        self.taken.append(Input(name, len(content), hashlib.sha256(content).hexdigest()))
        path = self._folder / name.replace("/", "_")
        path.write_bytes(content)
        return path


def rank_lake(
    s3: "S3Client", bucket: str, now: int, rules: ScoringRules | None = None, say: Say = lambda _: None
) -> tuple[Run, Ranking, Voices]:
    """Score everything in the lake as of ``now`` (nanoseconds) and store the run; the watch list and its voices.

    ``BadInput`` when the lake is empty.
    """
    lake = Lake(s3, bucket)
    names = [*lake.names(f"{ACTIVITY}/wallet="), *lake.names(f"{RESOLUTIONS}/")]
    limits = rules or ScoringRules()
    scored = _score(s3, bucket, names, now // SECOND, limits, say)
    card, fills = scored.card, scored.fills
    run = f"{RANKINGS}/{iso(now)[:19].replace(':', '')}Z"
    lake.write(f"{run}/scores.parquet", card.table.to_arrow())
    lake.write(f"{run}/pairs.parquet", card.pairs.to_arrow())
    say("who of the best ranked moves with whom, and gains when and at what")
    lake.write(f"{run}/together.parquet", together_of(card, fills).to_arrow())
    lake.write(f"{run}/results.parquet", results_of(card, fills, scored.outcomes).to_arrow())
    lake.write(f"{run}/manifest.parquet", _manifest(scored.inputs, now, limits))
    ranking = ranking_of(card)
    say(f"comparing the voices of {len(ranking.wallets)} wallets")
    voices = voices_of(card, fills, ranking)
    eligible = int(card.table["eligible"].sum())
    return Run(run, card.table.height, eligible, len(ranking.wallets), card.basis, len(scored.inputs)), ranking, voices


def _score(s3: "S3Client", bucket: str, names: list[str], as_of_s: int, limits: ScoringRules, say: Say) -> _Scored:
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(s3, bucket, Path(folder))
        trades = [path for name in names if name.startswith(ACTIVITY) and (path := _rows(inputs.take(name)))]
        winners = [inputs.take(name) for name in names if name.startswith(RESOLUTIONS)]
        if not trades:
            raise BadInput(f"bucket {bucket} holds no activity under {ACTIVITY}/: discover wallets first")
        activity = read_activity(trades)
        say(f"{activity.fills.height:,} rows of {len(trades)} objects, {activity.refused} refused")
        outcomes = read_outcomes(winners)
        card = score_wallets(activity.fills, outcomes, as_of_s, limits, say=say)
        return _Scored(card, activity.fills, outcomes, inputs.taken)


def _rows(path: Path) -> Path | None:
    """The file, unless it has no rows (a wallet that did nothing since the last run)."""
    return path if pl.scan_parquet(path).select(pl.len()).collect().item() else None


def _manifest(inputs: list[Input], now: int, limits: ScoringRules) -> pa.Table:
    table = pa.table(
        {
            "name": [one.name for one in inputs],
            "size": pa.array([one.size for one in inputs], pa.int64()),
            "sha256": [one.sha256 for one in inputs],
        }
    )
    facts = {"as_of": str(now // SECOND), "rules": json.dumps(msgspec.to_builtins(limits), sort_keys=True)}
    return table.replace_schema_metadata(facts)


def reproduce(s3: "S3Client", bucket: str, run: str) -> pl.DataFrame:
    """The score table of a stored run, made again from its inputs.

    ``Corrupt`` when an input is not what it was, or the result differs from the stored one.
    """
    lake = Lake(s3, bucket)
    manifest = lake.read(f"{run}/manifest.parquet")
    facts = {key.decode(): value.decode() for key, value in (manifest.schema.metadata or {}).items()}
    limits = msgspec.convert(json.loads(facts["rules"]), ScoringRules)
    scored = _score(s3, bucket, manifest["name"].to_pylist(), int(facts["as_of"]), limits, lambda _: None)
    card = scored.card
    for one, expected in zip(scored.inputs, manifest["sha256"].to_pylist(), strict=True):
        if one.sha256 != expected:
            raise Corrupt(f"input {one.name} of {run} has SHA-256 {one.sha256}, not {expected}")
    stored = pl.DataFrame(lake.read(f"{run}/scores.parquet"))
    if not card.table.equals(stored):
        raise Corrupt(f"{run} cannot be reproduced: the same inputs give another table")
    return card.table


def compare(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """What changed between two score tables: wallet, rank_before, rank_after, change (entered, left, up, down, same).

    Wallets ranked in neither are left out.
    """
    old = before.select("wallet", rank_before="rank").filter(pl.col("rank_before").is_not_null())
    new = after.select("wallet", rank_after="rank").filter(pl.col("rank_after").is_not_null())
    change = (
        pl.when(pl.col("rank_before").is_null())
        .then(pl.lit("entered"))
        .when(pl.col("rank_after").is_null())
        .then(pl.lit("left"))
        .when(pl.col("rank_after") < pl.col("rank_before"))
        .then(pl.lit("up"))
        .when(pl.col("rank_after") > pl.col("rank_before"))
        .then(pl.lit("down"))
        .otherwise(pl.lit("same"))
    )
    joined = old.join(new, on="wallet", how="full", coalesce=True).with_columns(change=change)
    return joined.sort("rank_after", "rank_before", "wallet", nulls_last=True)


_decode = msgspec.json.Decoder(Published).decode
_decode_voices = msgspec.json.Decoder(_Pairs).decode


def publish(
    tables: Tables, account: str, run: str, ranking: Ranking, pause: Pause, voices: Voices | None = None
) -> None:
    """Make a ranking the one in force, with its voices; ``BadInput`` when an item would be too large for the table."""
    if voices is not None:
        _put(tables, account, VOICES, voices.as_of, _packed(run, voices), pause)
    _put(tables, account, RANKING, ranking.as_of, Published(run, ranking), pause)


def _put(tables: Tables, account: str, item: str, at: int, content: Struct, pause: Pause) -> None:
    body = body_of(content)
    if len(body.encode()) > _PUBLISHED_BYTES_MAX:
        raise BadInput(f"the {item} to publish has {len(body.encode())} bytes, the most is {_PUBLISHED_BYTES_MAX}")
    patiently(f"publishing the {item}", tables.control(account=account, item=item, at=at, body=body).save, pause)


def published(tables: Tables, account: str, pause: Pause) -> Published | None:
    """The ranking in force, with the voices of its run where it has any; None when none was published yet."""
    body = _body(tables, account, RANKING, pause)
    if body is None:
        return None
    found = _decode(body)
    beside = _body(tables, account, VOICES, pause)
    kept = None if beside is None else _decode_voices(beside)
    return found if kept is None or kept.run != found.run else Published(found.run, found.ranking, _unpacked(kept))


def _body(tables: Tables, account: str, item: str, pause: Pause) -> str | None:
    def read() -> str | None:
        try:
            return tables.control.get(account, item, consistent_read=True).body or ""
        except tables.control.DoesNotExist:
            return None

    return patiently(f"reading the {item}", read, pause)


def _packed(run: str, voices: Voices) -> _Pairs:
    wallets = sorted(dict.fromkeys(name for pair in voices.pairs for name in (pair.wallet_a, pair.wallet_b)))
    number = {wallet: place for place, wallet in enumerate(wallets)}
    pairs = tuple((number[one.wallet_a], number[one.wallet_b], one.overlap, one.correlation) for one in voices.pairs)
    return _Pairs(run, voices.as_of, tuple(wallets), pairs, voices.groups, voices.specialists)


def _unpacked(kept: _Pairs) -> Voices:
    pairs = tuple(Pair(kept.wallets[a], kept.wallets[b], overlap, linear) for a, b, overlap, linear in kept.pairs)
    return Voices(kept.as_of, pairs, kept.groups, kept.specialists)
