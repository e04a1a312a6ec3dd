"""64 writers of one account at once, half of them killed: nothing acknowledged is lost, no limit is passed."""

import random
import signal
import subprocess
import sys
import threading
import time

from shared.adapters.dynamo.rebuild import verify_books
from shared.domain.ledger import CASH, RESERVED, RecordKind
from shared.domain.money import dollars
from tests.contracts.embedded import Embedded
from tests.contracts.store.lives import life
from tests.contracts.store.records import buy, deposit

PROCESSES, THREADS, ROUNDS = 8, 8, 12
KILLED = 4
MONEY = 600  # dollars: room for about 291 of the 768 orders


def listen(process: "subprocess.Popen[str]", said: list[str]) -> None:
    assert process.stdout is not None
    said.extend(line.strip() for line in process.stdout if line.endswith("\n"))


def test_64_writers_half_of_them_killed_lose_no_update_and_pass_no_limit(embedded: Embedded) -> None:
    account, tables = embedded.account(), embedded.tables
    store = life(embedded.backend(account), "all", "zero")
    assert store.epoch == 1
    store.write(deposit(account, MONEY))
    dice = random.Random(7)
    processes: list[subprocess.Popen[str]] = []
    ears: list[threading.Thread] = []
    said: list[str] = []
    for n in range(PROCESSES):
        asked = [embedded.server.url, account, str(n), str(THREADS), str(ROUNDS)]
        command = [sys.executable, "-m", "tests.shared.adapters.dynamo.writer", *asked]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        ears.append(threading.Thread(target=listen, args=(process, said)))
        ears[-1].start()
    while len(said) < 40:  # all have begun in earnest before the first is killed
        assert any(process.poll() is None for process in processes)
        time.sleep(0.02)
    for process in dice.sample(processes, KILLED):
        time.sleep(dice.uniform(0.05, 0.4))
        process.kill()
    for process, ear in zip(processes, ears, strict=True):
        process.wait(60)
        ear.join()
        assert process.stdout is not None
        process.stdout.close()

    assert [process.returncode for process in processes].count(-signal.SIGKILL) == KILLED  # in the middle of work
    entries = store.entries()
    books = verify_books(account, tables, entries)  # every room, order and posting is what the records add up to
    planned = {entry.record.order.intent_id for entry in entries if entry.record.order is not None}
    paid = {entry.record.posting.ref for entry in entries if entry.record.posting is not None}
    told_plans = {f"{account}/{line.split()[1]}" for line in said if line.startswith("plan ")}
    told_paid = {f"{account}/{line.split()[1]}" for line in said if line.startswith("paid ")}
    assert told_plans
    assert told_plans <= planned
    assert told_paid <= paid
    assert said.count("done") >= PROCESSES - KILLED
    deposits = sum(1 for entry in entries if entry.record.kind is RecordKind.DEPOSITED) - 1
    reserved = books.balance(RESERVED)
    assert reserved == len(planned) * buy(account, "one", size=5_000_000).reserved
    assert books.balance(CASH) == books.room[CASH] == dollars(MONEY) + deposits - reserved
    assert min(books.room.values()) >= 0
    assert books.room[CASH] < dollars(3)  # the limit was reached: refusals happened
