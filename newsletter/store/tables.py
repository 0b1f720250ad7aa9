"""The ledger's tables. Times are UTC; JSON columns hold lists of strings unless noted otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    case,
    false,
    func,
    literal,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.types import TypeEngine

REVISION = "0015"  # the newest file in migrations/versions: a change of a table comes with the next one

SQLITE, POSTGRESQL = "sqlite", "postgresql"
# The oldest revision whose programs can work with this one's ledger: they run beside ours during an upgrade. Revisions
# add; what one of them takes away or changes moves this up to itself.
OLDEST = "0014"

metadata = MetaData()

_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only what is declared INTEGER; it has 64 bits


class _Exact(TypeDecorator[str]):
    """Text on a server: in the same order everywhere, whatever its locale, and without the NUL that it cannot hold."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Text:
        return Text(collation="C")

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}") if value and "\0" in value else value


class _Cached(TypeDecorator[Any]):
    """Immutable values, from a cache both ways, because thousands of consecutive rows have the same ones."""

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        write = super().bind_processor(dialect)
        return write and lru_cache(maxsize=64)(write)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        read = super().result_processor(dialect, coltype)
        return read and lru_cache(maxsize=64)(read)


def _partial(name: str, column: str, state: str) -> Index:
    """Emails in one state: a server, unlike SQLite, would walk over all that were sent."""
    return Index(name, column, postgresql_where=text(f"state = '{state}'")).ddl_if(POSTGRESQL)


class UtcDateTime(_Cached):
    """An aware UTC time; a naive one is a programming error and is refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Days(_Cached):
    """The issues that an email carries, oldest first. Cached by their JSON: PostgreSQL's driver would parse it."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return JSON() if dialect.name == SQLITE else Text()

    def process_bind_param(self, value: tuple[date, ...] | None, dialect: Dialect) -> list[str] | str:
        days = [day.isoformat() for day in value or ()]
        return days if dialect.name == SQLITE else json.dumps(days)

    def process_result_value(self, value: list[str] | str | None, dialect: Dialect) -> tuple[date, ...]:
        days = json.loads(value) if isinstance(value, str) else value
        return tuple(date.fromisoformat(day) for day in days or ())


meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", String, nullable=False))

paper = Table(
    "paper",
    metadata,
    Column("arxiv_id", String, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("abstract", Text, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("primary_category", String, nullable=False),
    Column("published", UtcDateTime, nullable=False),
    Column("updated", UtcDateTime, nullable=False),
    Column("comment", Text),
    Column("journal_ref", Text),
    Column("doi", Text),
    # The first issue that announced it; null: older than our first issue, seen and never shown.
    Column("issue", Date, index=True),
)

# Since which issue a category is watched: what is older was never ours to announce.
category = Table("category", metadata, Column("name", String, primary_key=True), Column("since", Date, nullable=False))

issue = Table(
    "issue",
    metadata,
    Column("date", Date, primary_key=True),
    Column("state", String, nullable=False),
    Column("collected", Integer, nullable=False),
    Column("scored", Integer, nullable=False),
    Column("ranked", Integer, nullable=False),
    Column("unscored", Integer, nullable=False),
    Column("picked", Integer, nullable=False),
    Column("model", String),
    Column("held_since", UtcDateTime),
    Column("missing", JSON, nullable=False),
    Column("provisional", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("model_notes", JSON, nullable=False, server_default="[]"),  # written anew each time it is prepared
    Column("budget_reached", Boolean, nullable=False, server_default=false()),
)

# One row per answered request, written in the transaction that saves its result.
model_call = Table(
    "model_call",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("issue", Date, nullable=False, index=True),
    Column("stage", String),
    Column("model", String, nullable=False),
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cost_usd", Float),
)

# The calls of issues that are older than we keep each for, summed.
spent = Table(
    "spent",
    metadata,
    Column("issue", Date, primary_key=True),
    Column("stage", String, primary_key=True),  # empty where that was not recorded
    Column("model", String, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("unpriced", Integer, nullable=False),  # those without a cost
    Column("prompt_tokens", Integer, nullable=False),
    Column("completion_tokens", Integer, nullable=False),
    Column("cost_usd", Float),
)

score = Table(
    "score",
    metadata,
    Column("arxiv_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("topic_hash", String, primary_key=True),
    Column("prompt_hash", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("relevance", Integer, nullable=False),
    Column("novelty", Integer, nullable=False),
)

# The order without a model, and what became of each paper: written before the model is asked, so that a paper it was
# never shown is known as such.
ranking = Table(
    "ranking",
    metadata,
    Column("arxiv_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("topic_hash", String, primary_key=True),
    Column("value", Float, nullable=False),
    Column("trained", Boolean, nullable=False),
    Column("seen", String, nullable=False),
    Column("fate", Text),
    Column("place", Integer),  # among the picks, from 1
    Column("fits", Boolean, nullable=False, server_default=true()),  # its topic, where nobody has scored it
)

# Every text that a topic has had since we note it: scores are kept by its hash.
topic_text = Table(
    "topic_text",
    metadata,
    Column("key", String, primary_key=True),
    Column("hash", String, primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    Column("text", String),  # null while only the hash was noted
)

# A null text is an answer too: it failed its check, and asking again would cost the same again.
summary = Table(
    "summary",
    metadata,
    Column("arxiv_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("language", String, primary_key=True),
    Column("prompt_hash", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("text", Text),
)

reason = Table(
    "reason",
    metadata,
    Column("arxiv_id", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("topic_hash", String, primary_key=True),
    Column("prompt_hash", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("text", Text),
    Column("language", String, primary_key=True, server_default="en"),
)

edition = Table(
    "edition",
    metadata,
    Column("key", String, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("html", LargeBinary, nullable=False),
    Column("html_spans", JSON, nullable=False),
    Column("text", LargeBinary, nullable=False),
    Column("text_spans", JSON, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("body_spans", JSON, nullable=False),
    # Objects with id, version, number and topic, in printed order; empty for an older one that could not be read.
    Column("papers", JSON, nullable=False, server_default="[]"),
    Column("used", UtcDateTime),  # when an email was last planned from it
    Column("kept", String, nullable=False, server_default="all"),  # all, text (what quotes are known by) or facts
    Column("subscriber_id", BigInteger),  # whose own it is; null: all readers with equal wishes share it
    Column("recipe", LargeBinary),  # of an own one: the hashes of the parts that its bytes are made of
    Column(
        "letterhead", JSON(none_as_null=True)
    ),  # an object: what its emails say of their sender, whichever machine sends them
    Index("edition_kept", "kept", "used"),
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # random; stored as signed 64 bits
    Column("email", String, nullable=False, unique=True),  # lower case
    Column("state", String, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("why", String),
    Column("added", UtcDateTime, nullable=False),
    Column("paused_until", Date, index=True),
    Column("paused_in_file", Date),
    Column("last_issue", Date),  # of those that are older than `received` reaches
)


def _once(name: str) -> tuple[UniqueConstraint, ExcludeConstraint]:
    """Each text once, however long: a server's ordered indexes hold 2,704 octets, one by hashes any length."""
    return UniqueConstraint(name).ddl_if(SQLITE), ExcludeConstraint((name, "="), using="hash").ddl_if(POSTGRESQL)


# What many readers have in common, once each: JSON with sorted keys.
hours = Table(
    "hours", metadata, Column("id", _ID, primary_key=True), Column("text", Text, nullable=False), *_once("text")
)
wishes = Table(
    "wishes", metadata, Column("id", _ID, primary_key=True), Column("text", Text, nullable=False), *_once("text")
)

# The subscriber list. In force are the rows of the last import that was finished, those of one that is under way, and
# all that no file brought.
reader = Table(
    "reader",
    metadata,
    Column("subscriber_id", BigInteger, ForeignKey("subscriber.id"), primary_key=True),
    Column("email", String, nullable=False),  # as written
    Column("name", String),
    Column("hours_id", _ID, ForeignKey("hours.id"), nullable=False),
    Column("wishes_id", _ID, ForeignKey("wishes.id"), nullable=False),
    Column("import_number", Integer, nullable=False),  # the last import that had this reader
    Column("source", String, nullable=False, server_default="file"),  # file, page, email, import or command
    Column("stated", JSON),  # what the entry in the file itself says of its preferences: text by key
    # What a reader who did not come by the file has without it, while an entry of the file is laid over it.
    Column("own_hours_id", _ID),
    Column("own_wishes_id", _ID),
    Column("register", String),  # which of the operator's registers brought this reader, see `import --sync`
    Column("register_number", Integer),  # the last import of it that had this reader
    Column("given", String),  # what the last import said of this reader, as a JSON object: what it changes later counts
    # A page of readers is a range of it; equal wishes lie together, so that emails of one edition do.
    Index("reader_page", "hours_id", "wishes_id", "subscriber_id"),
    Index("reader_register", "register", "register_number"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("subscriber_id", BigInteger, ForeignKey("subscriber.id"), nullable=False),
    Column("email", String, nullable=False),
    Column("name", String),
    Column("edition", String, nullable=False),
    Column("issues", Days, nullable=False),
    Column("state", String, nullable=False),
    Column("message_id", String, nullable=False, unique=True),
    Column("date", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", UtcDateTime),
    Column("owner", String),
    Column("error", Text),
    ForeignKeyConstraint(["edition"], ["edition.key"]).ddl_if(SQLITE),
    Index("delivery_due", "state").ddl_if(SQLITE),  # which keeps the id in every index: a claim need not sort
    _partial("delivery_queued", "id", "queued"),
    _partial("delivery_sending", "owner", "sending"),
    _partial("delivery_unknown", "id", "unknown"),
    Index("delivery_of", "subscriber_id", "date"),
)

# Who collects, plans or sends. A process that has not renewed its row by `until`, which the database's clock decides,
# has lost what it holds.
worker = Table(
    "worker",
    metadata,
    Column("owner", String, primary_key=True),
    Column("host", String, nullable=False),
    Column("version", String, nullable=False),
    Column("role", String, nullable=False),
    Column("sent", BigInteger, nullable=False),  # emails since it began
    Column("since", UtcDateTime, nullable=False),
    Column("beat", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),
)

# What one process at a time does, for as long as its row in `worker` lasts.
lease = Table("lease", metadata, Column("name", String, primary_key=True), Column("owner", String, nullable=False))

# What may happen only so often in the whole installation: a token bucket, or the next free moment.
slot = Table(
    "slot",
    metadata,
    Column("name", String, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("tokens", Float, nullable=False),
)

# A day of the archive as its file has it: pages are made from it on any machine.
archive_day = Table(
    "archive_day",
    metadata,
    Column("date", Date, primary_key=True),
    Column("json", Text, nullable=False),
    Column("published", UtcDateTime, nullable=False),
)

# What makes "once" true whatever else happens: one row per reader and issue.
received = Table(
    "received",
    metadata,
    Column("subscriber_id", BigInteger, ForeignKey("subscriber.id"), primary_key=True),
    Column("issue", Date, primary_key=True, index=True),
    Column("delivery_id", _ID, nullable=False),
    ForeignKeyConstraint(["delivery_id"], ["delivery.id"]).ddl_if(SQLITE),
)

# A server that refused us for what we are or how fast we send: emails to its domain stay queued until then.
domain_pause = Table(
    "domain_pause",
    metadata,
    Column("domain", String, primary_key=True),
    Column("until", UtcDateTime, nullable=False),
    Column("why", Text, nullable=False),
)

inbound = Table(
    "inbound",
    metadata,
    Column("source", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("action", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("inbound_at", "at"),
)

# An email is noted here before it is parsed, and struck out after: what stays has ended who read it.
attempt = Table(
    "attempt",
    metadata,
    Column("source", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

bounce = Table(
    "bounce",
    metadata,
    Column("subscriber_id", BigInteger, ForeignKey("subscriber.id"), primary_key=True),
    Column("key", String, primary_key=True),
    Column("status", String),
    Column("permanent", Boolean, nullable=False),
    Column("issue", Date, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# When we last confirmed to a reader what they did: a machine at the other end must not keep us talking.
answer = Table(
    "answer",
    metadata,
    Column("subscriber_id", BigInteger, ForeignKey("subscriber.id"), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

# Which of a reader's emails we answered lately, questions included: the newest are counted.
answered = Table(
    "answered",
    metadata,
    Column("subscriber_id", BigInteger, ForeignKey("subscriber.id"), primary_key=True),
    Column("key", String, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

# What we asked a reader back: whether this command is meant. What is kept of its link is a hash of the secret part.
question = Table(
    "question",
    metadata,
    Column("hash", String, primary_key=True),
    Column("subscriber_id", BigInteger, ForeignKey("subscriber.id"), nullable=False),
    Column("command", String, nullable=False),
    Column("value", String, nullable=False),
    Column("message_id", String, nullable=False),  # of our email
    Column("made", UtcDateTime, nullable=False),
    Column("expires", UtcDateTime, nullable=False),
    Column("used", UtcDateTime),
    Index("question_subscriber", "subscriber_id"),
    Index("question_message", "message_id"),
)

# What readers set on their page: it counts as long as the file says what it said then.
preference = Table(
    "preference",
    metadata,
    Column("subscriber_id", BigInteger, ForeignKey("subscriber.id"), primary_key=True),
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
    Column("in_file", String),
    Column("at", UtcDateTime, nullable=False),
)

# What a reader marked; like and not exclude each other.
mark = Table(
    "mark",
    metadata,
    Column("subscriber_id", BigInteger, ForeignKey("subscriber.id"), primary_key=True),
    Column("arxiv_id", String, primary_key=True),
    Column("kind", String, primary_key=True),  # like, not or save
    Column("edition", String),  # of the email in which it was marked; null: by a command, before any email
    Column("how", String, nullable=False),  # page, reply, command
    Column("at", UtcDateTime, nullable=False),
)

# What many editions of single readers have in common.
part = Table(
    "part",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("used", UtcDateTime, nullable=False),
    Index("part_used", "used"),
)

# Of whom nothing else is kept: a keyed hash of the address, so that a line of the file does not bring them back.
forgotten = Table(
    "forgotten",
    metadata,
    Column("hash", String, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("barred", Boolean, nullable=False, server_default=false()),  # joining does not bring them back
)

# Who asked to join, by address, until it is settled: nobody is a reader before they confirm.
join_request = Table(
    "join_request",
    metadata,
    Column("email", String, primary_key=True),  # of the mailbox
    Column("written", String, nullable=False),  # with what stands behind a plus sign
    Column("given", JSON, nullable=False),  # what they chose: text by key
    Column("language", String, nullable=False),  # of the page, or of the email that asked
    Column("source", String, nullable=False),  # page, email or import
    Column("network", String, nullable=False),  # a keyed hash; empty where there is none
    Column("consent", String, nullable=False),  # the hash of the text that they agreed to
    Column("note", String),  # the operator's, of an import
    Column("state", String, nullable=False),  # see models.JoinState
    Column("asked", UtcDateTime, nullable=False),  # when it was asked last
    Column("sent", UtcDateTime),  # our last email about it
    Column("emails", Integer, nullable=False, server_default="0"),  # how many of them there were
    Column("message_id", String),  # of the last
    Column("confirmed", UtcDateTime),
    Column("tried", UtcDateTime),  # when a form named this address last, whoever sent it
    Column("invited", JSON),  # what our last email asks about: an object
    Index("join_request_state", "state", "asked"),
    Index("join_request_network", "network", "tried"),
    Index("join_request_message", "message_id"),
)

# That a reader wanted this: when they asked, when they confirmed, and the text that they read.
consent = Table(
    "consent",
    metadata,
    Column("subscriber_id", BigInteger, ForeignKey("subscriber.id"), primary_key=True),
    Column("confirmed", UtcDateTime, primary_key=True),
    Column("asked", UtcDateTime),
    Column("source", String, nullable=False),
    Column("language", String, nullable=False),
    Column("text_hash", String, nullable=False),
    Column("note", String),
)

# A link that works once: what is kept is a hash of its secret part.
ticket = Table(
    "ticket",
    metadata,
    Column("hash", String, primary_key=True),
    Column("purpose", String, nullable=False),
    Column("payload", JSON, nullable=False),  # an object
    Column("expires", UtcDateTime, nullable=False),
    Column("used", UtcDateTime),
)

# What the administrator was told of; gone when its end was told too.
trouble = Table(
    "trouble",
    metadata,
    Column("key", String, primary_key=True),
    Column("problem", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("told", UtcDateTime),
    Column("tried", UtcDateTime),
    Column("ended", UtcDateTime),
)

# Every answered request, old ones summed: what counts calls counts these.
all_calls = union_all(
    select(
        model_call.c.issue,
        func.coalesce(model_call.c.stage, "").label("stage"),
        model_call.c.model,
        literal(1).label("calls"),
        case((model_call.c.cost_usd.is_(None), 1), else_=0).label("unpriced"),
        model_call.c.prompt_tokens,
        model_call.c.completion_tokens,
        model_call.c.cost_usd,
    ),
    select(spent),
).subquery("all_calls")

for _table in metadata.tables.values():
    for _column in _table.columns:
        if type(_column.type) in (String, Text):
            _column.type = _column.type.with_variant(_Exact(), POSTGRESQL)
