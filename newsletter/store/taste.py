"""What readers like, pass over and save."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import Select, delete, func, or_, select, union

from newsletter.models import Mark, MarkedBy, MarkKind, Marks, Paper, Printed, PrintedPaper
from newsletter.store.deliveries import SENT, printed_papers
from newsletter.store.engine import Base, add_missing, overwrite_deleted
from newsletter.store.papers import chunks, to_paper
from newsletter.store.readers import column_id, value_id
from newsletter.store.roster import finished, in_force
from newsletter.store.tables import delivery, edition, mark, paper, ranking, reader, received, wishes

_EXCLUDES = {MarkKind.LIKE: MarkKind.NOT, MarkKind.NOT: MarkKind.LIKE}
_EMPTY = Marks()


class Tastes(Base):
    """Marks: one row for a reader, a paper and a kind."""

    def mark(self, subscriber_id: int, marks: Iterable[Mark]) -> int:
        """Keep these; how many are new. One that is there keeps its time, so that repeating changes nothing.

        A like ends a pass of the same paper, and a pass a like.
        """
        who, added = column_id(subscriber_id), 0
        with self._transaction() as connection:
            for one in marks:
                mine = (mark.c.subscriber_id == who) & (mark.c.arxiv_id == one.arxiv_id)
                if opposite := _EXCLUDES.get(one.kind):
                    connection.execute(delete(mark).where(mine & (mark.c.kind == opposite.value)))
                there = connection.scalar(select(mark.c.at).where(mine & (mark.c.kind == one.kind.value)))
                row = {"subscriber_id": who, "arxiv_id": one.arxiv_id, "kind": one.kind.value, "at": one.at}
                add_missing(connection, mark, [row | {"edition": one.edition, "how": one.how.value}])
                added += there is None
        return added

    def unmark(self, subscriber_id: int, arxiv_ids: Iterable[str], kinds: Iterable[MarkKind] = tuple(MarkKind)) -> int:
        """Take back marks of these papers; how many there were."""
        mine = (mark.c.subscriber_id == column_id(subscriber_id)) & mark.c.kind.in_([one.value for one in kinds])
        with self._transaction() as connection:
            some = (mine & mark.c.arxiv_id.in_(chunk) for chunk in chunks(arxiv_ids))
            return sum(connection.execute(delete(mark).where(one)).rowcount for one in some)

    def erase_marks(self, subscriber_id: int) -> int:
        """All of a reader's likes and passes; what they saved stays theirs. How many there were."""
        mine = mark.c.subscriber_id == column_id(subscriber_id)
        with self._transaction() as connection:
            overwrite_deleted(connection)
            return connection.execute(delete(mark).where(mine & (mark.c.kind != MarkKind.SAVE.value))).rowcount

    def marks(self, subscriber_id: int) -> Marks:
        return self.marks_of([subscriber_id]).get(subscriber_id, _EMPTY)

    def marks_of(self, subscriber_ids: Iterable[int]) -> Mapping[int, Marks]:
        """By reader; who marked nothing is not in it."""
        found: dict[int, list[Mark]] = {}
        with self._reading() as connection:
            for chunk in chunks(map(column_id, subscriber_ids)):
                query = select(mark).where(mark.c.subscriber_id.in_(chunk))
                for row in connection.execute(query.order_by(mark.c.at.desc(), mark.c.arxiv_id, mark.c.kind)):
                    kind, how = MarkKind(row.kind), MarkedBy(row.how)
                    one = Mark(arxiv_id=row.arxiv_id, kind=kind, how=how, at=row.at, edition=row.edition)
                    found.setdefault(value_id(row.subscriber_id), []).append(one)
        return {who: Marks(tuple(all_)) for who, all_ in found.items()}

    def mark_counts(self, subscriber_id: int | None = None) -> Mapping[str, int]:
        """How many marks of each kind there are, of one reader or of all; never of which papers."""
        query = select(mark.c.kind, func.count()).group_by(mark.c.kind)
        if subscriber_id is not None:
            query = query.where(mark.c.subscriber_id == column_id(subscriber_id))
        with self._reading() as connection:
            found = {row[0]: row[1] for row in connection.execute(query)}
        return {kind.value: found.get(kind.value, 0) for kind in MarkKind}

    def tasted(self) -> int:
        """How many readers marked something or have settings of their own for their order."""
        leans = wishes.c.text.contains('"leanings"', autoescape=True) & ~wishes.c.text.contains('"personal": false')
        mine = select(reader.c.subscriber_id).join(wishes, wishes.c.id == reader.c.wishes_id).where(leans)
        with self._reading() as connection:
            either = union(select(mark.c.subscriber_id), mine.where(in_force(finished(connection)))).subquery()
            return connection.scalar(select(func.count()).select_from(either)) or 0

    def own_editions(self, issue: date) -> int:
        """How many emails about this issue had an edition of their own."""
        joined = received.join(delivery, delivery.c.id == received.c.delivery_id)
        joined = joined.join(edition, edition.c.key == delivery.c.edition)
        query = select(func.count()).select_from(joined)
        own = (received.c.issue == issue, edition.c.recipe.is_not(None))
        with self._reading() as connection:
            return connection.scalar(query.where(*own)) or 0

    def marked_since(self, subscriber_ids: Iterable[int], how: MarkedBy) -> Mapping[int, Mapping[MarkKind, int]]:
        """What these readers marked in one way since their last email was planned, by kind."""
        found: dict[int, dict[MarkKind, int]] = {}
        with self._reading() as connection:
            for chunk in chunks(map(column_id, subscriber_ids)):
                last = select(delivery.c.subscriber_id, func.max(delivery.c.date).label("date"))
                last = last.where(delivery.c.subscriber_id.in_(chunk)).group_by(delivery.c.subscriber_id)
                planned = last.subquery()
                query = select(mark.c.subscriber_id, mark.c.kind, func.count())
                query = query.join(planned, planned.c.subscriber_id == mark.c.subscriber_id)
                query = query.where(mark.c.at > planned.c.date, mark.c.how == how.value)
                for who, kind, count in connection.execute(query.group_by(mark.c.subscriber_id, mark.c.kind)):
                    found.setdefault(value_id(who), {})[MarkKind(kind)] = count
        return found

    def printed(self, subscriber_id: int, issue: date) -> Printed | None:
        """The email in which this reader had this issue."""
        joined = received.join(delivery, delivery.c.id == received.c.delivery_id)
        joined = joined.join(edition, edition.c.key == delivery.c.edition)
        mine = (received.c.subscriber_id == column_id(subscriber_id)) & (received.c.issue == issue)
        return self._printed(select(edition.c.key, edition.c.papers).select_from(joined).where(mine))

    def printed_in(self, subscriber_id: int, message_id: str | None) -> Printed | None:
        """The email of this reader with this Message-ID, else the newest that was sent to them."""
        query = _mine(subscriber_id).where(or_(delivery.c.state.in_(SENT), delivery.c.message_id == message_id))
        return self._printed(
            query.order_by(None).order_by((delivery.c.message_id == (message_id or "")).desc(), delivery.c.id.desc())
        )

    def printed_with(self, subscriber_id: int, arxiv_id: str) -> Printed | None:
        """The newest email of this reader that showed this paper, among the last hundred."""
        with self._reading() as connection:
            for row in connection.execute(_mine(subscriber_id).limit(100)):
                papers = printed_papers(row.papers or ())
                if any(one.arxiv_id == arxiv_id for one in papers):
                    return Printed(edition=row.key, papers=papers)
        return None

    def shown(self, editions: Iterable[str]) -> Mapping[str, Sequence[PrintedPaper]]:
        """The papers of these emails, by the edition's key."""
        found = {}
        with self._reading() as connection:
            for chunk in chunks(dict.fromkeys(editions)):
                rows = connection.execute(select(edition.c.key, edition.c.papers).where(edition.c.key.in_(chunk)))
                found.update({row.key: printed_papers(row.papers or ()) for row in rows})
        return found

    def _printed(self, query: Select[tuple[str, list[dict[str, object]]]]) -> Printed | None:
        with self._reading() as connection:
            row = connection.execute(query.limit(1)).first()
        return Printed(edition=row.key, papers=printed_papers(row.papers or ())) if row else None

    def picked_lately(self, limit: int) -> Sequence[tuple[str, Paper]]:
        """Papers that topics picked, newest issue first, each with the hash of the topic."""
        same = (ranking.c.arxiv_id == paper.c.arxiv_id) & (ranking.c.version == paper.c.version)
        query = select(ranking.c.topic_hash, paper).join(paper, same).where(ranking.c.place.is_not(None))
        query = query.order_by(paper.c.issue.desc(), ranking.c.place).limit(limit)
        with self._reading() as connection:
            return [(row.topic_hash, to_paper(row)) for row in connection.execute(query)]


def _mine(subscriber_id: int) -> Select[tuple[str, list[dict[str, object]]]]:
    """The editions of a reader's emails, newest first."""
    joined = delivery.join(edition, edition.c.key == delivery.c.edition)
    query = select(edition.c.key, edition.c.papers).select_from(joined)
    return query.where(delivery.c.subscriber_id == column_id(subscriber_id)).order_by(delivery.c.id.desc())
