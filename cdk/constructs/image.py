"""The container images: one for the trader and the heavy functions, one for the dashboard with its libraries."""

from pathlib import Path

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.settings import IMAGE

ROOT = Path(__file__).resolve().parents[2]
TRADER = "fargate/Dockerfile"
DASHBOARD = "dashboard/Dockerfile"
NOT_SENT = [".git", ".venv", ".state", "build", "cdk.out", "node_modules", "tests", "cdk", "**/__pycache__"]
"""What never goes to the builder, besides what .dockerignore says: it would change the image's name for nothing."""


class Image(Construct):
    """``uri`` names one in ECR; None: it is built from ``dockerfile`` when the stack is deployed."""

    def __init__(self, scope: Construct, construct_id: str, uri: str | None, dockerfile: str = TRADER) -> None:
        super().__init__(scope, construct_id)
        match = IMAGE.fullmatch(uri or "")
        if match is None:
            if not (ROOT / dockerfile).is_file():
                raise ValueError(f"there is no {dockerfile} to build the image from; give -c image=URI")
            built = assets.DockerImageAsset(
                self,
                "Built",
                directory=str(ROOT),
                file=dockerfile,
                platform=assets.Platform.LINUX_ARM64,
                exclude=NOT_SENT,
            )
            self.repository: ecr.IRepository = built.repository
            self._version = built.image_tag
            return
        self.repository = ecr.Repository.from_repository_attributes(
            self,
            "Named",
            repository_name=match["name"],
            repository_arn=f"arn:aws:ecr:{match['region']}:{match['account']}:repository/{match['name']}",
        )
        self._version = match["version"].lstrip("@:")

    def container(self) -> ecs.ContainerImage:
        """As a task runs it."""
        return ecs.ContainerImage.from_ecr_repository(self.repository, self._version)

    def function(self, handler: str) -> lambda_.Code:
        """As Lambda runs it: through the runtime interface client that the image carries."""
        return lambda_.Code.from_ecr_image(
            self.repository,
            tag_or_digest=self._version,
            entrypoint=["python", "-m", "awslambdaric"],
            cmd=[handler],
        )
