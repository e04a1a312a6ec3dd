"""The embedded AWS with every service, checking signatures and policies, and this house deployed into it."""

import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from shared.adapters.dynamo.tables import Tables
from shared.adapters.embedded.server import KEY_ID, LOOPBACK, REGION, SECRET, free_port
from tests.functions.route import CheckingAws, client_of
from tests.rehearsal.templates import cdk

NUMBER = "000000000000"
PREFIX = "house-paper-"
GATE = "v1"


@dataclass
class Cloud:
    """One account of AWS on loopback. ``api``: the REST API's id, once deployed."""

    aws: CheckingAws
    api: str = ""

    @property
    def env(self) -> dict[str, str]:
        """Whose credentials the command line uses, and where."""
        return {
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": REGION,
            "CDK_DEFAULT_REGION": REGION,
            "CDK_DEFAULT_ACCOUNT": NUMBER,
        }

    @property
    def tables(self) -> Tables:
        """The deployed tables."""
        return Tables(PREFIX, self.aws.endpoint)

    def client(self, service: str) -> Any:
        """A client of any service."""
        return client_of(self.aws, service)

    def bootstrap(self, out: Path) -> None:
        """The toolkit's own stack. Its roles are taken away again: their policies ask for conditions that the embedded
        AWS does not know, and without them the command line goes on with the caller's credentials.
        """
        cdk(["bootstrap", f"aws://{NUMBER}/{REGION}", "--app", str(out)], self.env)
        iam = self.client("iam")
        for role in iam.list_roles()["Roles"]:
            name = role["RoleName"]
            if not name.startswith("cdk-") or "cfn-exec" in name:
                continue
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                iam.delete_role_policy(RoleName=name, PolicyName=policy)
            for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
                iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
            iam.delete_role(RoleName=name)

    def deploy(self, out: Path) -> int:
        """Every stack; how many there are."""
        cdk(["deploy", "--all", "--require-approval", "never", "--app", str(out)], self.env)
        (self.api,) = (one["id"] for one in self.client("apigateway").get_rest_apis()["items"])
        return len(self.stacks())

    def destroy(self, out: Path) -> None:
        """Every stack; each is protected until somebody says that this one may go."""
        formation = self.client("cloudformation")
        for name in self.stacks():
            formation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
        cdk(["destroy", "--all", "--force", "--app", str(out)], self.env)

    def stacks(self) -> list[str]:
        """Those of this house."""
        made = self.client("cloudformation").describe_stacks()["Stacks"]
        return [one["StackName"] for one in made if one["StackName"].startswith("house-")]

    def person(self, name: str, policy: str = "") -> Credentials:
        """Somebody of this account with one of the deployment's managed policies, or with none."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        if policy:
            arn = f"arn:aws:iam::{NUMBER}:policy/{PREFIX}{policy}"
            iam.attach_user_policy(UserName=name, PolicyArn=arn)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def post(self, path: str, body: str, headers: dict[str, str] | None = None, who: Credentials | None = None) -> int:
        """The status that the real route answers with, to ``who`` signs or to nobody's signature."""
        host = f"{self.api}.execute-api.localhost:{self.aws.port}"
        request = AWSRequest("POST", f"http://{host}/{GATE}{path}", data=body.encode(), headers=headers or {})
        if who is not None:
            SigV4Auth(who, "execute-api", REGION).add_auth(request)
        connection = http.client.HTTPConnection(LOOPBACK, self.aws.port, timeout=60)
        try:
            connection.request("POST", f"/{GATE}{path}", body.encode(), {"Host": host, **dict(request.headers.items())})
            return connection.getresponse().status
        finally:
            connection.close()


@contextmanager
def running(folder: Path) -> Iterator[Cloud]:
    """An empty account."""
    aws = CheckingAws(folder, free_port())
    aws.start()
    try:
        yield Cloud(aws)
    finally:
        aws.stop()


def awaited(what: str, holds: Callable[[], bool], seconds: float) -> float:
    """Wait until it holds; how long that took. ``AssertionError`` when it does not."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise AssertionError(f"{what}: not within {seconds:g} s")
        time.sleep(0.5)
    return time.monotonic() - began
