"""Who is followed without a score: the wallets somebody named, or the busiest where nobody qualifies."""

from pathlib import Path

import pyarrow.parquet as pq
from pyarrow.lib import ArrowException

from shared.adapters.replay.recording import Recording
from shared.domain.errors import BadInput
from shared.domain.whale import RankedWallet, Ranking


def most_active(recording: Recording, as_of: int, most: int = 50) -> Ranking:
    """The recording's busiest wallets, for a run in which nobody qualifies: watched, with nothing known of them.

    Being busy later is no edge; each is copied only once its own resolved markets speak for it.
    """
    trades = recording.prints.group_by("wallet").len().sort(["len", "wallet"], descending=[True, False]).head(most)
    names = recording.names["wallet"]
    wallets = [str(names[code]) for code in trades["wallet"].to_list()]
    ranked = tuple(RankedWallet(wallet, rank, pinned=True) for rank, wallet in enumerate(wallets, start=1))
    return Ranking(as_of, "most active", ranked)


def named(path: Path, as_of: int) -> Ranking:
    """The wallets of a file, one per line or the column ``wallet`` of a Parquet file; their edge is not known yet."""
    if not path.exists():
        raise BadInput(f"whales file {path} does not exist")
    try:
        lines = _parquet_wallets(path) if path.suffix == ".parquet" else path.read_text(encoding="utf-8").splitlines()
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        raise BadInput(f"whales file {path} is not readable: {str(error).splitlines()[0][:120]}") from None
    names = dict.fromkeys(line.strip().lower() for line in lines if line.strip())
    if not names:
        raise BadInput(f"whales file {path} names no wallet")
    wallets = tuple(RankedWallet(wallet, rank, pinned=True) for rank, wallet in enumerate(names, start=1))
    return Ranking(as_of, "named", wallets)


def _parquet_wallets(path: Path) -> list[str]:
    with pq.ParquetFile(path) as file:
        if "wallet" not in file.schema_arrow.names:
            raise BadInput(f"whales file {path} has no column wallet")
        return [str(wallet or "") for wallet in file.read(["wallet"]).column("wallet").to_pylist()]
