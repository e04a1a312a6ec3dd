"""The trader: one task at a time, on ARM, that nobody can connect to."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.constructs.signing_key import SigningKey
from cdk.constructs.tables import APPEND, PUT, READ
from cdk.constructs.task import STATE, USER, Tasks
from cdk.settings import Deployment
from cdk.stacks.data import DataStack
from cdk.stacks.network import NetworkStack

COMMAND = ["python", "-m", "fargate", "trade"]
PROBE = "import urllib.request as r;raise SystemExit(r.urlopen('http://127.0.0.1:8502/live', timeout=4).status != 200)"
"""Alive and holding or waiting for the lease; not reconciled, or a venue's outage would roll back a good release."""
BINANCE_URL = "wss://stream.binance.com:443"
"""The port that may be left by; the exchange listens there too."""
CHANGED = ("control", "orders", "positions", "decisions", "metrics", "live", "whales", "markets", "paper")
APPENDED = ("ledger", "journal")
"""Postings and money records are put once: the trader may neither change nor delete them."""


class TraderStack(Stack):
    """The service, its role and the signing key."""

    def __init__(
        self, scope: Construct, construct_id: str, deployment: Deployment, data: DataStack, network: NetworkStack
    ) -> None:
        super().__init__(scope, construct_id, description="the trader of the house", termination_protection=True)
        self.tasks = Tasks(self, "Tasks", deployment, network.vpc)
        self.role = _role(self, data)
        self.key = SigningKey(self, "SigningKey", deployment, self.role)
        definition = self.tasks.definition(self, self.role, cpu=512, memory=2_048)
        container = definition.add_container(
            "trader",
            image=self.tasks.image.container(),
            entry_point=COMMAND[:3],
            command=COMMAND[3:],
            secrets=self.tasks.settings("trader", environment(deployment, data), self),
            logging=ecs.LogDrivers.aws_logs(stream_prefix="trader", log_group=self.tasks.log_group("trader")),
            stop_timeout=Duration.seconds(120),
            readonly_root_filesystem=True,
            user=USER,
            linux_parameters=ecs.LinuxParameters(self, "Linux", init_process_enabled=True),
            health_check=ecs.HealthCheck(
                command=["CMD", "python", "-c", PROBE],
                interval=Duration.seconds(30),
                timeout=Duration.seconds(10),
                retries=3,
                start_period=Duration.seconds(180),
            ),
        )
        container.add_mount_points(ecs.MountPoint(container_path=STATE, source_volume="state", read_only=False))
        self.group = network.closed_group(self, "Closed")
        self.service = ecs.FargateService(
            self,
            "Service",
            service_name=f"{deployment.prefix}trader",
            cluster=self.tasks.cluster,
            task_definition=definition,
            # The image trades on paper only, so the live stage runs none until live trading joins.
            desired_count=0 if deployment.is_live else 1,
            min_healthy_percent=0,
            max_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.DISABLED,
            assign_public_ip=network.is_public,
            vpc_subnets=network.subnets,
            security_groups=[self.group],
        )


def environment(deployment: Deployment, data: DataStack) -> dict[str, str]:
    """The trader's settings; a name that is not here has the default of shared/settings.py."""
    return {
        "DEPLOYMENT": deployment.stage,
        "POWERTOOLS_METRICS_NAMESPACE": deployment.namespace,
        "ACCOUNT": deployment.account,
        "TABLE_PREFIX": deployment.prefix,
        "LAKE_BUCKET": data.buckets.lake.bucket_name,
        "AUDIT_BUCKET": data.buckets.audit.bucket_name,
        "ALERTS_QUEUE_URL": data.messages.alerts.queue_url,
        "STATE_DIR": STATE,
        "TMPDIR": STATE,
        "NUMBA_CACHE_DIR": f"{STATE}/numba",
        "BINANCE_URL": BINANCE_URL,
        "CAPITAL": "10000",
        "MAX_POSITION_SIZE": "1000",
        "MAX_DAILY_LOSS": "500",
        "PROFILE": "copy",
    }


def _role(scope: Construct, data: DataStack) -> iam.Role:
    role = iam.Role(
        scope,
        "Role",
        description="the trader: the only one that writes orders, positions, ledger and journal",
        assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
    )
    tables = data.tables
    role.add_to_policy(tables.statement(READ, (*CHANGED, *APPENDED)))
    role.add_to_policy(tables.statement((*PUT, "ConditionCheckItem"), CHANGED))
    role.add_to_policy(tables.statement(("BatchWriteItem",), ("decisions", "whales")))
    role.add_to_policy(tables.statement(("DeleteItem",), ("control",)))  # commands that were obeyed
    role.add_to_policy(tables.statement(APPEND, APPENDED))
    role.add_managed_policy(data.buckets.lake_write)
    data.messages.alerts.grant_send_messages(role)
    return role
