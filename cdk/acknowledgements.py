"""The findings of cdk-nag that we know of and leave as they are: each on one resource, each with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


@dataclass(frozen=True)
class Acknowledgement:
    """``rule`` on the resource at ``path`` of the stack whose name ends in ``stack``."""

    rule: str
    stack: str
    path: str
    reason: str


SIGNED = (
    "People sign with IAM, which asks for a second factor where it matters; a user pool would be one more identity."
)
OBJECTS = "Objects have no names before they exist, so leave to reach those of one bucket ends in a wildcard; "

ACKNOWLEDGED = (
    Acknowledgement(
        "AwsSolutions-IAM5[Resource::<BucketsLake7E5C8A08.Arn>/*]",
        "data",
        "Buckets/LakeRead",
        OBJECTS + "this policy reads objects of the lake and nothing else.",
    ),
    Acknowledgement(
        "AwsSolutions-IAM5[Resource::<BucketsLake7E5C8A08.Arn>/*]",
        "data",
        "Buckets/LakeWrite",
        OBJECTS + "this policy puts and reads objects of the lake; it deletes none.",
    ),
    Acknowledgement(
        "AwsSolutions-IAM5[Resource::<BucketsAudit0C61E492.Arn>/*]",
        "data",
        "Buckets/AuditAppend",
        OBJECTS + "Object Lock keeps every version that is put, whoever puts another.",
    ),
    Acknowledgement(
        "AwsSolutions-ECS4",
        "trader",
        "Tasks/Cluster",
        "Container Insights costs more than the trader's processor; processor, memory and heartbeat have alarms.",
    ),
    Acknowledgement(
        "AwsSolutions-IAM5[Resource::*]",
        "trader",
        "Tasks/Starter/DefaultPolicy",
        "ecr:GetAuthorizationToken knows no resource; what it opens is one repository named in the next statement.",
    ),
    Acknowledgement(
        "AwsSolutions-IAM5[Resource::*]",
        "dashboard",
        "Role/DefaultPolicy",
        "The four ssmmessages actions of port forwarding know no resource; they open a channel to this task only.",
    ),
    Acknowledgement(
        "AwsSolutions-SMG4",
        "functions",
        "Secrets/Discord",
        "The address of a Discord webhook is made by its owner in Discord, so only the owner can make another.",
    ),
    Acknowledgement(
        "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
        "api",
        "Logger",
        "API Gateway takes an account's logging role only with this policy, which is made for it and only writes logs.",
    ),
    Acknowledgement(
        "AwsSolutions-APIG4",
        "api",
        "Api/Default/kill/token/POST",
        "Stopping must work from any telephone: the function compares a long random token, which can do nothing else.",
    ),
    Acknowledgement(
        "AwsSolutions-APIG4",
        "api",
        "Api/Default/telegram/POST",
        "Telegram cannot sign requests; the function checks its secret header and two allow lists, and never resumes.",
    ),
    Acknowledgement("AwsSolutions-COG4", "api", "Api/Default/kill/POST", SIGNED),
    Acknowledgement(
        "AwsSolutions-COG4",
        "api",
        "Api/Default/kill/token/POST",
        "The kill token is the one factor here by design: a false stop is cheap, a stop that fails is not.",
    ),
    Acknowledgement(
        "AwsSolutions-COG4",
        "api",
        "Api/Default/telegram/POST",
        "Telegram is the caller, not a person with an account; its secret header is compared by the function.",
    ),
    Acknowledgement("AwsSolutions-COG4", "api", "Api/Default/api/{proxy+}/ANY", SIGNED),
    Acknowledgement(
        "AwsSolutions-APIG3",
        "api",
        "Api/DeploymentStage.v1",
        "A web ACL costs a sixth of the whole bill; throttling, signatures and an alarm on refusals do here instead.",
    ),
)


def acknowledge(stacks: Sequence[Stack]) -> None:
    """Tell the rules what we know of; ``ValueError`` for a resource that is not there any more."""
    for one in ACKNOWLEDGED:
        stack = next(found for found in stacks if found.stack_name.endswith(f"-{one.stack}"))
        place: IConstruct = stack
        for name in one.path.split("/"):
            child = place.node.try_find_child(name)
            if child is None:
                raise ValueError(f"acknowledgement of {one.rule}: there is no {one.path} in stack {one.stack}")
            place = child
        Validations.of(place).acknowledge(Acknowledgment(id=one.rule, reason=one.reason))
