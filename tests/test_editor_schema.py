"""What editors are told of subscribers.yaml is what the program reads: nothing more, and hardly anything less."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.doctor.checks import has_old_schema
from newsletter.models import Newsletter
from newsletter.subscribers import categories, readers, schema, schema_text, topics, values
from newsletter.subscribers.shapes import shape_of
from newsletter.subscribers.tree import Reading, Unfit
from tests.conftest import ROOT, Run
from tests.morning import ROSTER
from tests.test_broken_rosters import BROKEN, GOOD, HEAD

# What no schema can see, since it looks at one value at a time and never at YAML's own signs.
ONLY_THE_PROGRAM_KNOWS = {
    "topics: mll": "whether a topic is defined",
    "ada.0@example.com, topics: ml}  #": "whether an address is there twice",
    "&one": "an anchor is gone once the YAML is read",
    "<<:": "a merge key is gone once the YAML is read",
}
BROKEN_BLOCKS = [
    HEAD + "  - {email: ada@example.com, topics: ml}\n".replace("topics", "topcis"),
    "topics: {}\nsubscribers: [ada@example.com]\n",
    "topics: [ml]\nsubscribers: [ada@example.com]\n",
    "subscribers: [ada@example.com]\n",
    HEAD.replace("subscribers:\n", ""),
    HEAD.replace("[cs.LG]", "[cs]") + "  - ada@example.com\n",
    HEAD.replace("[cs.LG]", "[CS.LG]") + "  - ada@example.com\n",
    HEAD.replace("[cs.LG]", "[]") + "  - ada@example.com\n",
    HEAD.replace("    interests: pruning\n", "") + "  - ada@example.com\n",
    HEAD.replace("interests: pruning", "interests:") + "  - ada@example.com\n",
    HEAD.replace("interests: pruning", "min_relevance: 11\n    interests: x") + "  - ada@example.com\n",
    HEAD.replace("interests: pruning", "cross_lists: maybe\n    interests: x") + "  - ada@example.com\n",
    HEAD.replace("name: Morning", "send_at: noon") + "  - ada@example.com\n",
    HEAD.replace("name: Morning", "archive: secret") + "  - ada@example.com\n",
    HEAD.replace("name: Morning", "title: Morning") + "  - ada@example.com\n",
    HEAD.replace("  ml:", "  m l:") + "  - ada@example.com\n",
    HEAD.replace("subscribers:", "subscriber:") + "  - ada@example.com\n",
]


def refused(folder: Path, files: list[Path]) -> set[str]:
    """The names of those that check-jsonschema refuses, as a stranger's editor or CI would."""
    from check_jsonschema.cli import main  # with grammars that take seconds

    (folder / "schema.json").write_text(schema_text(), "utf-8")
    done = CliRunner().invoke(
        main, ["--output-format", "json", "--schemafile", str(folder / "schema.json"), *map(str, files)]
    )
    told = json.loads(done.stdout)
    return {Path(one["filename"]).name for one in [*told.get("errors", []), *told.get("parse_errors", [])]}


def examples() -> list[str]:
    """Every list that the repository shows: files, and the complete ones in documents."""
    files = [
        ROOT / "subscribers.yaml",
        ROOT / "newsletter" / "demo" / "subscribers.yaml",
        *(ROOT / "tests" / "data" / "first_edition").rglob("*.yaml"),
        *(ROOT / "examples").rglob("*.yaml"),
    ]
    texts = [file.read_text("utf-8") for file in files]
    for document in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        texts += re.findall(r"^```yaml\n(.*?)^```", document.read_text("utf-8"), re.M | re.S)
    return [text for text in texts if re.search(r"^topics:", text, re.M) and re.search(r"^subscribers:", text, re.M)]


def test_every_example_is_accepted_and_every_broken_one_refused(tmp_path: Path) -> None:
    """One run of check-jsonschema over all of them."""
    shown = examples()
    assert len(shown) >= 6
    good = [*shown, ROSTER, HEAD, *(HEAD + entry % "ada@example.com" for entry in GOOD)]
    bad = [*BROKEN_BLOCKS, *(HEAD + GOOD[0] % "ada.0@example.com" + one % "x@example.com" for one in BROKEN)]
    files = {}
    for kind, texts in (("good", good), ("bad", bad)):
        for number, text in enumerate(texts):
            path = tmp_path / f"{kind}{number}.yaml"
            path.write_text(text, "utf-8")
            files[path.name] = text
    found = refused(tmp_path, [tmp_path / name for name in files])
    assert [] == [files[name] for name in found if name.startswith("good")]
    missed = [text for name, text in files.items() if name.startswith("bad") and name not in found]
    unseen = {sign: [text for text in missed if sign in text] for sign in ONLY_THE_PROGRAM_KNOWS}
    assert all(unseen.values()), "a schema can see this after all"
    assert sorted(missed) == sorted(text for texts in unseen.values() for text in texts)


def test_init_tells_editors_of_the_schema(newsletter: Run, tmp_path: Path) -> None:
    """The first line names a file beside the list, which accepts the list; an old one is mentioned by check."""
    assert 0 == newsletter("init", "fresh", "--email", "you@example.org").returncode
    path = tmp_path / "fresh" / "subscribers.yaml"
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", path.read_text("utf-8"))
    assert named
    beside = path.parent / named[1]
    assert schema_text() == beside.read_text("utf-8") == newsletter("schema").stdout
    assert set() == refused(tmp_path, [path])
    assert not has_old_schema(path)
    beside.write_text("{}", "utf-8")
    said = newsletter("check", settings={"NEWSLETTER_SUBSCRIBERS": str(path)}).stdout
    assert "newsletter schema > subscribers.schema.json" in said


def test_every_key_is_there_with_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """All three blocks; a key that is defined later is there by itself."""
    monkeypatch.setitem(topics.READINGS, "mood", Reading(values.switch, about="How it feels."))
    from jsonschema import Draft202012Validator

    whole = schema.schema()
    Draft202012Validator.check_schema(whole)
    parts = whole["properties"]
    topic = parts["topics"]["additionalProperties"]["properties"]
    entry = parts["subscribers"]["anyOf"][2]["items"]["anyOf"][1]["properties"]
    block = parts["newsletter"]["anyOf"][1]["properties"]
    assert set(readers.KEYS) == set(entry)
    assert set(topics.READINGS) == set(topic) >= {"mood", "interests"}
    assert {"name", "default_topics"} < set(block)
    assert all(key["description"].endswith(".") for part in (topic, entry, block) for key in part.values())
    assert ("09:30", ["en", "zh"], 8) == (
        block["send_at"]["default"],
        block["languages"]["default"],
        topic["min_relevance"]["default"],
    )


CONVERTERS = [reading.convert for reading in readers.Defaults(Newsletter(), ()).readings.values()]
CONVERTERS = list(dict.fromkeys([*CONVERTERS, categories.category, values.topic_key, values.whole(1, 10)]))
TEXTS = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,4}){0,2}", fullmatch=True),
    st.from_regex(r"[0-9]{1,2}:[0-9]{2}", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9]", fullmatch=True),
    st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.(com|de|中国)", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}", fullmatch=True),
    st.sampled_from(
        ["YES", "Off", "Monday", "SUN", "Full", "cs.LG", "hep-th", "cs.ZZ", "Asia/Shanghai", "none", "both"]
    ),
)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_what_the_program_reads_the_schema_accepts(text: str) -> None:
    """For every converter that a key has."""
    from jsonschema import Draft202012Validator

    for convert in CONVERTERS:
        try:
            convert(text.strip())
        except Unfit:
            continue
        assert Draft202012Validator(shape_of(convert)).is_valid(text), (convert, text)
