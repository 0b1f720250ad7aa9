"""Both practice servers at once, and the settings that point a newsletter at them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date
from types import TracebackType
from typing import Self

from newsletter.demo.arxiv_server import ArxivServer
from newsletter.demo.model_server import MODEL, ModelServer
from newsletter.demo.rows import SampleRow


class Servers:
    """arXiv and a model on loopback with the given papers, from construction to `close()`."""

    def __init__(
        self,
        rows: Sequence[SampleRow],
        announced: date | None = None,
        *,
        latency: float = 0.0,
        per_token: float = 0.0,
    ) -> None:
        """`announced` is the day of the feed; without it the newest day of the rows."""
        day = announced or max((row.announced for row in rows), default=None)
        if day is None:
            raise ValueError("neither papers nor a day to announce")
        with ExitStack() as started:
            self.arxiv = started.enter_context(ArxivServer(rows, day))
            self.model = started.enter_context(ModelServer(rows, latency=latency, per_token=per_token))
            self._running = started.pop_all()

    def environment(self) -> dict[str, str]:
        """The settings by name; the key is no secret, the practice model takes any."""
        return {
            "NEWSLETTER_ARXIV_API_URL": self.arxiv.api_url,
            "NEWSLETTER_ARXIV_RSS_URL": self.arxiv.rss_url,
            "NEWSLETTER_ARXIV_DELAY": "0",
            "NEWSLETTER_MODEL": f"openai/{MODEL}",
            "NEWSLETTER_MODEL_API_BASE": self.model.api_base,
            "OPENAI_API_KEY": "sample",
        }

    def close(self) -> None:
        """Stop both; a second call does nothing."""
        self._running.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
