"""The tables, and who may do what with them: named actions on named tables, never a pattern."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.settings import Deployment

READ = ("DescribeTable", "GetItem", "BatchGetItem", "Query")
PUT = ("PutItem", "UpdateItem")
APPEND = ("PutItem", "ConditionCheckItem")
"""Put alone could replace an item; that nothing is replaced is a condition in code and an alarm on the stream."""


@dataclass(frozen=True)
class Index:
    """A second way into a table."""

    name: str
    hash_key: str
    range_key: str


@dataclass(frozen=True)
class Table:
    """One table. ``numbered``: the range key is a number. ``expires``: items may carry the time they end."""

    name: str
    hash_key: str
    range_key: str | None = None
    numbered: bool = False
    index: Index | None = None
    streams: bool = False
    expires: bool = False


TABLES = (
    Table("control", "account", "item", expires=True),
    Table("orders", "order_key", index=Index("open", "open", "order_key"), streams=True),
    Table("ledger", "posting_id", index=Index("day", "account_day", "seq"), streams=True),
    Table("positions", "account", "slot"),
    Table("decisions", "account_day", "moment", expires=True),
    Table("journal", "account", "seq", streams=True),
    Table("metrics", "account_day", "at", numbered=True),
    Table("live", "account"),
    Table("whales", "account", "wallet"),
    Table("markets", "market"),
    Table("paper", "account", "order_key"),
)
EXPIRY = "expires"


class Tables(Construct):
    """Every table of a deployment, kept when the stack is gone."""

    def __init__(self, scope: Construct, construct_id: str, deployment: Deployment) -> None:
        super().__init__(scope, construct_id)
        self.prefix = deployment.prefix
        self._rows = {row.name: row for row in TABLES}
        self._made = {row.name: self._make(row) for row in TABLES}

    def stream_of(self, name: str) -> str:
        """The ARN of a table's stream; ``KeyError`` when there is no such table."""
        arn = self._made[name].table_stream_arn
        assert arn is not None, f"table {name} has no stream"
        return arn

    def statement(self, actions: Sequence[str], names: Sequence[str]) -> iam.PolicyStatement:
        """Leave to do ``actions`` (DynamoDB's names) on tables and, when one of them asks, their indexes."""
        resources = [self._made[name].table_arn for name in names]
        if "Query" in actions:
            resources += [
                f"{self._made[name].table_arn}/index/{index.name}"
                for name in names
                if (index := self._rows[name].index) is not None
            ]
        return iam.PolicyStatement(actions=[f"dynamodb:{action}" for action in actions], resources=resources)

    def _make(self, row: Table) -> dynamodb.Table:
        text, number = dynamodb.AttributeType.STRING, dynamodb.AttributeType.NUMBER
        table = dynamodb.Table(
            self,
            row.name.capitalize(),
            table_name=f"{self.prefix}{row.name}",
            partition_key=dynamodb.Attribute(name=row.hash_key, type=text),
            sort_key=dynamodb.Attribute(name=row.range_key, type=number if row.numbered else text)
            if row.range_key
            else None,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=True,
            removal_policy=RemovalPolicy.RETAIN,
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES if row.streams else None,
            time_to_live_attribute=EXPIRY if row.expires else None,
        )
        if row.index:
            table.add_global_secondary_index(
                index_name=row.index.name,
                partition_key=dynamodb.Attribute(name=row.index.hash_key, type=text),
                sort_key=dynamodb.Attribute(name=row.index.range_key, type=text),
            )
        return table
