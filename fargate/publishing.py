"""``--publish NAME``: a report goes into the lake as a study, beside what it was made from, for the page Research."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from fargate.lakes import endpoint_of
from shared.adapters.archive.vault import Vault
from shared.adapters.dynamo.tables import Endpoint
from shared.adapters.s3.client import check_bucket, s3_client
from shared.adapters.s3.studies import Manifest, checked_name, inputs_of, publish
from shared.adapters.synthetic.write import made_up
from shared.settings import CloudSettings, Settings

ROOT = Path(__file__).resolve().parents[1]
COMPUTES = ("shared", "fargate")


class Publisher:
    """Where one study goes; nothing at all where nobody asked for it (``name`` None).

    Made before the work begins: who waits for a replay should not learn afterwards that it cannot be kept.
    """

    def __init__(self, name: str | None, command: str, settings: Settings) -> None:
        """``BadInput`` for a name that is none and where no system runs, ``Temporary`` when the lake is away."""
        self._name = None if name is None else checked_name(name)
        self._command = command
        if name is not None:
            bucket = settings.cloud.lake_bucket
            s3 = s3_client(_place(settings))
            check_bucket(s3, bucket)
            self._vault = Vault(s3, bucket)

    def publish(
        self, kind: str, report: object, inputs: Sequence[Path | None], figures: Mapping[str, float | None]
    ) -> str:
        """Keep the report; what to tell the person who asked for it, "" where nobody did."""
        if self._name is None:
            return ""
        files = [path for path in inputs if path is not None]
        manifest = Manifest(
            kind=kind,
            name=self._name,
            at=time.time_ns(),
            command=self._command,
            code=code_digest(),
            synthetic=any(made_up(path) for path in files),
            inputs=inputs_of(files),
            figures=dict(figures),
        )
        return f"published as {publish(self._vault, manifest, report)}: see page Research of the dashboard"


def _place(settings: Settings) -> Endpoint:
    """A deployment's lake is named by LAKE_BUCKET; else the system that runs here is meant."""
    named = settings.cloud.lake_bucket != CloudSettings().lake_bucket
    return Endpoint(settings.state.region) if named and not settings.state.aws_endpoint_url else endpoint_of(settings)


def code_digest() -> str:
    """A digest of the sources that compute studies: equal digests, equal code, committed or not."""
    found = hashlib.sha256()
    for folder in COMPUTES:
        for file in sorted((ROOT / folder).rglob("*.py")):
            found.update(f"{file.relative_to(ROOT).as_posix()}\n".encode())
            found.update(file.read_bytes())
    return found.hexdigest()[:12]
