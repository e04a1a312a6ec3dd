"""The functions: made from the table, called by schedules, streams, the queue of notices and Secrets Manager."""

import json

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from cdk.constructs.function import HouseFunction, World
from cdk.constructs.image import Image
from cdk.constructs.messages import queue
from cdk.constructs.secrets import Secrets
from cdk.constructs.zips import light_code
from cdk.functions import FUNCTIONS
from cdk.settings import Deployment
from cdk.stacks.data import DataStack

BATCH = 10
SCRATCH = "/tmp"  # noqa: S108  # Lambda: the only place a function may write to, and its own
ARCHIVED = ("journal", "ledger")
"""Streams whose records are kept, and on which a change or a removal is never normal."""
SCHEDULED = "<aws.scheduler.scheduled-time>"
"""What the scheduler puts the instant of a run in the place of (ISO-8601, UTC)."""
RETRIES = 20
OLDEST_H = 12
"""How long a stream's record is tried: half of what a stream keeps, so that a person can still read it there."""


class FunctionsStack(Stack):
    """Every function of the table, by name in ``made``. ``failed``: what failed for good."""

    def __init__(self, scope: Construct, construct_id: str, deployment: Deployment, data: DataStack) -> None:
        super().__init__(scope, construct_id, description="the functions of the house")
        self._deployment, self._data = deployment, data
        self.secrets = Secrets(self, "Secrets", deployment)
        self.failed = queue(self, "Failed", f"{deployment.prefix}failed")
        world = World(
            deployment,
            data.tables,
            data.buckets,
            data.messages,
            self.failed,
            self.secrets,
            Image(self, "Image", deployment.image),
            light_code(deployment.bundle),
            self._environment(),
        )
        self.made = {row.name: HouseFunction(self, _camel(row.name), row, world) for row in FUNCTIONS}
        self._schedule()
        self._queue()
        self._streams()
        for row in FUNCTIONS:
            if row.rotates:
                self.secrets.rotate(self.made[row.name].function, *row.rotates)

    def _environment(self) -> dict[str, str]:
        data, secrets = self._data, self.secrets
        return {
            "DEPLOYMENT": self._deployment.stage,
            "POWERTOOLS_METRICS_NAMESPACE": self._deployment.namespace,
            "ACCOUNT": self._deployment.account,
            "TABLE_PREFIX": self._deployment.prefix,
            "LAKE_BUCKET": data.buckets.lake.bucket_name,
            "AUDIT_BUCKET": data.buckets.audit.bucket_name,
            "ALERTS_QUEUE_URL": data.messages.alerts.queue_url,
            "ALERTS_TOPIC": data.messages.topic.topic_arn,
            "KILL_HASHES": secrets.hashes.parameter_name,
            "WEBHOOK_PARAMETER": self._deployment.webhook,
            "KILL_SECRET": secrets.name_of("kill"),
            "TELEGRAM_SECRET": secrets.name_of("telegram"),
            "DISCORD_SECRET": secrets.name_of("discord"),
            "STATE_DIR": SCRATCH,
            "NUMBA_CACHE_DIR": f"{SCRATCH}/numba",
        }

    def _schedule(self) -> None:
        """One role may start the scheduled functions and nothing else."""
        timed = [one for one in self.made.values() if one.row.every]
        role = iam.Role(
            self,
            "Scheduler",
            description="starts the scheduled functions",
            assumed_by=iam.ServicePrincipal(
                "scheduler.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}}
            ),
            inline_policies={
                "start": iam.PolicyDocument(
                    statements=[
                        iam.PolicyStatement(
                            actions=["lambda:InvokeFunction"], resources=[one.function.function_arn for one in timed]
                        ),
                        iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.failed.queue_arn]),
                    ]
                )
            },
        )
        for one in timed:
            assert one.row.every is not None
            scheduler.CfnSchedule(
                self,
                f"{_camel(one.row.name)}Schedule",
                name=f"{self._deployment.prefix}{one.row.name}",
                description=one.row.purpose,
                schedule_expression=one.row.every,
                schedule_expression_timezone="UTC",
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
                target=scheduler.CfnSchedule.TargetProperty(
                    arn=one.function.function_arn,
                    role_arn=role.role_arn,
                    input=None if one.row.dated is None else json.dumps({one.row.dated: SCHEDULED}),
                    dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self.failed.queue_arn),
                    retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                        maximum_event_age_in_seconds=one.row.late_s, maximum_retry_attempts=one.row.retries
                    ),
                ),
            )

    def _queue(self) -> None:
        """Notices, ten at a time, by at most two at once: Telegram counts."""
        notices = self._data.messages.alerts
        for one in self._called_by("alerts"):
            one.role.add_to_policy(
                iam.PolicyStatement(
                    actions=[
                        f"sqs:{action}"
                        for action in (
                            *("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility"),
                            *("GetQueueAttributes", "GetQueueUrl"),
                        )
                    ],
                    resources=[notices.queue_arn],
                )
            )
            lambda_.EventSourceMapping(
                self,
                "Notices",
                target=one.function,
                event_source_arn=notices.queue_arn,
                batch_size=BATCH,
                max_concurrency=2,
                report_batch_item_failures=True,
            ).node.add_dependency(one.role)

    def _streams(self) -> None:
        """What is never lost: tried in halves, again and again, then named in the queue of failures."""
        for one in self._called_by("streams"):
            arns = [self._data.tables.stream_of(name) for name in ARCHIVED]
            actions = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"]
            one.role.add_to_policy(
                iam.PolicyStatement(actions=[f"dynamodb:{action}" for action in actions], resources=arns)
            )
            for name, arn in zip(ARCHIVED, arns, strict=True):
                lambda_.EventSourceMapping(
                    self,
                    f"{name.capitalize()}Stream",
                    target=one.function,
                    event_source_arn=arn,
                    starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                    batch_size=100,
                    max_batching_window=Duration.seconds(5),
                    report_batch_item_failures=True,
                    bisect_batch_on_error=True,
                    max_record_age=Duration.hours(OLDEST_H),
                    retry_attempts=RETRIES,
                    on_failure=sources.SqsDlq(self.failed),
                ).node.add_dependency(one.role)

    def _called_by(self, source: str) -> list[HouseFunction]:
        return [one for one in self.made.values() if one.row.source == source]


def _camel(name: str) -> str:
    return name.title().replace("_", "")
