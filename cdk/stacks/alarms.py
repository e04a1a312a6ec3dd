"""The alarms, all of which tell the topic, and one page of CloudWatch that shows what they look at."""

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.alarms import CONDITIONS, TRADER, Condition
from cdk.constructs.function import HouseFunction
from cdk.constructs.messages import Messages
from cdk.constructs.signing_key import SigningKey
from cdk.settings import Deployment

FULL_PERCENT = 80
STREAM_LATE = Duration.minutes(5)
REFUSALS = 50
"""Refused requests in five minutes: somebody tries doors."""


class AlarmsStack(Stack):
    """``watch...`` adds the alarms of one part."""

    def __init__(self, scope: Construct, construct_id: str, deployment: Deployment, messages: Messages) -> None:
        super().__init__(scope, construct_id, description="the alarms of the house")
        self.prefix, self.namespace, self.messages = deployment.prefix, deployment.namespace, messages
        self._tell = actions.SnsAction(messages.topic)
        # A stage without a trader has nobody to miss.
        self.own = [self._condition(one) for one in CONDITIONS if not (deployment.is_live and one.service == TRADER)]
        self._queue(messages.dead, "SEV1: a notice could not be brought to people; see the runbook, redrive")
        self._late("notices_late", messages.alerts)
        self._page()

    def watch_functions(self, made: Mapping[str, HouseFunction], failed: sqs.Queue) -> None:
        """Errors of each; what failed for good; throttles of all together; the age of the streams."""
        self._queue(failed, "SEV1: a run, a schedule or a stream's record failed for good; see the runbook, redrive")
        for name, one in made.items():
            metric = one.function.metric_errors(period=Duration.minutes(5), statistic="Sum")
            self._alarm(f"{name}_errors", f"SEV2: {name} failed: {one.row.purpose}", metric, 1)
            if one.row.source == "streams":
                age = one.function.metric("IteratorAge", period=Duration.minutes(1), statistic="Maximum")
                self._alarm("archive_late", "SEV2: the archive is late", age, STREAM_LATE.to_milliseconds(), periods=5)
        throttles = cloudwatch.Metric(
            namespace="AWS/Lambda", metric_name="Throttles", period=Duration.minutes(5), statistic="Sum"
        )
        self._alarm("functions_throttled", "SEV2: AWS held functions of this account back", throttles, 1)

    def watch_trader(self, service: ecs.FargateService) -> None:
        """Processor and memory."""
        period = Duration.minutes(5)
        cpu = service.metric_cpu_utilization(period=period, statistic="Average")
        memory = service.metric_memory_utilization(period=period, statistic="Maximum")
        self._alarm("cpu_high", f"SEV2: the processor is above {FULL_PERCENT}%", cpu, FULL_PERCENT, periods=3)
        self._alarm("memory_high", f"SEV2: the trader's memory is above {FULL_PERCENT}%", memory, FULL_PERCENT)

    def watch_api(self, api: apigateway.RestApi) -> None:
        """Failures, and refusals in numbers."""
        period = Duration.minutes(5)
        broken = api.metric_server_error(period=period, statistic="Sum")
        refused = api.metric_client_error(period=period, statistic="Sum")
        self._alarm("api_failing", "SEV2: the API failed to answer", broken, 1)
        self._alarm("requests_refused", "SEV2: many requests to the API were refused; see its log", refused, REFUSALS)

    def watch_key(self, signing: SigningKey) -> None:
        """Whoever ends the key, disables it or changes who may sign is seen (needs CloudTrail's management events)."""
        events.Rule(
            self,
            "KeyTouched",
            rule_name=f"{self.prefix}key-touched",
            description="the signing key is to be deleted, is disabled, or has another policy",
            event_pattern=events.EventPattern(
                source=["aws.kms"],
                detail_type=["AWS API Call via CloudTrail"],
                detail={
                    "eventName": ["ScheduleKeyDeletion", "DisableKey", "PutKeyPolicy", "CreateGrant"],
                    "resources": {"ARN": [signing.key.key_arn]},
                },
            ),
            targets=[targets.SnsTopic(self.messages.topic)],
        )

    def _condition(self, one: Condition) -> cloudwatch.Alarm:
        metric = cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=one.metric,
            dimensions_map={"service": one.service},
            period=Duration.minutes(one.minutes),
            statistic=one.statistic,
        )
        return self._alarm(
            one.name, one.meaning, metric, one.limit, periods=one.periods, below=one.below, missing=one.missing
        )

    def _queue(self, queue: sqs.Queue, meaning: str) -> None:
        metric = queue.metric_approximate_number_of_messages_visible(period=Duration.minutes(1), statistic="Maximum")
        self._alarm(f"{queue.node.id.lower()}_letters", meaning, metric, 1)

    def _late(self, name: str, queue: sqs.Queue) -> None:
        metric = queue.metric_approximate_age_of_oldest_message(period=Duration.minutes(5), statistic="Maximum")
        self._alarm(name, "SEV2: notices wait for longer than ten minutes", metric, 600)

    def _alarm(
        self,
        name: str,
        meaning: str,
        metric: cloudwatch.IMetric,
        limit: float,
        *,
        periods: int = 1,
        below: bool = False,
        missing: bool = False,
    ) -> cloudwatch.Alarm:
        compared = cloudwatch.ComparisonOperator
        silence = cloudwatch.TreatMissingData
        alarm = cloudwatch.Alarm(
            self,
            name.title().replace("_", ""),
            alarm_name=f"{self.prefix}{name}",
            alarm_description=meaning,
            metric=metric,
            threshold=limit,
            evaluation_periods=periods,
            comparison_operator=compared.LESS_THAN_THRESHOLD if below else compared.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=silence.BREACHING if missing else silence.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._tell)
        return alarm

    def _page(self) -> None:
        """Our own metrics in the order of the table: at most 50, which one page shows."""
        cloudwatch.Dashboard(
            self,
            "Page",
            dashboard_name=f"{self.prefix}health",
            widgets=[
                [
                    cloudwatch.GraphWidget(title=str(alarm.node.id), left=[alarm.metric], width=8, height=5)
                    for alarm in self.own[start : start + 3]
                ]
                for start in range(0, len(self.own), 3)
            ],
        )
