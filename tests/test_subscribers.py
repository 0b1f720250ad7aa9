"""`subscribers.yaml`: what is right is read, what is wrong is named with its line, a write changes one line."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import tempfile
from dataclasses import replace
from datetime import date, time
from functools import partial
from pathlib import Path

import pytest
import yaml
from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter import subscribers
from newsletter.errors import ConfigurationError
from newsletter.models import Abstracts, ArchiveMode, Newsletter, QuietDays, Reader, Roster, Wishes
from newsletter.subscribers import files, tree, values
from newsletter.subscribers.files import is_mounted_alone
from tests.growth import is_linear
from tests.mounts import mounted_alone

HERE = Path(__file__).parent
ROOT = HERE.parent
TOPICS = "topics:\n  ml: {categories: [cs.LG], interests: Sparse experts.}\n"
REMEDY = "; check indentation and quotes"
TWO_TOPICS = TOPICS + "  cv: {categories: [cs.CV], interests: Diffusion.}\n"


def read(text: str) -> Roster:
    return subscribers.parse(text, "subscribers.yaml", HERE)


def entries(*lines: str, topics: str = TOPICS) -> Roster:
    return read(topics + "subscribers:\n" + "".join(f"  - {line}\n" for line in lines))


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(text)
    return [str(finding) for finding in caught.value.findings]


# --- reading --------------------------------------------------------------------


def test_the_smallest_file_is_a_roster() -> None:
    """The file at the root of the repository works as it is."""
    roster = subscribers.load(ROOT / "subscribers.yaml")
    given = Newsletter()
    ada = Reader(
        email="ada@example.com",
        wishes=Wishes(topics=("foundations",), languages=given.languages),
        send_at=given.send_at,
        wait_until=given.wait_until,
        timezone="UTC",
        days=frozenset(range(1, 8)),
        line=8,
    )
    assert (roster.newsletter, roster.readers, roster.findings) == (given, (ada,), ())
    assert [(topic.key, topic.title, topic.categories) for topic in roster.topics] == [
        ("foundations", "Foundations", ("cs.LG", "cs.CL"))
    ]


def test_the_demo_has_no_findings() -> None:
    roster = subscribers.load(ROOT / "newsletter/demo/subscribers.yaml")
    assert (len(roster.readers), roster.findings) == (4, ())
    assert [reader.wishes.topics for reader in roster.readers] == [
        ("foundations",),
        ("foundations", "systems"),
        ("systems",),
        ("vision", "foundations"),
    ]


def test_everything_that_can_be_said() -> None:
    """Every key of the design, unquoted scalars meaning what they look like."""
    roster = read(
        "newsletter: {name: Morning, send_at: 09:30, timezone: Asia/Shanghai, languages: [zh, en], wait_until: 11:00,\n"
        "  quiet_days: skip, archive: none}\n"
        "topics:\n"
        "  ml: {title: ML, categories: cs.LG, cross_lists: no, interests: x, min_relevance: 7, min_novelty: 2,\n"
        "    authors: [Ada Lovelace], include: sparse, exclude: []}\n"
        "subscribers:\n"
        "  - email: ada@example.com\n"
        "    name: no\n"
        "    topics: [ml]\n"
        "    languages: [no, zh-hant]\n"
        "    send_at: 6:45\n"
        "    timezone: Europe/London\n"
        "    days: [mon, Friday]\n"
        "    abstracts: full\n"
        "    abstract_language: both\n"
        "    max_papers: 012\n"
        "    unsubscribed: 2026-03-09 by reply\n"
        "    paused_until: 2026-04-01\n"
        "    bounced: 2026-03-09 5.1.1\n"
    )
    ada, topic, newsletter = roster.readers[0], roster.topics[0], roster.newsletter
    assert roster.findings == ()
    assert (newsletter.quiet_days, newsletter.archive) == (QuietDays.SKIP, ArchiveMode.NONE)
    assert (newsletter.send_at, newsletter.wait_until) == (time(9, 30), time(11, 0))
    assert (topic.cross_lists, topic.min_relevance, topic.include, topic.exclude) == (False, 7, ("sparse",), ())
    assert (ada.name, ada.wishes.languages, ada.send_at) == ("no", ("no", "zh-Hant"), time(6, 45))
    assert sorted(ada.days) == [1, 5]
    assert (ada.wishes.abstracts, ada.wishes.max_papers) == (Abstracts.FULL, 12)
    assert (ada.unsubscribed, ada.paused_until, ada.bounced) == (
        "2026-03-09 by reply",
        date(2026, 4, 1),
        "2026-03-09 5.1.1",
    )


@pytest.mark.parametrize("written", ["subscribers: ada@example.com", "subscribers: [ada@example.com]"])
def test_a_scalar_is_a_list_of_one(written: str) -> None:
    assert [reader.email for reader in read(TOPICS + written).readers] == ["ada@example.com"]


def test_everybody_may_have_gone() -> None:
    assert read(TOPICS + "subscribers:\n").readers == ()


@pytest.mark.parametrize("mark", ["no", "false", "", "~"])
def test_no_means_still_subscribed(mark: str) -> None:
    assert entries(f"{{email: ada@example.com, unsubscribed: {mark}}}").readers[0].unsubscribed is None


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("{email: b@example.com, sned_at: 06:45}", "unknown key 'sned_at'; did you mean 'send_at'?"),
        ("{email: b@example.com, email: c@example.com}", "'email' is here twice (first in line 5); keep one"),
        ("{email: b@example.com, topics: mll}", "unknown topic 'mll'; did you mean 'ml'?"),
        (
            "{email: b@example.com, timezone: europe/paris}",
            "unknown time zone 'europe/paris'; did you mean 'Europe/Paris'?",
        ),
        ("{email: b@example.com, send_at: 24:00}", "'24:00' is not a time of day; write it as 06:45"),
        (
            "{email: b@example.com, days: [mo]}",
            "'mo' is not a weekday; write some of [mon, tue, wed, thu, fri, sat, sun]",
        ),
        ("{email: b@example.com, days: []}", "'days' is an empty list; add an item, or remove the key"),
        ("{email: b@example.com, paused_until: 2026-02-30}", "'2026-02-30' is not a date; write it as 2026-03-09"),
        ("{email: b@example.com, abstracts: ful}", "'ful' is not one of smart, full, none; did you mean 'full'?"),
        ("{email: b@example.com, max_papers: 0}", "'0' is not a number from 1 to 100; write a number from 1 to 100"),
        (
            "{email: b@example.com, languages: english}",
            "'english' is not a language code; write codes such as en or zh, several as [zh, en]",
        ),
        ("{email: b@example.com, send_at: [06:45]}", "'send_at' takes one value; write send_at: value"),
        ("{email: b@example.com, topics: {a: b}}", "'topics' takes a list; write topics: [one, another]"),
        ("{email: !!str b@example.com}", "anchors, aliases and tags are not supported; write the value itself"),
        ("&x {email: b@example.com}", "anchors, aliases and tags are not supported; write the value itself"),
        ("{email: b@example.com, <<: {name: B}}", "merge keys are not supported; write the keys out"),
        ("ADA@example.com", "'ADA@example.com' is here twice (first in line 4); keep one"),
        ("{name: Bob}", "this entry has no 'email'; add email: and the address"),
        ("[b@example.com]", "an entry must be an address or begin with 'email:'; write - email: ada@example.com"),
        (
            '{email: b@example.com, name: "B\\nCC: c@d.e"}',
            "'B\\nCC: c@d.e' must be on one line, without control characters; write it on one line",
        ),
    ],
)
def test_a_wrong_entry_is_left_out_and_named(line: str, finding: str) -> None:
    """The others keep their mail."""
    roster = entries("ada@example.com", line, "zoe@example.com")
    assert [reader.email for reader in roster.readers] == ["ada@example.com", "zoe@example.com"]
    assert [str(one) for one in roster.findings] == [f"subscribers.yaml:5: {finding}"]
    assert [one.fatal for one in roster.findings] == [False]


@pytest.mark.parametrize(
    "address",
    ["a@b", "a b@example.com", "a@@example.com", "a@-x.com", ".a@example.com", "Ada <a@example.com>", "a@x.test"],
)
def test_a_bad_address_is_named(address: str) -> None:
    roster = entries("ada@example.com", f"{{email: '{address}'}}")
    assert ([len(roster.readers)], len(roster.findings)) == ([1], 1)
    assert f"'{address}' is not an email address" in str(roster.findings[0])


def test_a_second_topic_makes_no_bare_address_an_error() -> None:
    """Who names none gets all, or `default_topics`; who names some gets those."""
    bare, chosen = "ada@example.com", "{email: bob@example.com, topics: cv}"
    assert [("ml", "cv"), ("cv",)] == [one.wishes.topics for one in entries(bare, chosen, topics=TWO_TOPICS).readers]
    for default in ("ml", "[ml]"):
        top = f"newsletter: {{default_topics: {default}}}\n{TWO_TOPICS}"
        assert [("ml",), ("cv",)] == [one.wishes.topics for one in entries(bare, chosen, topics=top).readers]
    empty = entries(bare, topics=f"newsletter: {{default_topics: []}}\n{TWO_TOPICS}")
    assert [("ml", "cv")] == [one.wishes.topics for one in empty.readers]
    with pytest.raises(ConfigurationError, match="unknown topic 'mi'; write some of"):
        entries(bare, topics=f"newsletter: {{default_topics: mi}}\n{TWO_TOPICS}")


def test_a_mistake_that_repeats_is_one_finding() -> None:
    """With how often and the first three lines; what stands once is as before."""
    roster = entries(*(f"{{email: r{number}@example.com, topics: mi}}" for number in range(200)), "a@")
    first, other = sorted(map(str, roster.findings))
    assert "subscribers.yaml:204" in first + other
    assert "unknown topic 'mi' (200 times, first in lines 4, 5, 6); write some of" in first + other
    assert tuple(range(4, 205)) == roster.skipped


def test_a_mailing_list_is_named_by_its_entry() -> None:
    """What is in its copy is nobody's own."""
    roster = entries("{email: all@institute.example.com, list: true}", "{email: b@example.com, list: no}")
    assert ["all@institute.example.com", None] == [one.wishes.mailing_list for one in roster.readers]


def test_a_copied_line_brings_nobody_back() -> None:
    """Of two entries for one address the first counts, but who has left in either has left."""
    roster = entries("ada@example.com", "{email: Ada@example.com, unsubscribed: 2026-03-09 by reply}")
    assert [(one.email, one.unsubscribed) for one in roster.readers] == [("ada@example.com", "2026-03-09 by reply")]


def test_an_alias_bomb_costs_nothing() -> None:
    """Each level is nine times the one below: unfolded, ten levels more would be billions of times the work."""

    def bomb(levels: int) -> str:
        return "x0: &x0 [lol]\n" + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, levels))

    assert len(problems(bomb(30) + TOPICS)) >= 30
    assert is_linear(lambda levels: partial(problems, bomb(levels) + TOPICS), 30)


@pytest.mark.parametrize("bomb", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000])
def test_depth_is_a_finding_and_not_the_end_of_the_process(bomb: str) -> None:
    assert problems(bomb) == [
        "subscribers.yaml: not YAML: nested more than 40 levels deep; check indentation and quotes"
    ]


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("", "subscribers.yaml: contains no topics and no subscribers; see the example in README.md"),
        ("- a@b.com", "subscribers.yaml: must begin with 'topics:'; see the example in README.md"),
        (
            "topics:\nsubscribers: []",
            "subscribers.yaml:1: no topics; add one below 'topics:' with categories and interests",
        ),
        (TOPICS, "subscribers.yaml:1: no subscribers; add a list of addresses below 'subscribers:'"),
        (TOPICS + "subscribrs: []", "subscribers.yaml:3: unknown key 'subscribrs'; did you mean 'subscribers'?"),
        (
            TOPICS + "subscribers: {a: b}",
            "subscribers.yaml:3: 'subscribers' must be a list; begin each entry with '- '",
        ),
        ("topics:\n\ta: b", "subscribers.yaml:2: there is a tab where YAML needs spaces; indent with spaces"),
        ("topics: a: b", "subscribers.yaml:1: not YAML: mapping values are not allowed in this context" + REMEDY),
        ("a: \x00", "subscribers.yaml:1: the control character U+0000 is not allowed here; remove it"),
        (
            "topics: {a: {categories: cs.lg, interests: x}}\nsubscribers: []",
            "subscribers.yaml:1: 'cs.lg' is not an arXiv category; did you mean 'cs.LG'?",
        ),
        (
            "topics: {a: {categories: cs, interests: x}}\nsubscribers: []",
            "subscribers.yaml:1: 'cs' is an archive of several categories; name them, e.g. cs.AI",
        ),
        (
            "topics: {a: {categories: cs.LG}}\nsubscribers: []",
            "subscribers.yaml:1: the topic 'a' has no interests; add interests: to it",
        ),
        (
            "newsletter: {send_at: noon}\n" + TOPICS + "subscribers: []",
            "subscribers.yaml:1: 'noon' is not a time of day; write it as 06:45",
        ),
    ],
)
def test_a_file_that_nobody_can_use_stops(text: str, finding: str) -> None:
    assert finding in problems(text)


def test_an_unknown_category_is_only_a_warning() -> None:
    """arXiv may add one tomorrow."""
    roster = read("topics: {a: {categories: [cs.LG, cs.ZZ], interests: x}}\nsubscribers: [a@example.com]")
    assert (roster.topics[0].categories, len(roster.readers)) == (("cs.LG", "cs.ZZ"), 1)
    assert [str(one) for one in roster.findings] == [
        "subscribers.yaml:1: 'cs.ZZ' is not in our list of arXiv categories; check its spelling"
    ]


def test_interests_from_a_file(tmp_path: Path) -> None:
    """Relative to the roster; what cannot be read is named, what is long is a warning."""
    (tmp_path / "a.md").write_text("\ufeffSparse 专家\n", encoding="utf-8")
    (tmp_path / "long.txt").write_text("word " * 1_000, encoding="utf-8")
    text = "topics: {a: {categories: cs.LG, interests: NAME}}\nsubscribers: []"
    roster = subscribers.parse(text.replace("NAME", "a.md"), "r.yaml", tmp_path)
    assert (roster.topics[0].interests, roster.findings) == ("Sparse 专家", ())
    warned = subscribers.parse(text.replace("NAME", "long.txt"), "r.yaml", tmp_path)
    assert [one.fatal for one in warned.findings] == [False]
    with pytest.raises(ConfigurationError, match=r"r\.yaml:1: cannot read .*missing\.md \(No such file or directory\)"):
        subscribers.parse(text.replace("NAME", "missing.md"), "r.yaml", tmp_path)


def test_load_reads_a_byte_order_mark_and_names_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "subscribers.yaml"
    text = TOPICS + "subscribers:\r\n  - {email: ada@example.com, name: 陈}\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert subscribers.load(path).readers[0].name == "陈"
    path.write_bytes(text.encode("gb18030"))
    with pytest.raises(ConfigurationError, match=r":4: not UTF-8 \(GB18030\); convert it: iconv -f GB18030 -t UTF-8"):
        subscribers.load(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        subscribers.load(tmp_path / "absent.yaml")


_local = st.text(alphabet="aZ09.!#-+_{}'", min_size=1, max_size=66)
_domain = st.text(alphabet="aZ0-.x", min_size=1, max_size=70)


@given(_local, _domain)
@settings(max_examples=500)
def test_the_short_way_for_addresses_is_never_laxer(local: str, domain: str) -> None:
    """What we wave through, email-validator accepts."""
    address = f"{local}@{domain}"
    if values.is_plain(address):
        validate_email(address, check_deliverability=False)


def test_ten_thousand_readers_cost_tenfold_a_thousand() -> None:
    def lines(count: int) -> str:
        line = "  - {{email: r{}@example.com, name: R, topics: [ml], send_at: 06:45}}\n"
        return TOPICS + "subscribers:\n" + "".join(map(line.format, range(count)))

    assert len(read(lines(10_000)).readers) == 10_000
    assert is_linear(lambda count: partial(read, lines(count)), 1_000)


# --- writing back ---------------------------------------------------------------

MARK = "2026-03-09 by reply"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- ada@example.com # hers\n", "- email: ada@example.com # hers\n  unsubscribed: MARK\n"),
        ("- 'ada@example.com'\n", "- email: 'ada@example.com'\n  unsubscribed: MARK\n"),
        ("- ADA@example.com", "- email: ADA@example.com\n  unsubscribed: MARK"),
        (
            "- email: ada@example.com # hers\n  name: Ada\n",
            "- email: ada@example.com # hers\n  unsubscribed: MARK\n  name: Ada\n",
        ),
        (
            "- name: Ada\r\n  email: ada@example.com\r\n# end\r\n",
            "- name: Ada\r\n  email: ada@example.com\r\n  unsubscribed: MARK\r\n# end\r\n",
        ),
        ("- {email: ada@example.com}\n", "- {email: ada@example.com, unsubscribed: MARK}\n"),
        ("- {email: ada@example.com, }\n", "- {email: ada@example.com, unsubscribed: MARK, }\n"),
        (
            "- { name: A, # x\n    email: ada@example.com # y\n  }\n",
            "- { name: A, # x\n    email: ada@example.com, unsubscribed: MARK # y\n  }\n",
        ),
        (
            "- email: ada@example.com\n  unsubscribed: old # why\n",
            "- email: ada@example.com\n  unsubscribed: MARK # why\n",
        ),
        (
            "- email: ada@example.com\n  unsubscribed: # why\n  name: A\n",
            "- email: ada@example.com\n  unsubscribed: MARK # why\n  name: A\n",
        ),
        (
            "- email: ada@example.com\n  unsubscribed: >-\n    long\n    ago\n  name: A\n",
            "- email: ada@example.com\n  unsubscribed: MARK\n  name: A\n",
        ),
        (
            "-   email: ada@example.com\n    topics:\n    - ml\n",
            "-   email: ada@example.com\n    unsubscribed: MARK\n    topics:\n    - ml\n",
        ),
        (" [bob@example.com, ada@example.com]\n", " [bob@example.com, {email: ada@example.com, unsubscribed: MARK}]\n"),
        (" [email: ada@example.com]\n", " [{email: ada@example.com, unsubscribed: MARK}]\n"),
        (" ada@example.com\n", " [{email: ada@example.com, unsubscribed: MARK}]\n"),
        (' [{"email": "ada@example.com"}]\n', ' [{"email": "ada@example.com", "unsubscribed": "MARK"}]\n'),
    ],
)
def test_set_field_changes_that_and_nothing_else(before: str, after: str) -> None:
    """Comments, order, quotes, line ends and style stay."""
    head = TOPICS + ("subscribers:" if before.startswith(" ") else "subscribers:\n")
    text = head + before
    expected = head + after.replace("MARK", MARK)
    assert subscribers.set_field(text, "Ada@Example.com", "unsubscribed", MARK) == expected
    assert {one.unsubscribed for one in read(expected).readers if one.email.lower() == "ada@example.com"} == {MARK}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- email: ada@example.com\n  unsubscribed: x\n  name: A\n", "- email: ada@example.com\n  name: A\n"),
        ("- email: ada@example.com\n  unsubscribed: x # why\n", "- email: ada@example.com\n  # why\n"),
        ("- unsubscribed: x\n  email: ada@example.com\n", "- email: ada@example.com\n"),
        ("- {email: ada@example.com, unsubscribed: x}\n", "- {email: ada@example.com}\n"),
        ("- {unsubscribed: x, email: ada@example.com}\n", "- {email: ada@example.com}\n"),
        ("- email: ada@example.com\n  unsubscribed: x", "- email: ada@example.com\n"),
        ("- ada@example.com\n", "- ada@example.com\n"),
    ],
)
def test_remove_field_takes_only_that(before: str, after: str) -> None:
    head = TOPICS + "subscribers:\n"
    assert subscribers.remove_field(head + before, "ada@example.com", "unsubscribed") == head + after


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("languages", "zh, en", "  languages: [zh, en]"),
        ("send_at", "06:45", "  send_at: 06:45"),
        ("name", '陈 "x": #y', '  name: "陈 \\"x\\": #y"'),
        ("name", "null", '  name: "null"'),
    ],
)
def test_set_field_writes_what_reads_back(field: str, value: str, line: str) -> None:
    """Preferences too; what YAML would take for something else is quoted."""
    text = subscribers.set_field(TOPICS + "subscribers:\n- ada@example.com\n", "ada@example.com", field, value)
    assert (text.splitlines()[-1], read(text).findings) == (line, ())


def test_set_field_replaces_a_list_on_its_own_lines() -> None:
    text = TWO_TOPICS + "subscribers:\n- email: ada@example.com\n  topics:\n  - ml\n  - cv # too\n  name: A\n"
    changed = subscribers.set_field(text, "ada@example.com", "topics", "cv")
    assert changed == TWO_TOPICS + "subscribers:\n- email: ada@example.com\n  topics: [cv] # too\n  name: A\n"


def test_what_cannot_be_changed_safely_is_not_changed() -> None:
    """Two entries that share one node by an alias cannot be told apart."""
    text = TOPICS + "subscribers:\n- &a {email: ada@example.com}\n- *a\n"
    with pytest.raises(ConfigurationError, match=r"subscribers\.yaml:4: cannot change 'unsubscribed' safely"):
        subscribers.set_field(text, "ada@example.com", "unsubscribed", MARK)
    with pytest.raises(KeyError):
        subscribers.set_field(text, "bob@example.com", "unsubscribed", MARK)
    with pytest.raises(ConfigurationError, match="named more than once"):
        subscribers.set_field(text, "ada@example.com", "email", "eve@example.com")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- ada@example.com # hers\n", "- eve@example.net # hers\n"),
        ("- 'ada@example.com'\n", "- eve@example.net\n"),
        ("- email: Ada@Example.com # hers\n  name: A\n", "- email: eve@example.net # hers\n  name: A\n"),
        ("- {name: A, email: ada@example.com}\n", "- {name: A, email: eve@example.net}\n"),
        (" ada@example.com\n", " eve@example.net\n"),
        (" [bob@example.com, ada@example.com]\n", " [bob@example.com, eve@example.net]\n"),
        (' [{"email": "ada@example.com"}]\n', ' [{"email": "eve@example.net"}]\n'),
    ],
)
def test_an_address_is_changed_in_its_place(before: str, after: str) -> None:
    """As safely as any other field: all other bytes stay, and the list reads as before with the new one."""
    head = TOPICS + ("subscribers:" if before.startswith(" ") else "subscribers:\n")
    changed = subscribers.set_field(head + before, "ada@example.com", "email", "eve@example.net")
    assert changed == head + after
    old, new = read(head + before).readers, read(changed).readers
    assert [one.email for one in new] == [re.sub("(?i)ada@example.com", "eve@example.net", one.email) for one in old]


@pytest.mark.parametrize("value", ["", "nobody", "a b@example.net", "eve@example.net\n- mallory@example.net", "*a"])
def test_only_an_address_becomes_one(value: str) -> None:
    with pytest.raises(ValueError, match="cannot write email"):
        subscribers.set_field(TOPICS + "subscribers:\n- ada@example.com\n", "ada@example.com", "email", value)


@pytest.mark.parametrize("other", ["Eve@example.net", "ada@example.com"])
def test_no_address_is_named_twice(other: str) -> None:
    """Neither the new one, nor the old one by an entry that had been left out."""
    text = TOPICS + f"subscribers:\n- ada@example.com\n- email: {other}\n"
    with pytest.raises(ConfigurationError, match="named more than once"):
        subscribers.set_field(text, "ada@example.com", "email", "eve@example.net")


_comment = st.sampled_from(["", " # hers", " # don't: touch, [this] {or} that", "  #x"])
_style = st.sampled_from(
    [
        "- {a}{c}",
        "- '{a}'{c}",
        "- email: {a}{c}\n  name: N{c}",
        "- {{email: {a}, name: N}}{c}",
        "- name: N{c}\n  # between\n  email: {a}{c}\n  days:\n  - mon\n  - tue{c}",
        "# only a comment\n- {a}",
        '- "email": "{a}"{c}\n',
        "-   send_at: 06:45\n    email:   {a}{c}",
    ]
)
_rosters = st.lists(st.tuples(_style, _comment), min_size=1, max_size=6)


def _written(rows: list[tuple[str, str]], indent: str, end: str) -> str:
    body = "\n".join(style.format(a=f"r{n}@example.com", c=c) for n, (style, c) in enumerate(rows))
    lines = [f"{indent}{line}" if line else "" for line in body.split("\n")]
    return (TOPICS + "subscribers: # all of them\n" + "\n".join(lines) + "\n").replace("\n", end)


@given(
    _rosters,
    st.data(),
    st.sampled_from(["", "  ", "    "]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["unsubscribed", "bounced"]),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30),
)
def test_only_the_readers_line_changes(
    rows: list[tuple[str, str]], data: st.DataObject, indent: str, end: str, field: str, value: str
) -> None:
    """In any mixture of styles: all other lines are the same bytes, and the field is there afterwards."""
    text, chosen = _written(rows, indent, end), data.draw(st.integers(0, len(rows) - 1))
    address = f"r{chosen}@example.com"
    changed = subscribers.set_field(text, address, field, value)
    old, new = text.split(end), changed.split(end)
    others = [line for line in old if address not in line]
    assert others == [line for line in new if address not in line and field not in line]
    assert len(new) - len(old) in (0, 1)
    before, after = read(text), read(changed)
    assert len(after.readers) == len(before.readers) == len(rows)
    if value.strip().isprintable() and value.strip().lower() not in ("", "no", "false", "off"):
        assert getattr(after.readers[chosen], field) == value.strip()
    assert read(subscribers.remove_field(changed, address, field)).readers[chosen].email == address


_local = st.text("abcXYZ019._+-'!#$%&*/=?^`{|}~", min_size=1, max_size=20)


@given(_rosters, st.data(), st.sampled_from(["", "  "]), st.sampled_from(["\n", "\r\n"]), _local)
def test_only_the_readers_address_changes(
    rows: list[tuple[str, str]], data: st.DataObject, indent: str, end: str, local: str
) -> None:
    """In any mixture of styles and for every address that mail knows; what is none is refused."""
    text, chosen = _written(rows, indent, end), data.draw(st.integers(0, len(rows) - 1))
    old, new = f"r{chosen}@example.com", f"{local}@example.net"
    try:
        validate_email(new, check_deliverability=False)
    except ValueError:
        with pytest.raises(ValueError, match="cannot write email"):
            subscribers.set_field(text, old, "email", new)
        return
    changed = subscribers.set_field(text, old, "email", new)
    lines = zip(text.split(end), changed.split(end), strict=True)
    assert {True} == {before == after or (old in before and old not in after) for before, after in lines}
    before, after = read(text).readers, read(changed).readers
    assert after == tuple(replace(one, email=new) if one.email == old else one for one in before)


def line_of_edit(path: Path, email: str, fields: dict[str, str | None]) -> int | None:
    edit = subscribers.write_fields(path, email, lambda: fields)
    return edit.line if edit else None


@pytest.mark.parametrize("read_only_folder", [False, True])
@pytest.mark.parametrize("value", [MARK, None])
def test_a_list_that_is_mounted_as_a_single_file(tmp_path: Path, read_only_folder: bool, value: str | None) -> None:
    """No other file can take its name: it is overwritten, whether it becomes longer or shorter."""
    outside, inside = tmp_path / "outside.yaml", tmp_path / "data" / "subscribers.yaml"
    entry = f"  - email: ada@example.com\n    unsubscribed: {'x' * 60}\n"
    before = f"{TOPICS}subscribers:\n{entry}  # Bob's\n  - bob@example.com\n"
    outside.write_text(before, "utf-8")
    assert not is_mounted_alone(outside)
    with mounted_alone(outside, inside, read_only_folder=read_only_folder):
        assert is_mounted_alone(inside)
        edit = subscribers.write_fields(inside, "ada@example.com", lambda: {"unsubscribed": value})
    assert edit is not None
    change = subscribers.set_field if value else subscribers.remove_field
    arguments = ("ada@example.com", "unsubscribed", *([value] if value else []))
    assert change(before, *arguments) == outside.read_text("utf-8")
    assert [] == list(tmp_path.glob("**/*.new"))


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EXDEV, errno.EROFS])
def test_an_edit_beside_ours_in_a_file_that_is_overwritten(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What someone saves in between is kept: we begin again with that."""
    path = tmp_path / "subscribers.yaml"
    path.write_text(TOPICS + "subscribers:\n  - ada@example.com\n", "utf-8")
    edits = ["\n# by hand\n"]

    def refused(*_: object) -> bool:
        with path.open("a", encoding="utf-8") as file:
            file.write(edits.pop() if edits else "")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files, "_exchanged_whole", refused)
    subscribers.write_fields(path, "ada@example.com", lambda: {"unsubscribed": MARK})
    assert "# by hand" in path.read_text("utf-8")
    assert f"unsubscribed: {MARK}" in path.read_text("utf-8")


def test_write_fields_replaces_the_file_behind_a_link(tmp_path: Path) -> None:
    """Mode and link stay, nothing is left behind, the number of the line is returned."""
    real, link = tmp_path / "real.yaml", tmp_path / "subscribers.yaml"
    real.write_bytes(("\ufeff" + TOPICS + "subscribers:\n- ada@example.com\n").encode())
    real.chmod(0o640)
    link.symlink_to(real)
    assert line_of_edit(link, "ada@example.com", {"unsubscribed": MARK}) == 5
    assert (link.is_symlink(), real.stat().st_mode & 0o777, len(list(tmp_path.iterdir()))) == (True, 0o640, 2)
    assert subscribers.load(link).readers[0].unsubscribed == MARK
    assert line_of_edit(link, "ada@example.com", {"unsubscribed": None}) == 5
    assert subscribers.load(link).readers[0].unsubscribed is None
    assert line_of_edit(link, "bob@example.com", {"unsubscribed": MARK}) is None


FIELDS = st.dictionaries(
    st.sampled_from(["send_at", "days", "topics", "paused_until", "unsubscribed"]),
    st.sampled_from([None, "2026-04-01"]),
    min_size=1,
)


@given(
    entry=st.sampled_from(["- ada@example.com", "- {email: ada@example.com}", "- email: ada@example.com\n  name: A"]),
    fields=FIELDS,
)
def test_several_fields_in_one_step(entry: str, fields: dict[str, str | None]) -> None:
    """The file is rewritten once, and says what one field after another would have made it say."""
    fields = {key: value and _VALUES.get(key, value) for key, value in fields.items()}
    text = f"{TOPICS}subscribers:\n{entry}\n- bob@example.com\n"
    expected = text
    for key, value in fields.items():
        change = subscribers.remove_field if value is None else subscribers.set_field
        expected = change(expected, "ada@example.com", key, *([] if value is None else [value]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "subscribers.yaml"
        path.write_text(text, "utf-8")
        edit = subscribers.write_fields(path, "ada@example.com", lambda: fields)
        assert edit is not None
        assert (expected, edit.after) == (path.read_text("utf-8"), hashlib.sha256(path.read_bytes()).hexdigest())
        assert edit.before == hashlib.sha256(text.encode()).hexdigest()


_VALUES = {"send_at": "06:45", "days": "mon, tue", "topics": "foundations"}


def test_the_loader_in_python_finds_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where PyYAML comes without libyaml."""
    text = (ROOT / "newsletter/demo/subscribers.yaml").read_text(encoding="utf-8")
    addresses = [reader.email for reader in read(text).readers]

    def changed() -> list[str]:
        marked = [subscribers.set_field(text, address, "unsubscribed", MARK) for address in addresses]
        return marked + [
            subscribers.remove_field(one, one_of, "unsubscribed") for one, one_of in zip(marked, addresses, strict=True)
        ]

    expected = (read(text), changed())
    monkeypatch.setattr(tree, "_LOADER", type("_Loader", (tree._Bounded, yaml.BaseLoader), {}))
    assert (read(text), changed()) == expected


def test_an_edit_made_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody saves between our reading and our writing."""
    path = tmp_path / "subscribers.yaml"
    path.write_text(TOPICS + "subscribers:\n- ada@example.com\n")
    fsync = os.fsync
    saved: list[int] = []

    def save_first(handle: int) -> None:
        fsync(handle)
        if not saved:
            saved.append(path.write_text(TOPICS + "subscribers:\n- ada@example.com\n- bob@example.com\n"))

    monkeypatch.setattr(os, "fsync", save_first)
    subscribers.write_fields(path, "ada@example.com", lambda: {"unsubscribed": MARK})
    assert [(one.email, one.unsubscribed) for one in subscribers.load(path).readers] == [
        ("ada@example.com", MARK),
        ("bob@example.com", None),
    ]


WITHOUT_ADA = [
    ("- ada@example.com  # hers\n# bob\n- bob@example.com\n", "# bob\n- bob@example.com\n"),
    (
        "  # A\n  - email: ada@example.com\n    name: A  # hi\n    # in\n    days: mon\n  # B\n  - bob@example.com\n",
        "  # A\n  # B\n  - bob@example.com\n",
    ),
    ("-\n  email: ada@example.com\n- bob@example.com\r\n", "- bob@example.com\r\n"),
    ("- bob@example.com\n- Ada@Example.com\n# end", "- bob@example.com\n# end"),
    ("- ada@example.com\n- bob@example.com\n- {email: ada@example.com}\n", "- bob@example.com\n"),
    ("  [ada@example.com, bob@example.com] # c\n", "  [bob@example.com] # c\n"),
    ("  [bob@example.com, {email: ada@example.com}]\n", "  [bob@example.com]\n"),
    ("- ada@example.com", " []"),
    ("  ada@example.com\n", "  []\n"),
    ("  {email: ada@example.com}\n", "  []\n"),
    ("- bob@example.com\n", "- bob@example.com\n"),
]


@pytest.mark.parametrize(("before", "after"), WITHOUT_ADA)
def test_remove_entry_takes_that_entry_and_nothing_else(tmp_path: Path, before: str, after: str) -> None:
    """Comments of the neighbours, order and line ends stay, in every way to write an entry."""
    path = tmp_path / "subscribers.yaml"
    path.write_bytes(f"{TOPICS}subscribers:\n{before}".encode())
    subscribers.remove_entry(path, "ada@example.com")
    assert f"{TOPICS}subscribers:\n{after}".encode() == path.read_bytes()


def test_remove_entry_leaves_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    path = tmp_path / "subscribers.yaml"
    path.write_text(f"{TOPICS}subscribers:\n- &a {{email: ada@example.com}}\n- *a\n")
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="cannot be removed safely"):
        subscribers.remove_entry(path, "ada@example.com")
    assert before == path.read_bytes()
