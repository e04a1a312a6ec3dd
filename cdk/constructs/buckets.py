"""The buckets: the lake, the audit trail that nobody can rewrite, and the records of who asked for what."""

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk.settings import Deployment
from shared.settings import StateSettings, retention

RECORD_DAYS = 90
BALANCER_LOGS = "dashboard"
"""Where the load balancer's logs stand in the bucket of records."""
UNDO_DAYS = 7
"""How long a replaced or deleted object of the lake can be brought back."""


class Buckets(Construct):
    """Lake, audit trail and records, and the policies by which roles reach objects of the first two.

    Objects have no names before they exist, so leave to reach them ends in a wildcard; it is written here, once per
    kind of access, and roles are given these policies.
    """

    def __init__(self, scope: Construct, construct_id: str, deployment: Deployment) -> None:
        super().__init__(scope, construct_id)
        self.records = _bucket(self, "Records", None, [_expire("records", RECORD_DAYS)])
        if deployment.domain:
            self._take_logs_of_balancers()
        self.lake = _bucket(self, "Lake", self.records, [*_lake_rules(), _expire_old_versions()])
        self.audit = s3.Bucket(
            self,
            "Audit",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            object_lock_enabled=True,
            object_lock_default_retention=_lock(deployment),
            removal_policy=RemovalPolicy.RETAIN,
            server_access_logs_bucket=self.records,
            server_access_logs_prefix="audit/",
            lifecycle_rules=[_abort_unfinished()],
        )
        self.lake_read = self._policy("LakeRead", self.lake, ["s3:GetObject"])
        self.lake_write = self._policy("LakeWrite", self.lake, ["s3:GetObject", "s3:PutObject"])
        self.audit_append = self._policy("AuditAppend", self.audit, ["s3:GetObject", "s3:PutObject"])

    def _take_logs_of_balancers(self) -> None:
        """The construct of load balancers does this itself only where the region is known beforehand. This service
        writes them in every region; the accounts of ELB, another one in each, are the older way.
        """
        self.records.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LogsOfTheLoadBalancer",
                principals=[iam.ServicePrincipal("logdelivery.elasticloadbalancing.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[self.records.arn_for_objects(f"{BALANCER_LOGS}/AWSLogs/{Aws.ACCOUNT_ID}/*")],
            )
        )

    def _policy(self, name: str, bucket: s3.Bucket, actions: list[str]) -> iam.ManagedPolicy:
        return iam.ManagedPolicy(
            self,
            name,
            statements=[
                iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.bucket_arn]),
                iam.PolicyStatement(actions=actions, resources=[f"{bucket.bucket_arn}/*"]),
            ],
        )


def _bucket(scope: Construct, name: str, records: s3.Bucket | None, rules: list[s3.LifecycleRule]) -> s3.Bucket:
    return s3.Bucket(
        scope,
        name,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        encryption=s3.BucketEncryption.S3_MANAGED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        removal_policy=RemovalPolicy.RETAIN,
        server_access_logs_bucket=records,
        server_access_logs_prefix=f"{name.lower()}/" if records else None,
        lifecycle_rules=[*rules, _abort_unfinished()],
    )


def _lock(deployment: Deployment) -> s3.ObjectLockRetention:
    """Governance while it is paper: a compliance lock cannot be lifted by anybody, so a trial would stay for years."""
    kept = Duration.days(deployment.audit_days)
    return s3.ObjectLockRetention.compliance(kept) if deployment.is_live else s3.ObjectLockRetention.governance(kept)


def _lake_rules() -> list[s3.LifecycleRule]:
    """The table of retention in the settings, as the embedded AWS has it too."""
    return [
        s3.LifecycleRule(
            id=f"keep-{row.prefix.strip('/')}",
            prefix=row.prefix,
            expiration=Duration.days(row.days) if row.days else None,
            transitions=[
                s3.Transition(
                    storage_class=s3.StorageClass.INTELLIGENT_TIERING, transition_after=Duration.days(row.hot_days)
                )
            ]
            if row.hot_days
            else None,
        )
        for row in retention(StateSettings())
    ]


def _expire(name: str, days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        id=f"keep-{name}",
        expiration=Duration.days(days),
        noncurrent_version_expiration=Duration.days(UNDO_DAYS),
    )


def _expire_old_versions() -> s3.LifecycleRule:
    return s3.LifecycleRule(id="undo", noncurrent_version_expiration=Duration.days(UNDO_DAYS))


def _abort_unfinished() -> s3.LifecycleRule:
    return s3.LifecycleRule(id="unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(1))
