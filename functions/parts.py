"""What functions talk to, made once for as long as they stay warm: a client costs more than what it is asked for."""

from functools import cache

from functions.entrance import Surroundings
from shared.adapters.archive.vault import Vault
from shared.adapters.dynamo.tables import Endpoint, Tables
from shared.adapters.notices.sqs import SqsNotifier
from shared.adapters.s3.client import s3_client, sqs_client


@cache
def _vault(endpoint: Endpoint, bucket: str) -> Vault:
    return Vault(s3_client(endpoint), bucket)


@cache
def _notifier(endpoint: Endpoint, queue_url: str) -> SqsNotifier:
    return SqsNotifier(sqs_client(endpoint), queue_url)


@cache
def _tables(endpoint: Endpoint, prefix: str) -> Tables:
    return Tables(prefix, endpoint)


def vault_of(around: Surroundings) -> Vault:
    """The audit bucket."""
    return _vault(around.endpoint, around.settings.cloud.audit_bucket)


def notifier_of(around: Surroundings) -> SqsNotifier:
    """The way to people."""
    return _notifier(around.endpoint, around.settings.cloud.alerts_queue_url)


def tables_of(around: Surroundings) -> Tables:
    """The deployment's tables."""
    return _tables(around.endpoint, around.settings.state.table_prefix)
