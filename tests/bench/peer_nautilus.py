"""nautilus_trader on the level updates that were written for it: ``peer_nautilus.py UPDATES.parquet PASSES``, run by
the Python of its own environment (``peer.sh``).

Its backtest engine (low level) with one venue of L2 books, one binary option per token, and a strategy that counts what
it is told: the counterpart of our engine and paper venue, which each keep a book too and want nothing. Three ways are
measured: level by level with a managed book (what ours does), the same without one, and the levels of a recorded
snapshot as one batch. Only ``run`` is timed, by the processor's own seconds; all objects are made before.

It imports nothing of this project, which is not installed there.
"""

import importlib
import json
import sys
import time
from decimal import Decimal
from itertools import groupby
from typing import Any

VENUE = "PEER"
PRICE_DIGITS, SIZE_DIGITS = 3, 2
SINGLE, UNMANAGED, BATCHED = "level by level", "level by level, no managed book", "in batches"


def _of(name: str) -> Any:
    return importlib.import_module(f"nautilus_trader.{name}")


def instruments(tokens: list[str]) -> list[Any]:
    """A binary option per token; names are shortened to what the venue's symbols may be."""
    identifiers, objects = _of("model.identifiers"), _of("model.objects")
    usdc, enums = _of("model.currencies").USDC, _of("model.enums")
    return [
        _of("model.instruments").BinaryOption(
            instrument_id=identifiers.InstrumentId(identifiers.Symbol(token), identifiers.Venue(VENUE)),
            raw_symbol=identifiers.Symbol(token),
            asset_class=enums.AssetClass.ALTERNATIVE,
            currency=usdc,
            price_precision=PRICE_DIGITS,
            size_precision=SIZE_DIGITS,
            price_increment=objects.Price(10**-PRICE_DIGITS, PRICE_DIGITS),
            size_increment=objects.Quantity(10**-SIZE_DIGITS, SIZE_DIGITS),
            activation_ns=0,
            expiration_ns=4_102_444_800_000_000_000,
            ts_event=0,
            ts_init=0,
            maker_fee=Decimal(0),
            taker_fee=Decimal(0),
        )
        for token in tokens
    ]


def updates(path: str) -> tuple[list[str], list[list[Any]]]:
    """The tokens, and the deltas of each recorded snapshot."""
    data, enums, objects = _of("model.data"), _of("model.enums"), _of("model.objects")
    rows = importlib.import_module("pyarrow.parquet").read_table(path).to_pylist()
    tokens = list(dict.fromkeys(row["token"] for row in rows))
    ids = {one.raw_symbol.value: one.id for one in instruments(tokens)}
    found: list[list[Any]] = []
    for _, group in groupby(rows, key=lambda row: row["message"]):
        batch: list[Any] = []
        for row in group:
            at, name = row["at"], ids[row["token"]]
            if row["first"]:
                batch.append(data.OrderBookDelta.clear(name, 0, at, at))
            side = enums.OrderSide.BUY if row["bid"] else enums.OrderSide.SELL
            price, size = objects.Price(row["price"], PRICE_DIGITS), objects.Quantity(row["size"], SIZE_DIGITS)
            action = enums.BookAction.UPDATE if row["size"] else enums.BookAction.DELETE
            order = data.BookOrder(side, price, size, 0)
            batch.append(data.OrderBookDelta(name, action, order, enums.RecordFlag.F_LAST, 0, at, at))
        found.append(batch)
    return tokens, found


def seconds(tokens: list[str], batches: list[list[Any]], way: str) -> float:
    """Processor seconds of one run."""
    engine = _of("backtest.engine").BacktestEngine(
        _of("backtest.config").BacktestEngineConfig(
            logging=_of("config").LoggingConfig(bypass_logging=True), run_analysis=False
        )
    )
    enums, objects, usdc = _of("model.enums"), _of("model.objects"), _of("model.currencies").USDC
    engine.add_venue(
        venue=_of("model.identifiers").Venue(VENUE),
        oms_type=enums.OmsType.NETTING,
        account_type=enums.AccountType.CASH,
        starting_balances=[objects.Money(10_000, usdc)],
        book_type=enums.BookType.L2_MBP,
    )
    options = instruments(tokens)
    for option in options:
        engine.add_instrument(option)
    told = 0

    def on_start(self: Any) -> None:
        for option in options:
            self.subscribe_order_book_deltas(option.id, enums.BookType.L2_MBP, managed=way != UNMANAGED)

    def on_order_book_deltas(_self: Any, deltas: Any) -> None:
        nonlocal told
        told += len(deltas.deltas)

    quiet = type(
        "Quiet",
        (_of("trading.strategy").Strategy,),
        {"on_start": on_start, "on_order_book_deltas": on_order_book_deltas},
    )
    engine.add_strategy(quiet())
    if way == BATCHED:
        batch = _of("model.data").OrderBookDeltas
        engine.add_data([batch(one[0].instrument_id, one) for one in batches])
    else:
        engine.add_data([delta for one in batches for delta in one])
    began = time.process_time()
    engine.run()
    took = time.process_time() - began
    engine.dispose()
    wanted = sum(len(one) for one in batches)
    if told != wanted:
        raise AssertionError(f"{way}: the strategy was told {told} of {wanted} deltas")
    return took


def main() -> None:
    """Measure every way and print the best seconds of each as JSON."""
    path, passes = sys.argv[1], int(sys.argv[2])
    tokens, batches = updates(path)
    took = {way: [seconds(tokens, batches, way) for _ in range(passes)] for way in (SINGLE, UNMANAGED, BATCHED)}
    version = importlib.import_module("importlib.metadata").version("nautilus_trader")
    print(json.dumps({"version": version, "python": sys.version.split()[0], "seconds": took}))


if __name__ == "__main__":
    main()
