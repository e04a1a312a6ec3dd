"""The secrets, made by the deployment or filled in by the owner, each with its rotation where we can rotate it."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk.settings import Deployment

ROTATION_DAYS = 30
TELEGRAM = '{"bot_token":"","chat_ids":[],"user_ids":[]}'
DISCORD = '{"url":""}'
NO_HASHES = '{"current":"' + "0" * 64 + '","previous":null,"previous_until":0}'
"""No token has this hash: nothing is accepted until the first rotation, which happens when the stack is made."""
READ = ("DescribeSecret", "GetSecretValue")
ROTATE = (*READ, "PutSecretValue", "UpdateSecretVersionStage")


class Secrets(Construct):
    """``kill``: the kill token. ``telegram``: bot and webhook. ``discord``: the webhook's address (the owner's)."""

    def __init__(self, scope: Construct, construct_id: str, deployment: Deployment) -> None:
        super().__init__(scope, construct_id)
        self._prefix = prefix = deployment.prefix
        self._made = {
            "kill": self._secret(
                self.name_of("kill"),
                "the kill token: stops trading, can do nothing else",
                secretsmanager.SecretStringGenerator(password_length=48, exclude_punctuation=True),
            ),
            "telegram": self._secret(
                self.name_of("telegram"),
                "bot_token, chat_ids and user_ids are the owner's to fill in; webhook_secret is rotated",
                secretsmanager.SecretStringGenerator(
                    secret_string_template=TELEGRAM,
                    generate_string_key="webhook_secret",
                    password_length=48,
                    exclude_punctuation=True,
                ),
            ),
            "discord": self._secret(
                self.name_of("discord"),
                "url is the owner's to fill in: the address of a Discord webhook, or empty for none",
                secretsmanager.SecretStringGenerator(secret_string_template=DISCORD, generate_string_key="made"),
            ),
        }
        self.hashes = ssm.StringParameter(
            self,
            "KillHashes",
            parameter_name=f"/{prefix}kill-hashes",
            string_value=NO_HASHES,
            description="SHA-256 of the kill token, and of the one before for a day",
        )

    def name_of(self, name: str) -> str:
        """What a function asks Secrets Manager for."""
        return f"{self._prefix}{name}"

    def statement(self, actions: tuple[str, ...], *names: str) -> iam.PolicyStatement:
        """Leave to do ``actions`` (Secrets Manager's names) with these secrets."""
        return iam.PolicyStatement(
            actions=[f"secretsmanager:{action}" for action in actions],
            resources=[self._made[name].secret_arn for name in names],
        )

    def rotate(self, rotator: lambda_.Function, *names: str) -> None:
        """Have ``rotator`` renew these every month, and once at first."""
        for name in names:
            secret = self._made[name]
            permission = lambda_.CfnPermission(
                self,
                f"{name.capitalize()}Permission",
                action="lambda:InvokeFunction",
                function_name=rotator.function_arn,
                principal="secretsmanager.amazonaws.com",
                source_arn=secret.secret_arn,
            )
            schedule = secretsmanager.CfnRotationSchedule(
                self,
                f"{name.capitalize()}Rotation",
                secret_id=secret.secret_arn,
                rotation_lambda_arn=rotator.function_arn,
                rotate_immediately_on_update=True,
                rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                    automatically_after_days=ROTATION_DAYS
                ),
            )
            schedule.add_resource_dependency(permission)

    def _secret(self, name: str, purpose: str, content: secretsmanager.SecretStringGenerator) -> secretsmanager.Secret:
        return secretsmanager.Secret(
            self,
            name.rpartition("-")[2].capitalize(),
            secret_name=name,
            description=purpose,
            generate_secret_string=content,
            removal_policy=RemovalPolicy.RETAIN,
        )
