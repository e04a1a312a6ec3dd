"""What outlives everything else: tables, buckets, and the ways to people."""

from aws_cdk import Stack
from constructs import Construct

from cdk.constructs.buckets import Buckets
from cdk.constructs.messages import Messages
from cdk.constructs.tables import Tables
from cdk.settings import Deployment


class DataStack(Stack):
    """Deleting this stack deletes no table and no bucket."""

    def __init__(self, scope: Construct, construct_id: str, deployment: Deployment) -> None:
        super().__init__(
            scope, construct_id, description="tables, buckets and messages of the house", termination_protection=True
        )
        self.tables = Tables(self, "Tables", deployment)
        self.buckets = Buckets(self, "Buckets", deployment)
        self.messages = Messages(self, "Messages", deployment)
