"""The `topics:` block: what groups of readers want. Its findings stop the file: without topics nobody gets an email."""

from __future__ import annotations

import re
from pathlib import Path

from yaml.nodes import MappingNode

from newsletter.models import Topic
from newsletter.subscribers import categories, values
from newsletter.subscribers.files import sha256
from newsletter.subscribers.tree import Block, Reading, Unfit

READINGS = {
    "title": Reading(values.line, about="The topic's name in emails and on pages."),
    "categories": Reading(categories.category, many=True, about="arXiv categories, such as cs.LG."),
    "interests": Reading(
        str,
        about="What readers care about, in a sentence or two (at most about 400 tokens), or the path of a .md or .txt "
        "file with it. Papers are scored against it.",
    ),
    "cross_lists": Reading(values.switch, about="`false`: only papers whose primary category is one of `categories`."),
    "min_relevance": Reading(values.whole(1, 10), about="The relevance, of 10, from which a paper is picked."),
    "min_novelty": Reading(values.whole(1, 10), about="The novelty, of 10, from which a paper is picked."),
    "authors": Reading(
        values.line,
        many=True,
        some=False,
        about="Their papers are always kept and marked; case and accents do not count.",
    ),
    "include": Reading(
        values.line, many=True, some=False, about="Papers with one of these words need one point less of relevance."
    ),
    "exclude": Reading(
        values.line, many=True, some=False, about="Papers with one of these words in title or abstract are dropped."
    ),
    "join": Reading(values.switch, about="`false`: people who join cannot choose this topic."),
}
NEEDED = ("categories", "interests")
LONGEST_INTERESTS = 2_400  # characters: about 400 tokens of English with room for its long words
_INTERESTS_FILE = re.compile(r"\S.{0,250}\.(?:md|txt)")


def read(top: Block, folder: Path) -> tuple[Topic, ...]:
    """All topics; what does not fit is added to the report of `top`."""
    node = top.raw("topics")
    if not isinstance(node, MappingNode) or not node.value:
        top.report.add(top.place("topics"), "no topics", "add one below 'topics:' with categories and interests")
        return ()
    block = Block(node, None, top.report)
    return tuple(topic for key in block.nodes if (topic := _topic(block, key, folder)))


def _topic(topics: Block, key: str, folder: Path) -> Topic | None:
    place, node = topics.nodes[key]
    report = topics.report
    try:
        values.topic_key(key)
    except Unfit as unfit:
        report.add(place, unfit.problem, unfit.remedy)
    if not isinstance(node, MappingNode):
        report.add(place, f"the topic {key!r} must have keys", "write categories: [cs.LG] and interests: … below it")
        return None
    block = Block(node, tuple(READINGS), report)
    for needed in NEEDED:
        if block.raw(needed) is None:
            report.add(place, f"the topic {key!r} has no {needed}", f"add {needed}: to it")
    given = block.read(READINGS)
    listed = given.get("categories", ())
    for name in (name for name in listed if name not in categories.KNOWN):
        report.warn(block.place("categories"), f"{name!r} is not in our list of arXiv categories", "check its spelling")
    usual = {"title": key.replace("_", " ").replace("-", " ").capitalize(), "categories": ()}
    given["interests"] = _interests(block, given.get("interests", ""), folder)
    return Topic(**usual | given, key=key)


def _interests(block: Block, text: str, folder: Path) -> str:
    """The text of a topic, from the list or from the file that it names."""
    if _INTERESTS_FILE.fullmatch(text):
        text = _interests_file(block, folder / text)
    if len(text) > LONGEST_INTERESTS:
        problem = f"the interests are {len(text):,} characters long and are sent with every request"
        block.report.warn(block.place("interests"), problem, f"shorten them to {LONGEST_INTERESTS:,}")
    return text


def _interests_file(block: Block, path: Path) -> str:
    try:
        raw = path.read_bytes()
        block.report.read[str(path)] = sha256(raw)
        text = raw.decode("utf-8-sig").strip()
    except OSError as error:
        block.report.add(
            block.place("interests"), f"cannot read {path} ({error.strerror})", "fix the path, or write the text itself"
        )
    except UnicodeDecodeError:
        block.report.add(block.place("interests"), f"{path} is not UTF-8", "save it as UTF-8")
    else:
        if not text:
            block.report.add(block.place("interests"), f"{path} is empty", "describe in it what the readers want")
        return text
    return ""
