"""A token as a mail server wants it: SASL XOAUTH2, https://developers.google.com/workspace/gmail/imap/xoauth2-protocol."""

from __future__ import annotations

import base64

from newsletter import redaction


class XOAuth2:
    """One login: what is said first, and to a server that explains why it will refuse."""

    def __init__(self, user: str, token: str) -> None:
        self.first = f"user={user}\1auth=Bearer {token}\1\1".encode()
        self.explanation = ""  # the server's, before it refuses
        self._begun = False
        # A server that quotes the command it did not understand quotes the token.
        redaction.hide_for_now([base64.b64encode(self.first).decode()])

    def respond(self, challenge: bytes) -> bytes:
        """The login, then nothing: an explanation is answered with an empty line, and the refusal follows."""
        if not self._begun:
            self._begun = True
            return self.first
        self.explanation = challenge.decode("utf-8", "replace").strip()[:300]
        return b""
