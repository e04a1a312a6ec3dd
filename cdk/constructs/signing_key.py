"""The key that signs orders: it cannot be read by anybody, and only the live trader may have it sign."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from cdk.settings import Deployment

ADMINISTRATION = [
    f"kms:{action}"
    for action in (
        *("DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "GetPublicKey", "ListGrants", "ListKeyPolicies"),
        *("ListResourceTags", "PutKeyPolicy", "EnableKey", "DisableKey", "TagResource", "UntagResource"),
        *("UpdateAlias", "CreateAlias", "DeleteAlias", "UpdateKeyDescription", "ScheduleKeyDeletion"),
        *("CancelKeyDeletion", "RevokeGrant"),
    )
]
"""All the account's administrators may do: neither sign nor grant signing to anybody."""


class SigningKey(Construct):
    """A key on secp256k1. In stage ``paper`` it exists, so that all that leads to it is tried, and nobody may sign."""

    def __init__(self, scope: Construct, construct_id: str, deployment: Deployment, trader: iam.IRole) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description=f"signs the orders of {deployment.prefix}trader",
            alias=f"alias/{deployment.prefix}signer",
            key_spec=kms.KeySpec.ECC_SECG_P256K1,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            pending_window=Duration.days(30),
            removal_policy=RemovalPolicy.RETAIN,
            policy=iam.PolicyDocument(statements=_statements(deployment, trader)),
        )


def _statements(deployment: Deployment, trader: iam.IRole) -> list[iam.PolicyStatement]:
    """In a key's policy ``*`` means this key."""
    administrators = iam.PolicyStatement(
        sid="AdministrationWithoutSigning",
        principals=[iam.ArnPrincipal(f"arn:{Aws.PARTITION}:iam::{Aws.ACCOUNT_ID}:root")],
        actions=ADMINISTRATION,
        resources=["*"],
    )
    if not deployment.is_live:
        return [administrators]
    reads = iam.PolicyStatement(
        sid="TheTraderReadsThePublicKey", principals=[trader], actions=["kms:GetPublicKey"], resources=["*"]
    )
    signs = iam.PolicyStatement(
        sid="OnlyTheTraderSigns",
        principals=[trader],
        actions=["kms:Sign"],
        resources=["*"],
        conditions={"StringEquals": {"kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "DIGEST"}},
    )
    return [administrators, reads, signs]
