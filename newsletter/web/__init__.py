"""The web part: leaving by link (RFC 8058), the archive, and whether the service is well."""

from __future__ import annotations

from newsletter.web.hosts import Door
from newsletter.web.server import build, listen, run

__all__ = ["Door", "build", "listen", "run"]
