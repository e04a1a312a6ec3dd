"""The DynamoDB tables: keys and the few attributes that conditions and indexes need; everything else is in ``body``.

``body`` is the JSON of a domain struct as msgspec writes it, so integers stay exact. The models name no table: ``bind``
makes one set of them for a prefix, an endpoint and credentials, all on one connection.
"""

from functools import partial
from typing import TypeVar

from pynamodb.attributes import BooleanAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TableError
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from shared.adapters.dynamo.failures import code_of, patiently
from shared.adapters.endpoint import Endpoint
from shared.domain.errors import BadInput

Table = TypeVar("Table", bound=Model)

__all__ = ["Endpoint", "Tables"]

ON_DEMAND = "PAY_PER_REQUEST"
CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0


class Control(Model):
    """Small items of one account: lease, switch, rooms, commands, and what functions have done once.

    Each is its own item, so that one transaction can check all of them. ``expires``: of those that are not kept.
    """

    account = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    epoch = NumberAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    beat = NumberAttribute(null=True)
    released = BooleanAttribute(null=True)
    trading = BooleanAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    at = NumberAttribute(null=True)
    headroom = NumberAttribute(null=True)
    body = UnicodeAttribute(null=True)
    expires = TTLAttribute(null=True)


class OpenOrders(GlobalSecondaryIndex["Orders"]):
    """Orders that are not final, per account: the attribute ``open`` exists only on those."""

    class Meta:
        """Index settings."""

        index_name = "open"
        projection = AllProjection()

    open = UnicodeAttribute(hash_key=True)
    order_key = UnicodeAttribute(range_key=True)


class Orders(Model):
    """Orders as last committed."""

    order_key = UnicodeAttribute(hash_key=True)
    account = UnicodeAttribute()
    open = UnicodeAttribute(null=True)
    body = UnicodeAttribute()
    open_orders = OpenOrders()


class LedgerDays(GlobalSecondaryIndex["Ledger"]):
    """Postings of an account's UTC day in the order they were committed."""

    class Meta:
        """Index settings."""

        index_name = "day"
        projection = AllProjection()

    account_day = UnicodeAttribute(hash_key=True)
    seq = UnicodeAttribute(range_key=True)


class Ledger(Model):
    """Postings, put once. ``seq`` is the journal key of the record that made the posting."""

    posting_id = UnicodeAttribute(hash_key=True)
    account = UnicodeAttribute()
    account_day = UnicodeAttribute()
    seq = UnicodeAttribute()
    body = UnicodeAttribute()
    days = LedgerDays()


class Positions(Model):
    """Positions as last committed; ``slot`` is ``token#sleeve``."""

    account = UnicodeAttribute(hash_key=True)
    slot = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute()


class Decisions(Model):
    """Decisions for people, by account and UTC day; they expire."""

    account_day = UnicodeAttribute(hash_key=True)
    moment = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute()
    expires = TTLAttribute(null=True)


class Journal(Model):
    """Money records, put once, under ``epoch.writer.n``: one query reads an account's history in commit order."""

    account = UnicodeAttribute(hash_key=True)
    seq = UnicodeAttribute(range_key=True)
    day = UnicodeAttribute()
    body = UnicodeAttribute()


class Metrics(Model):
    """Points of the curves people look at."""

    account_day = UnicodeAttribute(hash_key=True)
    at = NumberAttribute(range_key=True)
    body = UnicodeAttribute()


class Live(Model):
    """One small item: what the dashboard shows as now."""

    account = UnicodeAttribute(hash_key=True)
    body = UnicodeAttribute()


class Whales(Model):
    """The wallets an account follows."""

    account = UnicodeAttribute(hash_key=True)
    wallet = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute()


class Markets(Model):
    """Market data, shared by all accounts."""

    market = UnicodeAttribute(hash_key=True)
    body = UnicodeAttribute()


class Paper(Model):
    """The paper venue's own memory; our engine never reads it."""

    account = UnicodeAttribute(hash_key=True)
    order_key = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute()


class Tables:
    """One set of tables under a prefix such as ``house-``, on one connection that threads may share."""

    def __init__(self, prefix: str, endpoint: Endpoint) -> None:
        self.prefix = prefix
        # No automatic retries: the store's own loop decides, because it knows which requests are conditional.
        self.connection = Connection(
            region=endpoint.region,
            host=endpoint.host,
            connect_timeout_seconds=CONNECT_TIMEOUT_S,
            read_timeout_seconds=READ_TIMEOUT_S,
            max_retry_attempts=0,
            max_pool_connections=16,
            aws_access_key_id=endpoint.key_id or None,
            aws_secret_access_key=endpoint.secret or None,
        )
        self.control = self._bind(Control)
        self.orders = self._bind(Orders)
        self.ledger = self._bind(Ledger)
        self.positions = self._bind(Positions)
        self.decisions = self._bind(Decisions)
        self.journal = self._bind(Journal)
        self.metrics = self._bind(Metrics)
        self.live = self._bind(Live)
        self.whales = self._bind(Whales)
        self.markets = self._bind(Markets)
        self.paper = self._bind(Paper)

    def all(self) -> list[type[Model]]:
        """Every table."""
        return [
            self.control,
            self.orders,
            self.ledger,
            self.positions,
            self.decisions,
            self.journal,
            self.metrics,
            self.live,
            self.whales,
            self.markets,
            self.paper,
        ]

    def create(self) -> None:
        """Create what does not exist yet, billed on demand; safe to run again or by two processes at once."""
        for model in self.all():
            patiently(f"creating table {model.Meta.table_name}", partial(_create, model))

    def check(self) -> None:
        """``BadInput`` in one sentence where a table does not exist, for whoever must not create any."""
        for model in self.all():
            name = model.Meta.table_name
            if not patiently(f"looking for table {name}", model.exists):
                raise BadInput(f"there is no table {name}: deploy first, or set TABLE_PREFIX to what is deployed")

    def _bind(self, model: type[Table]) -> type[Table]:
        meta = type("Meta", (), {"table_name": f"{self.prefix}{model.__name__.lower()}", "billing_mode": ON_DEMAND})
        bound = type(model.__name__, (model,), {"__module__": model.__module__, "Meta": meta})
        assert issubclass(bound, model)
        # pynamodb gives every model a connection, hence a client, of its own; one for all starts ten times faster.
        own = bound._get_connection()  # noqa: SLF001  # it has no public door to this
        self.connection.add_meta_table(own.get_meta_table())
        own.connection = self.connection
        return bound


def _create(model: type[Model]) -> None:
    try:
        model.create_table(wait=True)
    except TableError as error:
        if code_of(error) != "ResourceInUseException":  # somebody else creates it right now
            raise
