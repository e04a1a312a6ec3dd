"""The four steps in which Secrets Manager has a secret replaced, each safe to run again, whatever was cut off.

Every step is called with the id of the new version (``token``). What a secret is made of and who must be told of a new
one is the affair of its ``Kind``.
"""

from enum import Enum
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError
from msgspec import Struct

from shared.adapters.notices.clients import code_of, telling
from shared.adapters.notices.secrets import Hides, hide
from shared.domain.errors import BadInput, HouseError, Temporary

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"


class Step(Enum):
    """What is to be done."""

    CREATE = "createSecret"
    SET = "setSecret"
    TEST = "testSecret"
    FINISH = "finishSecret"


class Request(Struct, frozen=True):
    """One call of Secrets Manager."""

    secret: str
    token: str
    step: Step


class Kind(Protocol):
    """A secret that can be replaced. Values are whole texts of the secret; ``old`` is empty where there is none yet."""

    def create(self, old: str, /) -> str:
        """A new value."""

    def set(self, new: str, old: str, /) -> str:
        """Tell whoever has to know of the new value, so that both are valid; what was done, in words for the log."""

    def test(self, new: str, old: str, /) -> str:
        """Make sure that the new value works, else raise; what was seen."""

    def finished(self, new: str, old: str, /) -> str:
        """The new value is the current one: what is left to do about the old one."""


def request_of(event: dict[str, object]) -> Request:
    """The call in an event; ``BadInput`` names what is wrong with it."""
    texts = []
    for field in ("SecretId", "ClientRequestToken", "Step"):
        text = event.get(field)
        if not isinstance(text, str) or not text:
            raise BadInput(f"event.{field} must be a text, not {text!r}")
        texts.append(text)
    secret, token, step = texts
    if step not in [one.value for one in Step]:
        raise BadInput(f"event.Step must be one of {', '.join(one.value for one in Step)}, not {step!r}")
    return Request(secret, token, Step(step))


class Rotation:
    """Rotates one secret. What is read or made is hidden from the logs before it is used."""

    def __init__(self, client: "SecretsManagerClient", hidden: Hides) -> None:
        self._client = client
        self._hidden = hidden

    def name_of(self, secret: str) -> str:
        """The name of a secret, which the event may call by its ARN."""
        with telling("describing the secret"):
            return self._client.describe_secret(SecretId=secret)["Name"]

    def run(self, asked: Request, kind: Kind) -> str:
        """Do one step; what was done, without the secret.

        Raises ``BadInput`` for a version that is not being rotated in, ``Temporary`` when the step should run again.
        """
        stages = self._stages(asked)
        if CURRENT in stages.get(asked.token, ()):
            return "this version is the current one already"
        if asked.step is Step.CREATE:
            return self._create(asked, kind)
        if PENDING not in stages.get(asked.token, ()):
            raise BadInput(
                f"version {asked.token} of the secret is not {PENDING}: it cannot take the step {asked.step.value}"
            )
        new, old = self._value(asked.secret, asked.token), self._value(asked.secret)
        if new is None:
            raise Temporary("the new version has no value yet")
        if new == old:
            # Somebody else has finished meanwhile. To tell of the new value as the old one would lose the old one.
            return "this version has just become the current one"
        match asked.step:
            case Step.SET:
                return kind.set(new, old or "")
            case Step.TEST:
                return kind.test(new, old or "")
        current = next((version for version, names in stages.items() if CURRENT in names), None)
        self._promote(asked, current)
        return kind.finished(new, old or "")

    def _stages(self, asked: Request) -> dict[str, list[str]]:
        with telling("describing the secret"):
            return dict(self._client.describe_secret(SecretId=asked.secret).get("VersionIdsToStages", {}))

    def _value(self, secret: str, version: str = "") -> str | None:
        """The value of a version, or the current one; None where there is none."""
        try:
            if version:
                found = self._client.get_secret_value(SecretId=secret, VersionId=version)
            else:
                found = self._client.get_secret_value(SecretId=secret, VersionStage=CURRENT)
        except ClientError as error:
            if code_of(error) in ("ResourceNotFoundException", "InvalidRequestException"):
                return None
            with telling("reading the secret"):
                raise
        text = found.get("SecretString")
        if text:
            hide(self._hidden, text)
        return text or None

    def _create(self, asked: Request, kind: Kind) -> str:
        if self._value(asked.secret, asked.token) is not None:
            return "a new value was made before"
        new = kind.create(self._value(asked.secret) or "")
        hide(self._hidden, new)
        try:
            with telling("putting the new value"):
                self._client.put_secret_value(
                    SecretId=asked.secret, ClientRequestToken=asked.token, SecretString=new, VersionStages=[PENDING]
                )
        except Temporary as error:
            # Somebody else ran this step at the same time: his value is the one.
            if self._value(asked.secret, asked.token) is None:
                raise error from None
            return "a new value was made at the same time"
        return "a new value was made"

    def _promote(self, asked: Request, current: str | None) -> None:
        to: dict[str, str] = {"SecretId": asked.secret, "VersionStage": CURRENT, "MoveToVersionId": asked.token}
        if current is not None:
            to["RemoveFromVersionId"] = current
        try:
            with telling("making the new value the current one"):
                self._client.update_secret_version_stage(**to)
        except HouseError:
            if CURRENT not in self._stages(asked).get(asked.token, ()):  # unless somebody did so at the same time
                raise
