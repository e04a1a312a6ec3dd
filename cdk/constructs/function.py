"""A row of the table of functions as a Lambda: code, a role of its own, logs for 30 days, and where failures go."""

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.constructs import secrets as secrets_of
from cdk.constructs.buckets import Buckets
from cdk.constructs.image import Image
from cdk.constructs.messages import Messages
from cdk.constructs.secrets import Secrets
from cdk.constructs.tables import PUT, READ, Tables
from cdk.constructs.zips import RUNTIME
from cdk.functions import Row
from cdk.settings import Deployment


@dataclass(frozen=True)
class World:
    """What functions may touch, and what they run."""

    deployment: Deployment
    tables: Tables
    buckets: Buckets
    messages: Messages
    failed: sqs.Queue
    secrets: Secrets
    image: Image
    light: lambda_.Code
    environment: Mapping[str, str]


class HouseFunction(Construct):
    """One function with the rights of its row."""

    def __init__(self, scope: Construct, construct_id: str, row: Row, world: World) -> None:
        super().__init__(scope, construct_id)
        self.row = row
        name = f"{world.deployment.prefix}{row.name}"
        log_group = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/{name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.role = iam.Role(
            self,
            "Role",
            description=f"{name}: {row.purpose}"[:1000],
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log_group.grant_write(self.role)
        _allow(self.role, row, world)
        handler = f"functions.{row.name}.handler.handler"
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=name,
            description=row.purpose,
            code=world.image.function(handler) if row.heavy else world.light,
            handler=lambda_.Handler.FROM_IMAGE if row.heavy else handler,
            runtime=lambda_.Runtime.FROM_IMAGE if row.heavy else RUNTIME,
            architecture=lambda_.Architecture.ARM_64,
            role=self.role,
            log_group=log_group,
            memory_size=row.memory,
            timeout=Duration.seconds(row.timeout_s),
            environment={**world.environment, "POWERTOOLS_SERVICE_NAME": row.name},
            max_event_age=Duration.seconds(row.late_s),
            retry_attempts=row.retries,
            dead_letter_queue=world.failed,
        )


def _allow(role: iam.Role, row: Row, world: World) -> None:
    """Give a role what its row says."""
    if row.reads:
        role.add_to_policy(world.tables.statement(READ, row.reads))
    if row.scans:
        role.add_to_policy(world.tables.statement(("Scan",), row.scans))
    if row.writes:
        role.add_to_policy(world.tables.statement(PUT, row.writes))
    if row.lake:
        buckets = world.buckets
        role.add_managed_policy(buckets.lake_write if row.lake == "write" else buckets.lake_read)
    if row.archives:
        role.add_managed_policy(world.buckets.audit_append)
    if row.secrets:
        role.add_to_policy(world.secrets.statement(secrets_of.READ, *row.secrets))
    if row.rotates:
        role.add_to_policy(world.secrets.statement(secrets_of.ROTATE, *row.rotates))
        if "telegram" in row.rotates:
            role.add_to_policy(iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[_webhook(world)]))
    if row.hashes:
        actions = ["ssm:GetParameter", *(["ssm:PutParameter"] if row.hashes == "write" else [])]
        role.add_to_policy(iam.PolicyStatement(actions=actions, resources=[world.secrets.hashes.parameter_arn]))
    if row.notifies:
        world.messages.alerts.grant_send_messages(role)
    if row.mails:
        role.add_to_policy(iam.PolicyStatement(actions=["sns:Publish"], resources=[world.messages.topic.topic_arn]))


def _webhook(world: World) -> str:
    """Called by its name: the API puts it, which is deployed after the functions."""
    return f"arn:{Aws.PARTITION}:ssm:{Aws.REGION}:{Aws.ACCOUNT_ID}:parameter{world.deployment.webhook}"
