"""The dashboard: a task that runs when asked for, only reads and may ask to stop, and is seen by its owner alone."""

from ipaddress import IPv4Address

from aws_cdk import Aws, Duration, Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_elasticloadbalancingv2_actions as actions
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk.constructs.buckets import BALANCER_LOGS, Buckets
from cdk.constructs.image import DASHBOARD, Image
from cdk.constructs.tables import READ, TABLES
from cdk.constructs.task import Tasks
from cdk.settings import Deployment
from cdk.stacks.api import ApiStack
from cdk.stacks.data import DataStack
from cdk.stacks.network import HTTPS, NetworkStack

PORT = 8501
ASKS = ("POST/api/kill", "POST/api/dead-letters")
"""What it may ask for: a stop, and a note that a failed order was looked at. It can neither resume nor loosen."""
COMMAND = ["python", "-m", "streamlit", "run", "dashboard/app.py"]
OPTIONS = {
    "server.port": f"{PORT}",
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
}
TUNNEL = ("CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel")
"""What a task needs to be reached by port forwarding through Systems Manager."""


class DashboardStack(Stack):
    """Count 0 until asked for. Private: port forwarding. With a domain: a load balancer that asks Cognito first."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        deployment: Deployment,
        data: DataStack,
        network: NetworkStack,
        tasks: Tasks,
        api: ApiStack,
    ) -> None:
        super().__init__(scope, construct_id, description="the dashboard of the house")
        self.deployment = deployment
        role = iam.Role(
            self,
            "Role",
            description="the dashboard: reads, and may stop trading",
            assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
        )
        role.add_to_policy(data.tables.statement(READ, [row.name for row in TABLES]))
        role.add_managed_policy(data.buckets.lake_read)
        asks = [api.route(route) for route in ASKS]
        role.add_to_policy(iam.PolicyStatement(actions=["execute-api:Invoke"], resources=asks))
        definition = tasks.definition(self, role, cpu=512, memory=1_024)
        # Everywhere: the security group lets only the load balancer in.
        address = str(IPv4Address(0)) if deployment.domain else "127.0.0.1"
        definition.add_container(
            "dashboard",
            image=Image(tasks, "Dashboard", deployment.dashboard_image or deployment.image, DASHBOARD).container(),
            entry_point=COMMAND[:3],
            command=[*COMMAND[3:], *_options({**OPTIONS, "server.address": address})],
            secrets=tasks.settings(
                "dashboard",
                {
                    "ACCOUNT": deployment.account,
                    "TABLE_PREFIX": deployment.prefix,
                    "LAKE_BUCKET": data.buckets.lake.bucket_name,
                    "CONTROL_URL": api.address,
                },
                self,
            ),
            logging=ecs.LogDrivers.aws_logs(stream_prefix="dashboard", log_group=tasks.log_group("dashboard")),
            linux_parameters=ecs.LinuxParameters(self, "Linux", init_process_enabled=True),
            port_mappings=[ecs.PortMapping(container_port=PORT)],
        )
        self.group = network.closed_group(self, "Closed")
        self.service = ecs.FargateService(
            self,
            "Service",
            service_name=f"{deployment.prefix}dashboard",
            cluster=tasks.cluster,
            task_definition=definition,
            desired_count=0,
            min_healthy_percent=0,
            max_healthy_percent=100,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            assign_public_ip=network.is_public,
            vpc_subnets=network.subnets,
            security_groups=[self.group],
        )
        if deployment.domain:
            self._serve(network, data.buckets)
        else:
            self._tunnel(role)

    def _tunnel(self, role: iam.Role) -> None:
        """``aws ssm start-session`` forwards a port of the owner's machine; no address of the task is open.

        Set on the resource: the construct would also give the task leave to write logs that it does not write.
        """
        service = self.service.node.default_child
        assert isinstance(service, ecs.CfnService)
        service.enable_execute_command = True
        role.add_to_policy(iam.PolicyStatement(actions=[f"ssmmessages:{action}" for action in TUNNEL], resources=["*"]))

    def _serve(self, network: NetworkStack, buckets: Buckets) -> None:
        deployment = self.deployment
        assert deployment.domain, "asked for only with a domain"
        assert deployment.certificate, "checked with the domain"
        assert deployment.visitors, "checked with the domain"
        group = ec2.SecurityGroup(
            self, "Door", vpc=network.vpc, description="visitors come in", allow_all_outbound=False
        )
        group.add_ingress_rule(ec2.Peer.ipv4(deployment.visitors), ec2.Port.tcp(HTTPS), "visitors")
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(HTTPS), "asks Cognito who it is")
        balancer = elb.ApplicationLoadBalancer(
            self,
            "Balancer",
            vpc=network.vpc,
            internet_facing=True,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="public"),
            security_group=group,
            drop_invalid_header_fields=True,
            deletion_protection=True,
        )
        balancer.set_attribute("access_logs.s3.enabled", "true")
        balancer.set_attribute("access_logs.s3.bucket", buckets.records.bucket_name)
        balancer.set_attribute("access_logs.s3.prefix", BALANCER_LOGS)
        target = elb.ApplicationTargetGroup(
            self,
            "Target",
            vpc=network.vpc,
            port=PORT,
            protocol=elb.ApplicationProtocol.HTTP,
            targets=[self.service],
            deregistration_delay=Duration.seconds(10),
            health_check=elb.HealthCheck(path="/_stcore/health"),
            stickiness_cookie_duration=Duration.hours(1),
        )
        self.service.connections.allow_from(group, ec2.Port.tcp(PORT), "the load balancer")
        pool, client, domain = self._visitors()
        balancer.add_listener(
            "Https",
            port=HTTPS,
            open=False,
            certificates=[acm.Certificate.from_certificate_arn(self, "Certificate", deployment.certificate)],
            ssl_policy=elb.SslPolicy.TLS13_RES,
            default_action=actions.AuthenticateCognitoAction(
                user_pool=pool,
                user_pool_client=client,
                user_pool_domain=domain,
                session_timeout=Duration.hours(8),
                allow_https_outbound=False,
                next=elb.ListenerAction.forward([target]),
            ),
        )

    def _visitors(self) -> tuple[cognito.UserPool, cognito.UserPoolClient, cognito.UserPoolDomain]:
        """Who may look: people whom the owner made an account for, with a second factor."""
        pool = cognito.UserPool(
            self,
            "Visitors",
            user_pool_name=f"{self.deployment.prefix}visitors",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            mfa=cognito.Mfa.REQUIRED,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            feature_plan=cognito.FeaturePlan.PLUS,
            standard_threat_protection_mode=cognito.StandardThreatProtectionMode.FULL_FUNCTION,
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            deletion_protection=True,
            password_policy=cognito.PasswordPolicy(
                min_length=14, require_digits=True, require_lowercase=True, require_symbols=True, require_uppercase=True
            ),
        )
        client = pool.add_client(
            "Client",
            generate_secret=True,
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID],
                callback_urls=[f"https://{self.deployment.domain}/oauth2/idpresponse"],
            ),
        )
        prefix = f"{self.deployment.prefix}{Aws.ACCOUNT_ID}"
        domain = pool.add_domain("Domain", cognito_domain=cognito.CognitoDomainOptions(domain_prefix=prefix))
        return pool, client, domain


def _options(options: dict[str, str]) -> list[str]:
    return [f"--{name}={text}" for name, text in options.items()]
