"""What a made-up day states, so that `newsletter check` fills every line of the templates."""

from __future__ import annotations

from newsletter.archive.day import Stated
from newsletter.models import Bill, Topic, Usage

_TOPICS = tuple(
    Topic(key=key, title=title, categories=("cs.LG",), interests="Samples.")
    for key, title in (("first", "A first topic"), ("second", "A second topic"))
)
SAMPLE = Stated(
    bills=(Bill("scoring", "example/model", 3, Usage(70_000, 5_977, None)),),
    topics=_TOPICS,
    selection={
        "hash": "0" * 16,
        "system": "You judge papers.",
        "topics": [
            {
                "title": topic.title,
                "categories": list(topic.categories),
                "min_relevance": topic.min_relevance,
                "min_novelty": 2,
                "authors": ["A. Sample"],
                "request": topic.interests,
            }
            for topic in _TOPICS
        ],
    },
)
