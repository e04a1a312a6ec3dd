"""Where tapes lie: a folder of this machine, or a bucket on the embedded AWS or in the cloud."""

from pathlib import Path

from shared.adapters.dynamo.tables import Endpoint
from shared.adapters.embedded.server import KEY_ID, REGION, SECRET
from shared.adapters.s3.client import s3_client
from shared.adapters.s3.lake import FolderLake, Lake, Objects
from shared.domain.errors import BadInput
from shared.settings import Settings


def endpoint_of(settings: Settings) -> Endpoint:
    """The AWS that the settings name, else the system running here; ``BadInput`` when there is neither."""
    state = settings.state
    if state.aws_endpoint_url is not None:
        return Endpoint(REGION, state.aws_endpoint_url, KEY_ID, SECRET)
    running = sorted(state.state_dir.glob("*/address"), key=lambda file: file.stat().st_mtime_ns)
    if not running:
        raise BadInput("no system is running here: start one with `make run`, or set AWS_ENDPOINT_URL")
    # The newest: a run that was killed leaves its own behind.
    return Endpoint(REGION, running[-1].read_text(encoding="utf-8").strip(), KEY_ID, SECRET)


def bucket_of(settings: Settings, bucket: str) -> Lake:
    """A bucket of AWS itself, or of the embedded one where AWS_ENDPOINT_URL is set."""
    state = settings.state
    endpoint = Endpoint(state.region) if state.aws_endpoint_url is None else endpoint_of(settings)
    return Lake(s3_client(endpoint), bucket)


def folder_of(path: Path) -> Objects:
    """An existing folder with a tape in it; ``BadInput`` when it is not there."""
    if not path.is_dir():
        raise BadInput(f"{path} is no folder, so there is no tape in it")
    return FolderLake(path)
