"""Tells what pip-audit found of one lock file: ``python -m tests.house.audited LOCK FOUND.json``.

Exit code 1 for any known weakness.
"""

import json
import sys
from pathlib import Path


def main(lock: str, found: str) -> int:
    """Print a line for each weakness and one for the whole."""
    packages = json.loads(Path(found).read_text(encoding="utf-8"))["dependencies"]
    checked = [one for one in packages if "skip_reason" not in one]
    weak = [(one["name"], one["version"], told) for one in checked for told in one["vulns"]]
    for name, version, told in weak:
        print(f"audit: {name} {version}: {told['id']}, mended in {', '.join(told['fix_versions']) or 'no version yet'}")
    if not checked:
        print(f"audit: {lock} was not checked: the package index has no advisories for any of {len(packages)} packages")
    else:
        print(f"audit: {lock}: {len(weak)} known weaknesses in {len(checked)} of {len(packages)} packages")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
