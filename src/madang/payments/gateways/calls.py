"""One HTTP call to a gateway: times out, never follows a redirect, and says whether the answer can be relied on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx

from madang.payments.gateways.model import Unclear

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Card companies take up to half a minute; a call must end well before its job's lease of a minute."""
ANSWER_MAX, LIST_MAX = 1_000_000, 8_000_000


class Caller:
    """Calls to one address with the same headers; safe to use from several threads."""

    def __init__(
        self,
        address: str,
        headers: Mapping[str, str],
        timeout: httpx.Timeout = TIMEOUT,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._client = httpx.Client(
            base_url=address, headers=dict(headers), timeout=timeout, follow_redirects=False, transport=transport
        )

    def close(self) -> None:
        self._client.close()

    def __call__(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON object of the answer. Raises ``Unclear`` for none, for one of 5xx, 408 or 429, and for one
        that is no JSON object: whether it was done is then not known."""
        status, read = self._asked(method, path, body, headers, ANSWER_MAX)
        if not isinstance(read, dict):
            raise Unclear("no JSON object")
        return status, read

    def list(self, path: str, params: Mapping[str, str | int]) -> tuple[int, list[dict[str, Any]] | dict[str, Any]]:
        """Status and what a list was answered with: its objects, or (no list) the object that says why not. Raises
        ``Unclear`` as a call does."""
        status, read = self._asked("GET", f"{path}?{urlencode(params)}", None, None, LIST_MAX)
        if isinstance(read, dict) or (isinstance(read, list) and all(isinstance(one, dict) for one in read)):
            return status, read
        raise Unclear("no JSON list")

    def _asked(
        self, method: str, path: str, body: Mapping[str, Any] | None, headers: Mapping[str, str] | None, most: int
    ) -> tuple[int, Any]:
        try:
            answer = self._client.request(method, path, json=body, headers=dict(headers or {}))
        except httpx.HTTPError as error:
            raise Unclear(type(error).__name__) from error
        if answer.status_code >= 500 or answer.status_code in (408, 429):
            raise Unclear(f"status {answer.status_code}")
        try:
            return answer.status_code, json.loads(answer.content) if len(answer.content) <= most else None
        except ValueError as error:
            raise Unclear("no JSON") from error
