"""``make rehearse``: the whole cloud deployed by the stock CDK command line into the embedded AWS, used, and destroyed.

Lines as it goes; 1 with a sentence when something is not as it should be.
"""

import sys
import tempfile
import time
from pathlib import Path

from tests.rehearsal.cloud import PREFIX, running
from tests.rehearsal.steps import REHEARSED
from tests.rehearsal.templates import pretended, reduced, synthesised

TABLES = 11


def rehearse(folder: Path) -> None:
    """The whole of it."""
    began = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {line}", flush=True)

    with running(folder / "aws") as cloud:
        say("the embedded AWS is up; it checks signatures and policies")
        out = synthesised(folder, cloud.env)
        for line in (*reduced(out), *pretended(out)):
            say(line)
        cloud.bootstrap(out)
        say("bootstrapped")
        say(f"{cloud.deploy(out)} stacks deployed by cdk deploy --all")
        for step in REHEARSED:
            for line in step(cloud):
                say(line)
        cloud.destroy(out)
        assert cloud.stacks() == [], cloud.stacks()
        kept = [name for name in cloud.client("dynamodb").list_tables()["TableNames"] if name.startswith(PREFIX)]
        assert len(kept) == TABLES, kept
        say(f"destroyed; all {len(kept)} tables were kept, as they must be")


def main() -> int:
    """Rehearse; 1 when it failed."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as folder:
        try:
            rehearse(Path(folder))
        except AssertionError as error:
            print(f"rehearsal FAILED: {error}", file=sys.stderr)
            return 1
    print("rehearsed: deployed, rotated, stopped, alarmed, poisoned, scheduled, destroyed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
