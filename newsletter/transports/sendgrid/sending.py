"""SendGrid through its official package."""

from __future__ import annotations

from typing import Any

from newsletter.bulk.sending import MAILS, SECONDS, Bulk, Call, Result
from newsletter.transports.sendgrid.calls import api, call
from newsletter.transports.sendgrid.payload import payload


class SendGrid(Bulk):
    """`v3/mail/send`: one call for up to 1,000 readers."""

    name = "sendgrid"

    def __init__(
        self, api_key: str, url: str, *, connections: int = 8, batch: int = MAILS, timeout: float = SECONDS
    ) -> None:
        self._api = api(api_key, url, timeout)
        super().__init__(connections=connections, batch=batch)

    def payload(self, mails: Call) -> Any:
        return payload(mails)

    def call(self, payload: Any) -> Result:
        return call(self._api, payload)
