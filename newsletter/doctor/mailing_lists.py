"""Entries that look like mailing lists and do not say so: each copy carries one reader's links, for all to use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.models import Finding, Roster
from newsletter.readers import Counter, lists

# Words for many people, and hosts that have nothing but lists.
_MANY = frozenset((
    "all", "everybody", "everyone", "group", "groups", "members", "staff", "team", "lab", "labs", "list", "lists",
    "department", "dept", "faculty", "institute", "students", "postdocs", "phd", "phds", "alumni", "seminar",
    "colloquium", "announce", "announcements", "discuss", "users", "alle", "mitarbeiter", "gruppe", "equipe", "tous",
    "todos",
))  # fmt: skip
_HOSTS = frozenset(("lists", "list", "listserv", "mailman", "sympa", "groups", "googlegroups"))
_REMEDY = "add list: true to its entry, or list: false if one person reads it"
_WORD = re.compile(r"[^\W\d_]+")


def replied(counter: Counter, roster: Roster) -> list[Finding]:
    """Entries to which a reply came through a mailing list."""
    where = str(counter.subscribers)
    return [
        Finding(where, line, f"a reply to {email!r} came through the list {name}", _REMEDY, fatal=False)
        for line, email, name in lists.found(counter, roster)
    ]


def suspected(roster: Roster) -> Iterator[str]:
    """A line for each entry whose address is named as lists are."""
    for reader in roster.readers:
        if "list" not in dict(reader.stated) and _looks_like_one(reader.email):
            yield f"line {reader.line}: {reader.email} may be a mailing list; {_REMEDY}"


def _looks_like_one(email: str) -> bool:
    local, _, domain = email.lower().rpartition("@")
    return not _MANY.isdisjoint(_WORD.findall(local)) or not _HOSTS.isdisjoint(domain.split(".")[:-1])
