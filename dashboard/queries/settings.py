"""Where the dashboard looks and whom it asks for changes, out of its environment."""

from collections.abc import Mapping

from msgspec import Struct

from shared.adapters.embedded.server import KEY_ID, SECRET
from shared.adapters.endpoint import Endpoint
from shared.domain.errors import BadInput


class Settings(Struct, frozen=True):
    """Where to look, ``prefix`` leading every table's name, at whose account, in which ``bucket`` ("": the usual).

    ``control_url``: the control API ("": there is none); ``control_key``: what requests to the one of ``make run`` are
    signed with ("": the usual AWS credentials).
    """

    endpoint: Endpoint
    prefix: str
    account: str
    bucket: str = ""
    control_url: str = ""
    control_key: str = ""


def settings(environment: Mapping[str, str]) -> Settings:
    """The dashboard's settings out of the environment; ``BadInput`` when the account is blank."""
    account = environment.get("ACCOUNT", "paper").strip()
    if not account:
        raise BadInput("ACCOUNT is blank; name the account to show, such as paper.")
    return Settings(
        _endpoint(environment),
        environment.get("TABLE_PREFIX", "house-"),
        account,
        environment.get("LAKE_BUCKET", "").strip(),
        environment.get("CONTROL_URL", "").strip(),
        environment.get("CONTROL_KEY", "").strip(),
    )


def _endpoint(environment: Mapping[str, str]) -> Endpoint:
    """The embedded server takes any key but insists on one; AWS itself gets the usual chain."""
    host = environment.get("AWS_ENDPOINT_URL") or None
    key = "" if host is None else environment.get("AWS_ACCESS_KEY_ID", KEY_ID)
    secret = "" if host is None else environment.get("AWS_SECRET_ACCESS_KEY", SECRET)
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or "us-east-1"
    return Endpoint(region, host, key, secret)
