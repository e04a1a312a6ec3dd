"""What functions talk to, made once for as long as they stay warm: a client costs more than what it is asked for.

AWS's libraries are loaded by the first run, not before it.
"""

from functools import cache
from typing import TYPE_CHECKING

from functions.entrance import Surroundings
from shared.adapters.endpoint import Endpoint

if TYPE_CHECKING:
    from shared.adapters.archive.vault import Vault
    from shared.adapters.dynamo.tables import Tables
    from shared.adapters.notices.queue import QueueNotifier


@cache
def _vault(endpoint: Endpoint, bucket: str) -> "Vault":
    from shared.adapters.archive.vault import Vault
    from shared.adapters.s3.client import s3_client

    return Vault(s3_client(endpoint), bucket)


@cache
def _notifier(endpoint: Endpoint, queue_url: str) -> "QueueNotifier":
    from shared.adapters.notices.clients import sqs_client
    from shared.adapters.notices.queue import QueueNotifier

    return QueueNotifier(sqs_client(endpoint), queue_url)


@cache
def _tables(endpoint: Endpoint, prefix: str) -> "Tables":
    from shared.adapters.dynamo.tables import Tables

    return Tables(prefix, endpoint)


def vault_of(around: Surroundings) -> "Vault":
    """The audit bucket."""
    return _vault(around.endpoint, around.settings.cloud.audit_bucket)


def notifier_of(around: Surroundings) -> "QueueNotifier":
    """The way to people."""
    return _notifier(around.endpoint, around.settings.cloud.alerts_queue_url)


def tables_of(around: Surroundings) -> "Tables":
    """The deployment's tables."""
    return _tables(around.endpoint, around.settings.state.table_prefix)
