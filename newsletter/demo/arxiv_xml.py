"""Text, attributes and elements as arXiv's services write them, in strings: the order and the quotes are theirs."""

from __future__ import annotations

import html
import re

SCHEMA = "http://arxiv.org/schemas/atom"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def text(value: str) -> str:
    return html.escape(_NOT_XML.sub("", value), quote=False)


def attribute(value: str) -> str:
    return text(value).replace('"', "&quot;")


def element(indent: int, name: str, value: object, attributes: str = "") -> str:
    return f"{' ' * indent}<{name}{attributes}>{text(str(value))}</{name}>\n"
