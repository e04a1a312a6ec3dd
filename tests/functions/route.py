"""The real routes on an embedded AWS that checks signatures and policies: REST API, Lambda, and our handlers in it.

The gateway and Lambda are the embedded AWS's own; each handler runs in a process of its own from a zip of our sources.
"""

import http.client
import io
import json
import secrets
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from shared.adapters.control.kill_token import hash_of
from shared.adapters.dynamo.readers import Readers
from shared.adapters.dynamo.tables import Tables
from shared.adapters.embedded.provision import provision
from shared.adapters.embedded.server import KEY_ID, LOOPBACK, REGION, SECRET, EmbeddedAws, free_port
from tests.house.source import ROOT

ACCOUNT, STAGE, PREFIX = "paper", "paper", "test-"
NUMBER = "000000000000"
BOT, CHAT, USER = "bot-secret_of-the-webhook", 4711, 4711
FUNCTIONS = {"kill_switch": 1, "telegram_webhook": 1, "control_api": 1}
ROUTES = (
    ("/kill", "POST", "AWS_IAM", "kill_switch"),
    ("/kill/token", "POST", "NONE", "kill_switch"),
    ("/telegram", "POST", "NONE", "telegram_webhook"),
    ("/api/{proxy+}", "ANY", "AWS_IAM", "control_api"),
)


class CheckingAws(EmbeddedAws):
    """The embedded AWS with every service, checking signatures and policies."""

    def _environment(self) -> dict[str, str]:
        return {
            **super()._environment(),
            "SERVICES": "",
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "LAMBDA_EXECUTOR": "local",
        }


def client_of(aws: EmbeddedAws, service: str) -> Any:
    """A client of any service, by its name."""
    named: Any = boto3.client  # typed for names that stand in the code
    return named(
        service,
        region_name=REGION,
        endpoint_url=aws.url,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Route:
    """A deployment: its API, who may use it, and what its functions have said."""

    aws: CheckingAws
    token: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    previous: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    api: str = ""
    tables: Tables = field(init=False)
    readers: Readers = field(init=False)
    operator: Credentials = field(init=False)
    reader: Credentials = field(init=False)
    one_factor: Credentials = field(init=False)

    def client(self, service: str) -> Any:
        return client_of(self.aws, service)

    # ------------------------------------------------------------------ setting up

    def build(self) -> None:
        self.tables = provision(self.aws.endpoint, PREFIX).tables
        self.readers = Readers(PREFIX, self.aws.endpoint)
        self.put_hashes(2**63 - 1)
        told = {"bot_token": "1:abc", "webhook_secret": BOT, "chat_ids": [CHAT], "user_ids": [USER]}
        self.client("secretsmanager").create_secret(Name="telegram", SecretString=json.dumps(told))
        self._functions()
        self._routes()
        self.operator = self._user("operator", [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}])
        self.reader = self._user("reader", [self._may("GET/api/*")])
        second = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        self.one_factor = self._user(
            "one-factor", [self._may("POST/api/kill"), {**self._may("POST/api/resume"), "Condition": second}]
        )

    def put_hashes(self, previous_until: int) -> None:
        value = {
            "current": hash_of(self.token),
            "previous": hash_of(self.previous),
            "previous_until": previous_until,
        }
        self.client("ssm").put_parameter(
            Name="kill-hashes", Value=json.dumps(value), Type="SecureString", Overwrite=True
        )

    def _functions(self) -> None:
        client, role = self.client("lambda"), f"arn:aws:iam::{NUMBER}:role/function"
        everything = json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        )
        trust = json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        )
        iam = self.client("iam")
        iam.create_role(RoleName="function", AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName="function", PolicyName="all", PolicyDocument=everything)
        code = {"ZipFile": zipped()}
        for name in FUNCTIONS:
            client.create_function(
                FunctionName=name,
                Runtime="python3.11",
                Role=role,
                Handler=f"functions.{name}.handler.handler",
                Code=code,
                Timeout=29,
                MemorySize=512,
                Environment={"Variables": self.environment},
            )

    @property
    def environment(self) -> dict[str, str]:
        return {
            "ACCOUNT": ACCOUNT,
            "TABLE_PREFIX": PREFIX,
            "AWS_ENDPOINT_URL": self.aws.url,
            "KILL_HASHES": "kill-hashes",
            "TELEGRAM_SECRET": "telegram",
            "POWERTOOLS_LOG_LEVEL": "INFO",
        }

    def _routes(self) -> None:
        client = self.client("apigateway")
        self.api = client.create_rest_api(name="control")["id"]
        (root,) = client.get_resources(restApiId=self.api)["items"]
        made = {"": root["id"]}
        for path, method, kind, function in ROUTES:
            here = ""
            for part in path.strip("/").split("/"):
                above, here = here, f"{here}/{part}"
                if here not in made:
                    new = client.create_resource(restApiId=self.api, parentId=made[above], pathPart=part)
                    made[here] = new["id"]
            client.put_method(restApiId=self.api, resourceId=made[here], httpMethod=method, authorizationType=kind)
            arn = f"arn:aws:lambda:{REGION}:{NUMBER}:function:{function}"
            client.put_integration(
                restApiId=self.api,
                resourceId=made[here],
                httpMethod=method,
                type="AWS_PROXY",
                integrationHttpMethod="POST",
                uri=f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations",
            )
        client.create_deployment(restApiId=self.api, stageName=STAGE)
        for function in FUNCTIONS:
            self.client("lambda").add_permission(
                FunctionName=function,
                StatementId="gateway",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
            )

    def _may(self, what: str) -> dict[str, Any]:
        arn = f"arn:aws:execute-api:{REGION}:{NUMBER}:{self.api}/{STAGE}/{what}"
        return {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": arn}

    def _user(self, name: str, statements: list[dict[str, Any]]) -> Credentials:
        iam = self.client("iam")
        iam.create_user(UserName=name)
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName=name, PolicyName="api", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    # ------------------------------------------------------------------ asking

    @property
    def host(self) -> str:
        return f"{self.api}.execute-api.localhost:{self.aws.port}"

    def send(
        self, method: str, path: str, body: bytes | str = b"", headers: list[tuple[str, str]] | None = None
    ) -> Answer:
        """A request as its bytes say, on the gateway's own port; headers may come twice."""
        data = body.encode() if isinstance(body, str) else body
        connection = http.client.HTTPConnection(LOOPBACK, self.aws.port, timeout=30)
        try:
            connection.putrequest(method, f"/{STAGE}{path}", skip_host=True, skip_accept_encoding=True)
            given = headers or []
            if not any(name.lower() == "host" for name, _ in given):
                connection.putheader("Host", self.host)
            for name, value in given:
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.getheaders()), answer.read().decode())
        finally:
            connection.close()

    def sign(
        self,
        method: str,
        path: str,
        body: str = "",
        who: Credentials | None = None,
        service: str = "execute-api",
        region: str = REGION,
    ) -> list[tuple[str, str]]:
        """The headers of a signed request."""
        url = f"http://{self.host}/{STAGE}{path}"
        request = AWSRequest(method, url, data=body.encode(), headers={"Content-Type": "application/json"})
        SigV4Auth(who or self.operator, service, region).add_auth(request)
        return [(name, value) for name, value in request.headers.items()]

    def signed(self, method: str, path: str, body: str = "", who: Credentials | None = None) -> Answer:
        return self.send(method, path, body, self.sign(method, path, body, who))

    def said(self, function: str) -> list[dict[str, Any]]:
        """The JSON lines of a function's log, oldest first."""
        found = self.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        lines = [line for event in found for line in event["message"].splitlines()]
        return [json.loads(line) for line in lines if line.startswith("{")]


def zipped() -> bytes:
    """Our sources as a zip."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        for folder in ("functions", "shared"):
            for file in sorted((ROOT / folder).rglob("*.py")):
                made.write(file, file.relative_to(ROOT).as_posix())
    return held.getvalue()


def running(folder: Path) -> Route:
    """A deployment that runs; its server is to be stopped by whoever asked for it."""
    aws = CheckingAws(folder, free_port())
    aws.start()
    try:
        route = Route(aws)
        route.build()
    except BaseException:
        aws.stop()
        raise
    return route
