"""The API: stopping takes one factor, looking needs a signature, and whatever trades more needs a second factor."""

from collections.abc import Mapping

from aws_cdk import Aws, RemovalPolicy, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk.constructs.function import HouseFunction
from cdk.functions import GUARDED, ROUTES, STOPS, UNSIGNED
from cdk.settings import Deployment

STAGE = "v1"
PER_MINUTE = 100
"""Requests to the control API."""
ACCESS = (
    *("requestId", "requestTime", "httpMethod", "path", "status", "responseLatency"),
    *("identity.sourceIp", "identity.userArn", "identity.userAgent", "error.message", "integration.error"),
)
"""What is logged of a request: who, what, when, and the outcome; never a header, since tokens travel there."""


class ApiStack(Stack):
    """One REST API. ``/kill``: signed. ``/kill/token``: with the kill token. ``/telegram``. ``/api/...``: signed."""

    def __init__(
        self, scope: Construct, construct_id: str, deployment: Deployment, made: Mapping[str, HouseFunction]
    ) -> None:
        super().__init__(scope, construct_id, description="how the house is stopped, asked and changed")
        self.deployment = deployment
        account = self._account()
        self.log = logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/{deployment.prefix}api",
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.api = apigateway.RestApi(
            self,
            "Api",
            rest_api_name=f"{deployment.prefix}api",
            description="stop, ask, change",
            cloud_watch_role=False,
            endpoint_types=[apigateway.EndpointType.REGIONAL],
            policy=_policy(),
            deploy_options=self._options(),
        )
        self.api.deployment_stage.node.add_dependency(account)
        self.address = f"https://{self.api.rest_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}/{STAGE}"
        self._routes(made)
        self._people()
        self._tell_telegram()

    def _account(self) -> apigateway.CfnAccount:
        """API Gateway writes logs by one role per AWS account and region, which outlives this API."""
        role = iam.Role(
            self,
            "Logger",
            description="lets API Gateway write its logs",
            assumed_by=iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[
                iam.ManagedPolicy.from_aws_managed_policy_name("service-role/AmazonAPIGatewayPushToCloudWatchLogs")
            ],
        )
        role.apply_removal_policy(RemovalPolicy.RETAIN)
        account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=role.role_arn)
        account.apply_removal_policy(RemovalPolicy.RETAIN)
        return account

    def _options(self) -> apigateway.StageOptions:
        """Every request is traced from here on (X-Ray). A function adds no segments of its own: for that it would need
        leave that knows no resource, to tell what its log line says already.
        """
        stop = apigateway.MethodDeploymentOptions(throttling_rate_limit=5, throttling_burst_limit=10)
        rate = PER_MINUTE / 60
        shape = ",".join(f'"{name}":"$context.{name}"' for name in ACCESS)
        return apigateway.StageOptions(
            stage_name=STAGE,
            logging_level=apigateway.MethodLoggingLevel.ERROR,
            data_trace_enabled=False,
            metrics_enabled=False,
            tracing_enabled=True,
            throttling_rate_limit=rate,
            throttling_burst_limit=20,
            method_options={"/kill/POST": stop, "/kill/token/POST": stop, "/telegram/POST": stop},
            access_log_destination=apigateway.LogGroupLogDestination(self.log),
            access_log_format=apigateway.AccessLogFormat.custom("{" + shape + "}"),
        )

    def _routes(self, made: Mapping[str, HouseFunction]) -> None:
        iam_signed, anybody = apigateway.AuthorizationType.IAM, apigateway.AuthorizationType.NONE
        validator = self.api.add_request_validator(
            "Validator", validate_request_body=True, validate_request_parameters=True
        )
        kill = self.api.root.add_resource("kill")
        token, telegram = kill.add_resource("token"), self.api.root.add_resource("telegram")
        control = self.api.root.add_resource("api").add_resource("{proxy+}")
        for resource, verb, name, authorization, header in (
            (kill, "POST", "kill_switch", iam_signed, None),
            (token, "POST", "kill_switch", anybody, "x-kill-token"),
            (telegram, "POST", "telegram_webhook", anybody, "x-telegram-bot-api-secret-token"),
            (control, "ANY", "control_api", iam_signed, None),
        ):
            resource.add_method(
                verb,
                apigateway.LambdaIntegration(made[name].function, allow_test_invoke=False),
                authorization_type=authorization,
                request_validator=validator,
                request_parameters={f"method.request.header.{header}": True} if header else None,
            )

    def route(self, route: str) -> str:
        """What a policy calls a route."""
        return f"arn:{Aws.PARTITION}:execute-api:{Aws.REGION}:{Aws.ACCOUNT_ID}:{self.api.rest_api_id}/{STAGE}/{route}"

    def _tell_telegram(self) -> None:
        """The rotation of the webhook's secret tells Telegram where we are; it is deployed before this address exists,
        so it looks here.
        """
        ssm.StringParameter(
            self,
            "Webhook",
            parameter_name=self.deployment.webhook,
            string_value=f"{self.address}/telegram",
            description="where Telegram finds the bot",
        )

    def _people(self) -> None:
        """Policies to give to people: look, stop, and (with a second factor) operate."""
        for name, routes, factor in (("Viewer", ROUTES, False), ("Stopper", STOPS, False), ("Operator", GUARDED, True)):
            iam.ManagedPolicy(
                self,
                name,
                managed_policy_name=f"{self.deployment.prefix}{name.lower()}",
                statements=[
                    iam.PolicyStatement(
                        actions=["execute-api:Invoke"],
                        resources=[self.route(route) for route in routes],
                        conditions={"Bool": {"aws:MultiFactorAuthPresent": "true"}} if factor else None,
                    )
                ],
            )


def _policy() -> iam.PolicyDocument:
    """The API's own policy. Who is not signed may knock on two doors, where the functions check; whoever is signed
    needs a policy of this account, since nothing else is allowed here (to allow more would let every account in). It
    refuses what trades more to everybody without a second factor, administrators too.
    """
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                sid="UnsignedWhereTheFunctionChecks",
                principals=[iam.AnyPrincipal()],
                actions=["execute-api:Invoke"],
                resources=[f"execute-api:/{STAGE}/{route}" for route in UNSIGNED],
            ),
            iam.PolicyStatement(
                sid="NoMoreTradingWithoutASecondFactor",
                effect=iam.Effect.DENY,
                principals=[iam.AnyPrincipal()],
                actions=["execute-api:Invoke"],
                resources=[f"execute-api:/{STAGE}/{route}" for route in GUARDED],
                conditions={"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
            ),
        ]
    )
