"""Makes this folder: what version 0.1.0, the first edition, leaves on an operator's disk and in readers' mailboxes.

It was run once, with the code of the first edition, and is never run with later code: what lies here is what that code
wrote, and `tests/test_first_edition.py` holds all later code against it. It stays to show how everything came about.

    python -m tests.data.first_edition.make      (needs Dovecot, and root to start it)

Eleven announcements, Monday 2 March to Monday 16 March 2026, of invented papers for invented readers. On the last
morning the server cuts a connection after one email's final dot, and the process is killed while it waits for the
answer to another. Nothing is made up afterwards: ledger, lists, templates' cache, archive and emails are as they were.

home/          subscribers.yaml, `.env` (as `dot-env`), own templates and prompts, `every-setting.env`
var.tar.xz     the data folder: the ledger without -wal, keys, archive, caches
mails.tar.xz   every email as the server took it, with CRLF; contract.json says whose it is and what kind
papers.jsonl.gz  what arXiv announced on those days, and on 17 March, which that code never saw
smallest.yaml  the other form of a subscriber list: bare addresses and scalars for lists
contract.json  what the outside saw: JSON fields, routes, metrics, archive paths, Atom ids, options, exit codes, names

What it does not hold: a ledger that SendGrid's events have changed, and DKIM signatures (their key would be a secret).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import lzma
import re
import shutil
import signal
import sqlite3
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests import contract
from tests.dovecot import PASSWORD, Dovecot, dovecot
from tests.outside import ROOT, Home, Sent, Sink, Web, by_mailto, original, reply, returned, sink, wait_for, written_to

HERE = Path(__file__).parent
DAYS = [date(2026, 3, day) for day in (2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16)]
NEXT = date(2026, 3, 17)
FAR = date(2027, 3, 1)  # the page takes no day more than a year ahead

SUBSCRIBERS = """\
# Who reads what. This file is edited by hand and by the service; comments and order stay.
newsletter:
  name: Morning arXiv
  send_at: 09:30              # local time of each reader
  timezone: Asia/Shanghai
  languages: [en, zh]         # the first leads
  wait_until: 12:00
  quiet_days: note
  archive: public

topics:
  foundations:
    title: Foundation models
    categories: [cs.LG, cs.AI, cs.CL]
    cross_lists: true
    interests: prompts/topics/foundations.md
    min_relevance: 8
    min_novelty: 1
    authors: [Emmy Noether, Xu Zhenglin]
    include: [mixture of experts]
    exclude: [remote sensing]
  systems:
    categories: [cs.DC, cs.LG, cs.PF, cs.AR]
    cross_lists: no
    interests: >-
      Serving of language models, batching and scheduling, KV-cache compression, speculative decoding, kernels and
      compilers for GPUs, communication in large clusters, fault tolerance of long training runs.
    min_relevance: 7
  vision:
    title: "Vision and multimodal models"
    categories: cs.CV
    interests: Vision-language models, diffusion and flow matching, 3D reconstruction from few views.
    min_relevance: 7

subscribers:
  - email: una@example.org     # her email of 16 March is in doubt
    name: Una
    topics: foundations
    send_at: 05:00
    timezone: UTC
  - { email: ada@example.org, topics: foundations } # takes every other default
  - email: chen@example.org
    name: 陈思远
    topics: [foundations, systems]
    languages: [zh, en]
  - email: grace@example.org
    name: Grace
    topics: systems
    languages: [en]
    send_at: 06:45
    timezone: Europe/London
    days: [mon, tue, wed, thu, fri]
    abstracts: full
  - email: mona@example.org
    name: 'Mona "Monday" M.'
    topics: [foundations, vision]
    days: mon
    abstracts: none
    max_papers: 20
  - email: wes@example.org
    topics: systems
    days: [tue, thu]
    abstracts: smart
    abstract_language: original
  - email: dieter@example.org
    name: Dieter
    topics: foundations
    languages: [de, en]
    timezone: Europe/Berlin
    send_at: 07:30
  - email: mei@example.org
    topics: vision
    languages: [zh]
    abstract_language: both
  - { email: pia@example.org, topics: foundations, paused_until: 2027-12-31 } # until the end of next year
  - email: pavel@example.org
    topics: foundations
  - email: tess@example.org
    topics: [systems]
  - email: bo@example.org
    topics: foundations
  - email: rosa@example.org    # she will write
    topics: [foundations]
  - email: rex@example.org
    topics: [foundations]
  - email: lina@example.org
    name: Lina
    topics: [foundations]
  - email: olga@example.org
    topics: vision
  - email: fred@example.org
    topics: foundations
  - email: petra@example.org
    name: Petra
    topics: [foundations, systems]
    languages: [en, zh]
  - { email: long-gone@example.org, topics: foundations, unsubscribed: 2026-01-15 by reply }
  - { email: no-such@example.org, topics: foundations, bounced: 2026-01-20 5.1.1 }
  - email: hugo@strict.example.com # his server refuses us on 12 March
    topics: vision
  - email: cyril@example.org   # on 16 March the process is killed while it waits for the answer to his
    topics: [vision, systems]
    send_at: 08:00
    timezone: UTC
  - email: zoe@example.org
    topics: vision
    languages: [en]
    send_at: 08:15
    timezone: America/New_York
"""
SMALLEST = """\
newsletter:
  send_at: 9:30
  archive: none
  quiet_days: skip
topics:
  everything:
    categories: cs.LG
    cross_lists: off
    interests: Sparsity, pruning, quantization.
    authors: Emmy Noether
subscribers:
  - ada@example.com
  - Chen@Example.com
  - email: grace@example.com
    unsubscribed: no
    days: monday
    languages: pt-BR
    abstract_language: first
"""
ENV = """\
# As an operator writes it.
NEWSLETTER_PUBLIC_URL=https://news.example.org
NEWSLETTER_SENDER=Morning arXiv <news@example.org>
NEWSLETTER_REPLY_TO=news@example.org
NEWSLETTER_POSTAL_ADDRESS="Example Institute, 1 Example Street, Exampleton"
NEWSLETTER_TRANSPORT=smtp
NEWSLETTER_SMTP_URL=smtp://news@example.org@mail.example.org:587
NEWSLETTER_SMTP_PASSWORD=not-a-password
NEWSLETTER_CONNECTIONS=1
NEWSLETTER_IMAP_URL=imaps://news@example.org@mail.example.org/INBOX
NEWSLETTER_IMAP_PASSWORD='not a password'
NEWSLETTER_AUTHSERV_ID=mail.example.org
NEWSLETTER_MODEL=openai/sample-model
NEWSLETTER_MODEL_PRICES=openai/sample-model=0.25/2
NEWSLETTER_MAX_COST_USD=0.50
export OPENAI_API_KEY=sample
NEWSLETTER_ADMIN_EMAIL=admin@example.org
NEWSLETTER_INBOUND_SECRET=a-part-of-an-address-nobody-guesses
NEWSLETTER_SENDGRID_WEBHOOK_KEY={webhook_key}
"""
EVERY_SETTING = """\
NEWSLETTER_SUBSCRIBERS=subscribers.yaml
NEWSLETTER_DATA_DIR=var
NEWSLETTER_DATABASE_URL=sqlite:///var/newsletter.db
NEWSLETTER_PLUS_ADDRESSING=true
NEWSLETTER_SUMMARY_MODEL=openai/sample-model
NEWSLETTER_FALLBACK_MODELS=openai/sample-model, openai/other-model
NEWSLETTER_MODEL_API_BASE=http://127.0.0.1:11434
NEWSLETTER_PREFILTER=0.5
NEWSLETTER_SEND_RATE=600
NEWSLETTER_DKIM_KEY_FILE=dkim.pem
NEWSLETTER_DKIM_SELECTOR=news
SENDGRID_API_KEY=not-a-key
NEWSLETTER_SENDGRID_URL=https://api.eu.sendgrid.com
NEWSLETTER_ARXIV_API_URL=https://export.arxiv.org/api/query
NEWSLETTER_ARXIV_RSS_URL=https://rss.arxiv.org/rss
NEWSLETTER_ARXIV_DELAY=3
NEWSLETTER_PING_URL=https://hc.example.org/ping
NEWSLETTER_HOST=127.0.0.1
NEWSLETTER_PORT=8080
"""
# Each of the operator's own files, and the words by which it is known in what it makes.
OWN = {
    "templates/footer.html.j2": "Printed in our own footer.",
    "templates/digest.txt.j2": "Set in our own text.",
    "templates/digest.mjml": "#5b2a86",
    "templates/archive-missing.html.j2": "Our own page for what is not there.",
    "templates/words/zh.yaml": "感谢 arXiv，本站专用。",
    "templates/words/de.yaml": "Artikel",
    "prompts/score.md": "Our own rule: figures measured on real hardware earn a point.",
}
INTERESTS = """\
How large language models are built and why they work: mixture of experts and routing, sparse attention, pruning,
quantization and distillation, scaling laws, training dynamics and optimisers. Less interested in prompting tricks.
"""


# --- the folder as an operator writes it ---


def write_home(folder: Path) -> None:
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    webhook_key = base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    texts = {
        "subscribers.yaml": SUBSCRIBERS,
        ".env": ENV.format(webhook_key=webhook_key),
        "every-setting.env": ENV.format(webhook_key=webhook_key) + EVERY_SETTING,
        "prompts/topics/foundations.md": INTERESTS,
        "prompts/score.md": _after("prompts/score.md", "high novelty.\n", f"\n{OWN['prompts/score.md']}\n"),
        "templates/footer.html.j2": _after(
            "templates/footer.html.j2", "", f'<p class="foot">{OWN["templates/footer.html.j2"]}</p>\n'
        ),
        "templates/digest.txt.j2": _after("templates/digest.txt.j2", "", f"{OWN['templates/digest.txt.j2']}\n"),
        "templates/digest.mjml": _shipped("templates/digest.mjml").replace("#b31b1b", OWN["templates/digest.mjml"]),
        "templates/archive-missing.html.j2": _after(
            "templates/archive-missing.html.j2", "issue.</p>\n", f"<p>{OWN['templates/archive-missing.html.j2']}</p>\n"
        ),
        "templates/words/zh.yaml": _shipped("templates/words/zh.yaml").replace(
            "感谢 arXiv 开放其数据接口。", OWN["templates/words/zh.yaml"]
        ),
        "templates/words/de.yaml": (
            "locale: de_DE\nday: EEEE, d. MMMM y\nthanks: Dank an arXiv.\n"
            f"papers:\n  one: '{{count}} {OWN['templates/words/de.yaml']}'\n  other: '{{count}} Artikel'\n"
        ),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def _shipped(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def _after(name: str, place: str, addition: str) -> str:
    text = _shipped(name)
    assert place in text
    before, found, after = text.partition(place) if place else (text, "", "")
    return f"{before}{found}{addition}{after}"


def write_papers(file: Path, until: date) -> None:
    """Five papers a day out of the sample day, under ids that tell the day."""
    shipped = [json.loads(line) for line in _shipped("newsletter/demo/papers.jsonl").splitlines()]
    new = [row for row in shipped if row["announce_type"] == "new"]
    rows = []
    for number, day in enumerate([*DAYS, NEXT]):
        for place in range(5):
            turn, which = divmod(number * 5 + place, len(new))
            row = new[which] | {"id": f"2603.9{day:%d}{place:02}", "announced": day.isoformat(), "version": 1}
            row |= {"published": None, "updated": None, "announce_type": None}
            rows.append(row | {"title": f"Revisited: {row['title']}"} if turn else row)
    said = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows if row["announced"] <= str(until))
    file.write_bytes(gzip.compress(said.encode(), mtime=0))


# --- the story ---


@dataclass
class Story:
    """The newsletter, its mailbox, and what has gone out so far."""

    home: Home
    mailbox: Dovecot
    work: Path
    mails: list[tuple[str, str, Sent]] = field(default_factory=list)  # day, kind, email
    rest: dict[str, Any] = field(default_factory=dict)  # of the contract

    @contextmanager
    def morning(self, day: date, **how: Any) -> Iterator[tuple[Sink, dict[str, str]]]:
        """arXiv's announcement of this day, and a server that takes emails."""
        papers = self.work / "papers.jsonl.gz"
        write_papers(papers, day)
        with ExitStack() as stack:
            arxiv = stack.enter_context(self.home.arxiv(f"{day} 13:00", papers))
            kept = stack.enter_context(sink(**how))
            yield kept, arxiv | kept.settings
            self.mails += [(str(day), _kind(one), one) for one in kept.mails]
            self.mails += [(str(day), "doubtful", one) for one in kept.doubtful]

    def last(self, email: str, *, kind: str = "issue") -> Sent:
        return next(mail for _, what, mail in reversed(self.mails) if mail.to == email and what == kind)

    def read(self, day: date, *received: bytes, **settings: str) -> None:
        """These emails arrive, and `newsletter inbox --once` reads them."""
        for raw in received:
            self.mailbox.deliver(raw)
        with sink() as kept:
            done = self.home.run(f"{day} 15:00", "inbox", "--once", **kept.settings, **settings)
            assert done.returncode == 0, done.stderr
            self.mails += [(str(day), "answer", one) for one in kept.mails]

    def command(self, day: date, *arguments: str, **settings: str) -> str:
        done = self.home.run(f"{day} 16:00", *arguments, **settings)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def edit(self, before: str, after: str) -> None:
        """What the operator changes in the list."""
        file = self.home.folder / "subscribers.yaml"
        text = file.read_text("utf-8")
        assert before in text
        file.write_text(text.replace(before, after), "utf-8")


def _kind(mail: Sent) -> str:
    return "alarm" if mail.to == "admin@example.org" else "issue"


def tell(story: Story) -> None:
    """A flat list: what happened on each day."""
    no_web = {"NEWSLETTER_PUBLIC_URL": ""}
    no_plus = no_web | {"NEWSLETTER_PLUS_ADDRESSING": "false"}
    with story.morning(DAYS[0]) as (_, settings):
        done = story.home.run(f"{DAYS[0]} 13:00", "run", **settings, **no_web)
        assert done.returncode == 0, done.stderr
    story.read(DAYS[0], reply(story.last("pavel@example.org").content, "pause until 2026-03-09"), **no_web)

    serve(story, DAYS[1], **no_plus)
    stranger = written_to("news@example.org", "ada@example.org", "unsubscribe", subject="unsubscribe")
    story.read(DAYS[1], stranger, reply(story.last("rex@example.org").content, "Please unsubscribe me."), **no_web)
    undo = re.findall(r"mailto:\S+", _text(story.last("rex@example.org", kind="answer")))[0]

    story.edit("archive: public", "archive: private")
    serve(story, DAYS[2])
    bounced = returned(story.last("bo@example.org"), "5.1.1", "no such mailbox")
    full = returned(story.last("chen@example.org"), "4.2.2", "mailbox full")
    leaves = reply(story.last("rosa@example.org").content, "退订")
    story.read(DAYS[2], bounced, full, leaves, by_mailto(undo, "rex@example.org"))

    story.edit("archive: private", "archive: public")
    serve(story, DAYS[3], visit=click)

    serve(story, DAYS[4])
    story.command(DAYS[4], "subscribers", "unsubscribe", "olga@example.org")
    story.command(DAYS[4], "subscribers", "forget", "fred@example.org")
    question = reply(story.last("grace@example.org").content, "Could you add robotics some day? Thank you!")
    story.read(DAYS[4], question)

    add_key(story.home.folder / "var" / "token-keys")
    serve(story, DAYS[5])
    serve(story, DAYS[6])
    stranger = written_to("news@example.org", "chen@example.org", "退订", subject="退订")
    again = reply(story.last("zoe@example.org").content, "resume")
    away = reply(story.last("pavel@example.org").content, "Please pause until 13 March 2026.")
    story.read(DAYS[6], stranger, again, away)

    serve(story, DAYS[7])
    # Without an alarm by email: one that is sent between two emails of a morning can take the answer to another.
    serve(story, DAYS[8], refused=["hugo@strict.example.com"], NEWSLETTER_ADMIN_EMAIL="")
    serve(story, DAYS[9], visit=lambda _, web: look(story, web))
    crash(story, DAYS[10])


def add_key(file: Path) -> None:
    """A second key, as an operator rotates them: it signs from now on, and the first one still opens older links."""
    known = file.read_text("ascii")
    assert known.startswith("0 ")
    file.write_text(f"{known}1 {hashlib.sha256(known.encode()).hexdigest()}\n", "ascii")


def serve(
    story: Story, day: date, visit: Any = lambda _story, _web: None, refused: Sequence[str] = (), **settings: str
) -> None:
    """A morning of `newsletter serve`, and what happened on the web meanwhile."""
    with (
        story.morning(day, refused=refused) as (_, given),
        story.home.serving(f"{day} 13:00", **(given | settings)) as web,
    ):
        visit(story, web)


def _text(mail: Sent) -> str:
    body = original(mail.content).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def _link(mail: Sent, kind: str) -> str:
    return str(re.findall(rf"https://news\.example\.org(/{kind}/[a-z2-7]+)", _text(mail))[0])


def click(story: Story, web: Web) -> None:
    """Lina leaves by the link, Petra changes her preferences, Tess pauses."""
    form = "do=save&languages=zh&languages=en&topics=&topics=systems&abstracts=full&abstract_language=original"
    form += "&send_at=10%3A15&timezone=Europe%2FParis&days=&days=mon&days=wed&days=fri"
    # The emails of this morning are not in the story before it is over.
    last = story.last
    asked = {
        _link(last("lina@example.org"), "u"): "List-Unsubscribe=One-Click",
        _link(last("petra@example.org"), "p"): form,
        _link(last("tess@example.org"), "p"): f"do=pause&until={FAR}",
    }
    for path, body in asked.items():
        answer = web.ask("POST", path, body)
        assert answer.status == 200, path


def look(story: Story, web: Web) -> None:
    """What the web part shows on an ordinary morning."""
    answer = web.ask("GET", "/healthz")
    story.rest["healthz"] = sorted(json.loads(answer.body))
    story.rest["metrics"] = sorted(contract.metrics(web.ask("GET", "/metrics").text))
    story.rest["routes"] = contract.routes(web)


def crash(story: Story, day: date) -> None:
    """Una's email is cut off after its final dot; while the server is silent about Cyril's, the process is killed."""
    with (
        story.morning(day, dropped=["una@example.org"], hanging=["cyril@example.org"]) as (kept, settings),
        story.home.running(f"{day} 13:00", "run", **settings) as process,
    ):
        wait_for(kept.hangs.is_set, "Cyril's email has not come")
        process.send_signal(signal.SIGKILL)
        process.wait()
    story.command(day, "status")  # opened and closed: what the crash left in -wal is in the file now


# --- what is kept ---


def keep(story: Story) -> None:
    home, now = story.home, f"{DAYS[-1]} 17:00"
    shutil.rmtree(HERE / "home", ignore_errors=True)
    shutil.copytree(home.folder, HERE / "home", ignore=shutil.ignore_patterns("var", ".env"))
    shutil.copy(home.folder / ".env", HERE / "home" / "dot-env")
    (HERE / "smallest.yaml").write_text(SMALLEST, "utf-8")
    write_papers(HERE / "papers.jsonl.gz", NEXT)
    kept = [
        {"file": f"{n:03}-{day}-{mail.to.partition('@')[0]}-{kind}.eml", "day": day, "kind": kind, "to": mail.to,
         "envelope_from": mail.envelope_from}
        for n, (day, kind, mail) in enumerate(story.mails)
    ]  # fmt: skip
    contents = {str(one["file"]): mail.content for one, (_, _, mail) in zip(kept, story.mails, strict=True)}
    pack(HERE / "mails.tar.xz", contents)
    var = home.folder / "var"
    wal = [file.name for file in var.glob("*-wal") if file.stat().st_size]
    assert not wal, wal
    files = {str(file.relative_to(var)): file.read_bytes() for file in sorted(var.rglob("*")) if file.is_file()}
    pack(HERE / "var.tar.xz", {name: raw for name, raw in files.items() if not name.endswith(("-wal", "-shm"))})
    written = story.rest | observed(story, now) | {"mails": kept, "own": OWN}
    (HERE / "contract.json").write_text(json.dumps(written, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def pack(target: Path, files: Mapping[str, bytes]) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), int(datetime.combine(DAYS[-1], time(13)).timestamp())
            archive.addfile(entry, io.BytesIO(content))
    target.write_bytes(lzma.compress(raw.getvalue(), preset=9 | lzma.PRESET_EXTREME))


def observed(story: Story, now: str) -> dict[str, Any]:
    """What commands and files show of it all. On copies: some of them change something."""
    home, archive = story.home, story.home.folder / "var" / "archive"
    shown = contract.lines_of_json(story.command(DAYS[-1], "subscribers", "show", "ada@example.org", "--json"))
    status = contract.lines_of_json(story.command(DAYS[-1], "status", "--json"))
    copy = Home(Path(shutil.copytree(home.folder, story.work / "copy")), {})
    folder = story.work / "mails"
    folder.mkdir()
    (folder / "one.eml").write_bytes(reply(story.last("ada@example.org").content, "unsubscribe"))
    explained = contract.lines_of_json(story.command(DAYS[-1], "inbox", "--explain", str(folder)))
    empty = Home(story.work / "empty", {})
    empty.folder.mkdir()
    with home.arxiv(now, HERE / "papers.jsonl.gz") as arxiv:
        in_trouble = contract.status_in_trouble(copy, now, arxiv)
    return {
        "status": sorted(contract.shape(in_trouble)),
        "show": sorted(contract.shape(shown[0])),
        "explain": sorted(contract.shape(explained[0])),
        "archive_paths": contract.files_below(archive),
        "archive_day": sorted(contract.shape(json.loads((archive / f"{DAYS[9]}.json").read_text("utf-8")))),
        "atom_ids": contract.atom_ids(archive),
        "log_events": sorted(contract.log_events()),
        "commands": contract.commands(home, now),
        "exit_codes": contract.exit_codes(copy, empty, now),
        "settings": documented_settings(),
        "roster_keys": documented_keys(),
        "usage": {one["date"]: [one[k] for k in ("prompt_tokens", "completion_tokens")] for one in status[0]["issues"]},
    } | ledger(home.folder / "var" / "newsletter.db")


def ledger(file: Path) -> dict[str, Any]:
    """What the ledger holds: rows of each table, readers' states, and which issue each has had."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        had = defaultdict(list)
        for email, issue in connection.execute(
            "SELECT email, issue FROM received JOIN delivery ON delivery.id = delivery_id ORDER BY 1, 2"
        ):
            had[email].append(issue)
        return {
            "rows": {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables},
            "states": dict(connection.execute("SELECT email, state FROM subscriber ORDER BY email").fetchall()),
            "planned": had,
            "open": {
                state: sorted(email for (email,) in connection.execute(query, [state]))
                for query in ["SELECT email FROM delivery WHERE state = ?"]
                for state in ("queued", "sending", "unknown")
            },
        }


def documented_settings() -> list[str]:
    rows = re.findall(r"^\| (`.*?) \|", (ROOT / "docs" / "settings.md").read_text("utf-8"), re.M)
    return sorted(name for row in rows for name in re.findall(r"`([A-Z_]+)`", row))


def documented_keys() -> dict[str, list[str]]:
    """From the example that says everything, with what only the service writes."""
    (block,) = re.findall(r"```yaml\n(newsletter:.*?)```", (ROOT / "docs" / "subscribers.md").read_text("utf-8"), re.S)
    told = yaml.safe_load(block)
    return {
        "newsletter": sorted(told["newsletter"]),
        "topic": sorted(told["topics"]["foundations"]),
        "subscriber": sorted({*told["subscribers"][0], "unsubscribed", "paused_until", "bounced"}),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as work, dovecot() as mailbox:
        folder = Path(work) / "newsletter"
        write_home(folder)
        given = {"NEWSLETTER_IMAP_URL": mailbox.url, "NEWSLETTER_IMAP_PASSWORD": PASSWORD}
        story = Story(Home(folder, given), mailbox, Path(work))
        try:
            tell(story)
            keep(story)
        except BaseException:
            print((Path(work) / "output").read_text())
            raise


if __name__ == "__main__":
    main()
