"""The web server: unsubscribing by link (RFC 8058), preferences, the archive, and the health of the service."""

from __future__ import annotations

from newsletter.web.hosts import Door
from newsletter.web.server import build, listen, run

__all__ = ["Door", "build", "listen", "run"]
