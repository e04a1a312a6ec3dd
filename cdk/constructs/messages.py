"""What people are told and what went wrong: the topic, the queue of notices, and where undelivered things wait."""

from aws_cdk import Aws, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from cdk.functions import FUNCTIONS
from cdk.settings import Deployment

RECEIVES = 5
"""How often a message is tried before it waits for a person."""
TELLERS = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")
"""The services that may publish to the topic, for this account alone. EventBridge, which takes no condition, is added
by its rule."""


class Messages(Construct):
    """``topic``: e-mail to people. ``alerts``: notices to be sent. ``dead``: notices that could not be."""

    def __init__(self, scope: Construct, construct_id: str, deployment: Deployment) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", topic_name=f"{deployment.prefix}alarms", enforce_ssl=True)
        for service in TELLERS:
            self.topic.add_to_resource_policy(_may_publish(self.topic, service))
        if deployment.email:
            self.topic.add_subscription(subscriptions.EmailSubscription(deployment.email))
        slowest = max(row.timeout_s for row in FUNCTIONS if row.source == "alerts")
        self.dead = queue(self, "Dead", f"{deployment.prefix}alerts-dead")
        self.alerts = queue(
            self, "Alerts", f"{deployment.prefix}alerts", visibility=Duration.seconds(6 * slowest), behind=self.dead
        )


def queue(
    scope: Construct,
    construct_id: str,
    queue_name: str,
    visibility: Duration | None = None,
    behind: sqs.Queue | None = None,
) -> sqs.Queue:
    """A queue that keeps what is in it for two weeks; what fails goes ``behind``."""
    return sqs.Queue(
        scope,
        construct_id,
        queue_name=queue_name,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
        visibility_timeout=visibility,
        dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=RECEIVES, queue=behind) if behind else None,
    )


def _may_publish(topic: sns.Topic, service: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        principals=[iam.ServicePrincipal(service)],
        actions=["sns:Publish"],
        resources=[topic.topic_arn],
        conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
    )
