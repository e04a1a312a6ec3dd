"""Requests to the control API and the kill switch from a person's machine, signed with their AWS credentials."""

import json
from typing import Any
from urllib.parse import urlsplit

import boto3
import httpx
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError

from shared.adapters.control.signing import signed
from shared.domain.errors import BadInput, NotAllowed, OutcomeUnknown, Temporary

WAIT_S = 30.0
Answer = dict[str, Any]


class Remote:
    """A deployment's API at ``url`` (with its stage), asked as whoever the usual AWS credentials name."""

    def __init__(self, url: str, region: str, credentials: Credentials | None = None) -> None:
        self._url = url.rstrip("/")
        self._region = region
        self._credentials = credentials or _own(region)

    def ask(self, method: str, path: str, body: Answer | None = None) -> Answer:
        """One signed request. Raises ``NotAllowed`` when we may not, ``BadInput`` for what cannot be used,
        ``Temporary`` when nothing answers or it should be asked again, ``OutcomeUnknown`` for one that was cut off.
        """
        text = "" if body is None else json.dumps(body)
        url = f"{self._url}{path}"
        headers = signed(method, url, text, self._region, self._credentials)
        try:
            answer = httpx.request(method, url, content=text.encode(), headers=headers, timeout=WAIT_S)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Temporary(f"{urlsplit(url).netloc} cannot be reached: {error}") from None
        except httpx.HTTPError as error:
            raise OutcomeUnknown(f"{method} {path} was cut off ({error}): ask again") from None
        return _read(method, path, answer)


def _own(region: str) -> Credentials:
    try:
        found = boto3.Session(region_name=region).get_credentials()
    except BotoCoreError as error:
        raise BadInput(f"the AWS credentials cannot be used: {error}") from None
    if found is None:
        raise BadInput("no AWS credentials are found: log in (`aws sso login`), or set AWS_PROFILE")
    return found


def _read(method: str, path: str, answer: httpx.Response) -> Answer:
    try:
        told = answer.json()
    except ValueError:
        told = {}
    fields: Answer = told if isinstance(told, dict) else {"rows": told}
    why = str(fields.get("error") or fields.get("message") or f"status {answer.status_code}")
    if answer.status_code in (401, 403):
        raise NotAllowed(f"{method} {path} is not allowed: {why.splitlines()[0]}")
    if answer.status_code == 429 or answer.status_code >= 500:
        raise Temporary(f"{method} {path}: {why}")
    if answer.status_code != 200:
        raise BadInput(f"{method} {path}: {why}")
    return fields
