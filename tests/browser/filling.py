"""Writes a population into an account's tables and its lake, many items a request and several requests at once."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise

import pyarrow as pa
from msgspec import to_builtins
from pynamodb.models import Model

from shared.adapters.archive.vault import Vault
from shared.adapters.discovery.rankings import RANKINGS, publish
from shared.adapters.dynamo.codec import account_day, body_of, moment
from shared.adapters.dynamo.notes import put_run
from shared.adapters.dynamo.tables import Tables
from shared.adapters.dynamo.transaction import order_item
from shared.adapters.dynamo.views import Views
from shared.adapters.journal.entry import journal_key
from shared.adapters.s3.lake import Lake
from shared.adapters.s3.studies import publish as publish_study
from shared.domain.instants import DAY, HOUR, MINUTE, SECOND, iso, iso_day
from shared.domain.notes import Run
from shared.domain.order import OrderState
from shared.domain.updown import listed
from shared.domain.whale import RankedWallet, Ranking
from tests.browser.population import Population
from tests.dashboard.fakes import RULES, score
from tests.dashboard.research_fakes import manifest, replay_report

AT_ONCE = 25
"""Items of one request, as many as the service takes."""
WRITERS = 2
PARTS = {"store": "answers in 4 ms", "venue": "answers", "feeds": "all well", "tape": "not written for 2 min"}
RUNS = {"reconcile": "0 differences stand", "audit_ledger": "0 differences", "rank_whales": "30 of 2,000 followed"}


def fill(population: Population, tables: Tables, lake: Lake) -> None:
    """Write everything; what an empty account does not have is left out."""
    if population.nothing:
        return
    with ThreadPoolExecutor(WRITERS) as pool:
        for _ in pool.map(_put, _batches(_items(population, tables))):
            pass
    views = Views(population.account, tables)
    views.put_marks(population.marks)
    views.put_risk(population.risk)
    views.put_operations(_operations(population))
    for name, says in RUNS.items():
        put_run(tables, population.account, Run(name, population.at - MINUTE, ok=True, took_ms=430, says=says))
    for name, item in population.screens.items(population.at).items():
        views.put_screen(name, item)
    views.put_live(population.live)
    _rank(population, tables, lake)
    _study(population, lake)


def _items(population: Population, tables: Tables) -> Iterator[Model]:
    account = population.account
    for market in population.markets:
        yield tables.markets(market=market.market, body=body_of(market))
    for made in population.decisions:
        named = f"{moment(made.at)}#{made.signal_id}#000000"
        yield tables.decisions(account_day=account_day(account, made.at), moment=named, body=body_of(made))
    for order in population.past.orders:
        yield order_item(tables, order)
    for position in population.past.positions:
        yield tables.positions(account=account, slot=position.key, body=body_of(position))
    yield from _books(population, tables)
    for point in population.points:
        yield tables.metrics(account_day=account_day(account, point["at"]), at=point["at"], body=body_of(point))
    for whale in population.whales:
        yield tables.whales(account=account, wallet=whale["wallet"], body=body_of(whale))


def _books(population: Population, tables: Tables) -> Iterator[Model]:
    """The journal and the postings of the ledger."""
    account = population.account
    for n, record in enumerate(population.past.records):
        yield tables.journal(
            account=account, seq=journal_key(1, "w", n + 1), day=iso_day(record.at), body=body_of(record)
        )
    for n, record in enumerate(population.past.records):
        if (made := record.posting) is not None:
            yield tables.ledger(
                posting_id=made.posting_id,
                account=account,
                account_day=account_day(account, record.at),
                seq=journal_key(1, "w", n + 1),
                body=body_of(made),
            )


def _operations(population: Population) -> dict[str, object]:
    """Parts that are well but for one, three orders that failed for good, and the windows among the markets."""
    failed = [order.order_key for order in population.past.orders if order.state is OrderState.REJECTED][:3]
    parts = {name: {"ok": name != "tape", "says": says} for name, says in PARTS.items()}
    return {
        "at": population.at,
        "event_at": population.at,
        "parts": parts,
        "dead": failed,
        "dead_count": len(failed),
        "updown": to_builtins(listed(population.markets, population.at)),
        "spot": {"binance": ["BTC", "ETH"]},
    }


def _study(population: Population, lake: Lake) -> None:
    """A replay that somebody published an hour ago."""
    told = manifest(population.account, at=population.at - HOUR)
    publish_study(Vault(lake.s3, lake.bucket), told, replay_report())


def _batches(items: Iterable[Model]) -> Iterator[list[Model]]:
    """Neighbours of one table."""
    batch: list[Model] = []
    for item in items:
        if batch and (len(batch) == AT_ONCE or type(item) is not type(batch[0])):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def _put(batch: list[Model]) -> None:
    with type(batch[0]).batch_write() as writer:
        for item in batch:
            writer.save(item)


def _rank(population: Population, tables: Tables, lake: Lake) -> None:
    """Two runs of the ranking, a day apart, and the watch list made from the later one."""
    _store(population, lake, population.at - DAY)
    run = _store(population, lake, population.at)
    wallets = tuple(
        RankedWallet(row["wallet"], row["rank"], row["n_markets"], mean_return=row["mean_return"])
        for row in islice(population.whales, population.size.followed)
    )
    publish(tables, population.account, run, Ranking(population.at, "scored", wallets), lambda _: None)


def _store(population: Population, lake: Lake, as_of: int) -> str:
    wallets = [str(row["wallet"]) for row in population.whales]
    ranked = len(wallets) * 3 // 4
    share = 1.0 / max(population.size.followed, 1)
    rows = [
        score(
            wallet,
            n + 1 if n < ranked else None,
            sharpe_low=0.4 - n / len(wallets),
            sharpe_high=0.9 - n / len(wallets),
            quality=90.0 - 60.0 * n / len(wallets),
            reason="" if n < ranked else ("market_maker", "too_few_wins")[n % 2],
            allocation=share if n < population.size.followed else 0.0,
            cluster=f"cluster-{n // 12}" if n % 12 < 2 else None,
        )
        for n, wallet in enumerate(wallets)
    ]
    pairs = [
        {"wallet": a, "other": b, "linked": n % 2 == 0, "evidence": f"{20 + n} moments in common"}
        for n, (a, b) in enumerate(pairwise(wallets))
        if n % 12 == 0
    ]
    manifest = pa.table({"name": [f"activity/{n}" for n in range(len(wallets))]})
    facts = {"as_of": str(as_of // SECOND), "rules": json.dumps(RULES)}
    run = f"{RANKINGS}/{iso(as_of)[:19].replace(':', '')}Z"
    lake.write(f"{run}/scores.parquet", pa.Table.from_pylist(rows))
    lake.write(f"{run}/pairs.parquet", pa.Table.from_pylist(pairs))
    lake.write(f"{run}/manifest.parquet", manifest.replace_schema_metadata(facts))
    return run
