"""What DynamoDB's streams would say of items, in the shape in which Lambda hands it over."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import boto3

from shared.adapters.dynamo.tables import Endpoint, Tables

Item = dict[str, Any]
KEYS = {"journal": ("account", "seq"), "ledger": ("posting_id",)}
SECONDS = 1_774_180_800


def raw_items(endpoint: Endpoint, table: str, account: str = "") -> list[Item]:
    """Every item of a table as DynamoDB says it (of one account, where it is the hash key), in order of its keys."""
    client = boto3.client(
        "dynamodb",
        region_name=endpoint.region,
        endpoint_url=endpoint.host,
        aws_access_key_id=endpoint.key_id,
        aws_secret_access_key=endpoint.secret,
    )
    if account:
        pages = client.get_paginator("query").paginate(
            TableName=table,
            KeyConditionExpression="account = :account",
            ExpressionAttributeValues={":account": {"S": account}},
            ConsistentRead=True,
        )
    else:
        pages = client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]


def journal_items(endpoint: Endpoint, tables: Tables, account: str) -> list[Item]:
    """An account's journal as DynamoDB says it, in commit order."""
    return raw_items(endpoint, tables.journal.Meta.table_name, account)


def stream_record(
    number: int,
    item: Item,
    *,
    event: str = "INSERT",
    table: str = "journal",
    prefix: str = "test-",
    old: Item | None = None,
) -> Item:
    """One record of the stream of a table: ``item`` came, or (``old`` given) took the place of another."""
    arn = f"arn:aws:dynamodb:eu-west-1:000000000000:table/{prefix}{table}/stream/2026-03-22T00:00:00.000"
    shown = item or old or {}
    data: Item = {
        "Keys": {name: shown[name] for name in KEYS[table] if name in shown},
        "SequenceNumber": f"{number:021d}",
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        "ApproximateCreationDateTime": SECONDS + number,
    }
    if item:
        data["NewImage"] = item
    if old is not None:
        data["OldImage"] = old
    return {
        "eventID": f"event-{number}",
        "eventName": event,
        "eventSource": "aws:dynamodb",
        "eventSourceARN": arn,
        "dynamodb": data,
    }


def inserts(items: Iterable[Item], prefix: str = "test-", first: int = 1) -> list[Item]:
    """One INSERT for each item, in this order."""
    return [stream_record(number, item, prefix=prefix) for number, item in enumerate(items, first)]


def batches(records: list[Item], size: int) -> Iterator[list[Item]]:
    """Records as Lambda hands them over, so many at a time."""
    rest = iter(records)
    while batch := list(itertools.islice(rest, size)):
        yield batch
