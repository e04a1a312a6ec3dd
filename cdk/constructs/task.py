"""What every task of ours has: a cluster, one role that starts tasks, logs for 30 days, and its settings by name."""

from collections.abc import Mapping

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk.constructs.image import Image
from cdk.settings import Deployment

USER = "10001:10001"
"""Whom the image's processes run as: nobody on any machine."""
STATE = "/state"
"""The only place a task may write to; gone with the task."""


class Tasks(Construct):
    """The cluster and what tasks share."""

    def __init__(self, scope: Construct, construct_id: str, deployment: Deployment, vpc: ec2.IVpc) -> None:
        super().__init__(scope, construct_id)
        self.deployment = deployment
        # Container Insights would cost more than the trader's logs; what it says is alarmed on by ECS' own metrics.
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=vpc,
            cluster_name=f"{deployment.prefix}tasks",
            container_insights_v2=ecs.ContainerInsights.DISABLED,
        )
        self.starter = iam.Role(
            self,
            "Starter",
            description="starts tasks: fetches the image, reads their settings, opens their logs",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        )
        self.image = Image(self, "Image", deployment.image)

    def log_group(self, name: str) -> logs.LogGroup:
        """The logs of a task, kept 30 days."""
        return logs.LogGroup(
            self,
            f"{name.capitalize()}Log",
            log_group_name=f"/{self.deployment.prefix}{name}",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )

    def definition(self, scope: Construct, role: iam.IRole, cpu: int, memory: int) -> ecs.FargateTaskDefinition:
        """A task on ARM with a place for its state."""
        made = ecs.FargateTaskDefinition(
            scope,
            "Task",
            cpu=cpu,
            memory_limit_mib=memory,
            task_role=role,
            execution_role=self.starter,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64, operating_system_family=ecs.OperatingSystemFamily.LINUX
            ),
        )
        made.add_volume(name="state")
        return made

    def settings(self, name: str, texts: Mapping[str, str], where: Construct) -> dict[str, ecs.Secret]:
        """A task's environment, kept in Parameter Store by the stack of ``where``: ECS reads it when a task starts.

        So a limit is changed in one place that keeps its history, and takes effect with the next start. Parameters are
        called by their names, so that the role that starts tasks waits for nothing of ``where``.
        """
        made, named = Construct(where, f"{name.capitalize()}Settings"), Construct(self, f"{name.capitalize()}Settings")
        found: dict[str, ecs.Secret] = {}
        for variable, text in texts.items():
            word, path = variable.title().replace("_", ""), f"/{self.deployment.prefix}{name}/{variable}"
            ssm.StringParameter(
                made, word, parameter_name=path, string_value=text, description=f"{variable} of the {name}"
            )
            found[variable] = ecs.Secret.from_ssm_parameter(
                ssm.StringParameter.from_string_parameter_attributes(
                    named, word, parameter_name=path, force_dynamic_reference=True
                )
            )
        return found
