"""The `archive` and `restore` commands: is the audit bucket whole, and the tables rebuilt from it alone."""

import argparse
import json
import sys
import time

import msgspec

from fargate.lakes import endpoint_of
from shared.adapters.archive.reading import Archive, read_archive
from shared.adapters.archive.restoring import restore as rebuild_tables
from shared.adapters.archive.vault import Vault
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.s3.client import s3_client
from shared.domain.money import format_fixed
from shared.settings import Settings

SOUND, NOT_SOUND = 0, 4
SHOWN = 20
EVERY_S = 5.0


def archive(options: argparse.Namespace, settings: Settings) -> int:
    """Read the archive and tell; 4 when anything in it is wrong."""
    found = _read(options, settings)
    if options.json:
        print(json.dumps(_facts(found), indent=2))
    else:
        print("\n".join(_told(found)))
    return NOT_SOUND if found.wrong else SOUND


def restore(options: argparse.Namespace, settings: Settings) -> int:
    """Rebuild the tables and tell; what cannot be restored is raised."""
    began = time.monotonic()
    found = _read(options, settings)
    tables = Tables(settings.state.table_prefix, _endpoint(settings))
    if settings.state.aws_endpoint_url is not None:  # in the cloud the deployment makes them: with streams and backups
        tables.create()
    done = rebuild_tables(found, tables, time.time_ns(), Progress())
    took = round(time.monotonic() - began, 1)
    if options.json:
        print(json.dumps({**msgspec.to_builtins(done), "account": found.account, "seconds": took}))
        return SOUND
    again = f" ({done.there:,} were there already)" if done.there else ""
    print(f"restored {done.records:,} records of {found.account} in {took} s{again}")
    print(f"{done.orders:,} orders, {done.positions:,} positions, ${format_fixed(done.money, 6)}: equal to the archive")
    print("trading is stopped: look at the books, then `python -m fargate resume --reason ...`")
    return SOUND


def _endpoint(settings: Settings) -> Endpoint:
    state = settings.state
    return Endpoint(state.region) if state.aws_endpoint_url is None else endpoint_of(settings)


def _read(options: argparse.Namespace, settings: Settings) -> Archive:
    vault = Vault(s3_client(_endpoint(settings)), options.bucket or settings.cloud.audit_bucket)
    return read_archive(vault, options.account or settings.account)


def _facts(found: Archive) -> dict[str, object]:
    return {
        "account": found.account,
        "records": len(found.entries),
        "last": found.last_key,
        "hash": found.hash,
        "objects": found.objects,
        "again": found.again,
        "seals": found.seals,
        "wrong": found.wrong,
    }


def _told(found: Archive) -> list[str]:
    """For people: the first thing wrong, or that all is well."""
    head = f"{found.account}: {len(found.entries):,} records in {found.objects:,} objects, {found.seals:,} seals"
    if not found.wrong:
        return [f"{head}: whole", f"  last {found.last_key or 'none'}, hash {found.hash or 'none'}"]
    more = len(found.wrong) - SHOWN
    lines = [f"{head}: WRONG: {found.wrong[0]}", *(f"  {sentence}" for sentence in found.wrong[1:SHOWN])]
    return [*lines, f"  and {more:,} more"] if more > 0 else lines


class Progress:
    """A line on standard error every few seconds."""

    def __init__(self) -> None:
        self._spoken = time.monotonic()

    def __call__(self, done: int, records: int) -> None:
        """Hear how far it is."""
        if time.monotonic() - self._spoken >= EVERY_S:
            self._spoken = time.monotonic()
            print(f"{done:,} of {records:,} records", file=sys.stderr, flush=True)
