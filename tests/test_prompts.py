"""Prompt files become requests in which nothing from outside closes its marks."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.errors import TemplateError
from newsletter.prompts import PromptFile

SHIPPED = Path(__file__).parent.parent / "prompts"


def test_two_messages() -> None:
    """A prompt file is its two messages, without the blank lines around them."""
    found = PromptFile.parse("\n# System\n\nBe fair.\n\n# User \n\n{{ x }}\n\n", "p.md")
    assert (found.system, found.user) == ("Be fair.", "{{ x }}")
    assert found.fill(x="A & <b>") == ("Be fair.", "A & <b>")


@pytest.mark.parametrize(
    "text", ["", "Be fair.", "# System\nBe fair.", "# User\nx\n# System\ny", "# system\na\n# user\nb"]
)
def test_headings_are_needed(text: str) -> None:
    """A file without both headings, in order, is refused with what it needs."""
    with pytest.raises(TemplateError) as error:
        PromptFile.parse(text, "p.md")
    assert str(error.value) == "p.md:1: a prompt has the headings '# System' and, below it, '# User'"


def test_hash_changes_with_the_text() -> None:
    """Any change of the file is another prompt: stored answers to the old one do not count."""
    texts = ["# System\na\n# User\nb\n", "# System\na\n# User\nb", "# System\na.\n# User\nb\n"]
    hashes = [PromptFile.parse(text, "p.md").hash for text in texts]
    assert len(set(hashes)) == 3
    assert PromptFile.parse(texts[0], "elsewhere.md").hash == hashes[0]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("# System\n\n\na {{ nobody }}\n# User\nb\n", 4, "'nobody' is undefined"),
        ("# System\na\n# User\n\n\nb\n{{ nobody }}\n", 7, "'nobody' is undefined"),
        ("# System\na\n# User\nb\n{% if %}\n", 5, "Expected an expression, got 'end of statement block'"),
        ("# System\na\nb {{ x | nosuch }}\n# User\nc\n", 3, "No filter named 'nosuch'."),
        ("# System\na\n# User\n{{ 1 / 0 }}\n", 4, "division by zero"),
        ("# System\na\n# User\n{{ x + 1 }}\n", 4, 'can only concatenate str (not "int") to str'),
        ("# System\na\n# User\n{{ x.nothing }}\n", 4, "'str object' has no attribute 'nothing'"),
        ("# System\na\n# User\n{% include 'y' %}\n", 4, "no loader for this environment specified"),
        (
            "# System\na\n# User\n{{ x.__class__.__mro__ }}\n",
            4,
            "access to attribute '__class__' of 'str' object is unsafe.",
        ),
    ],
)
def test_mistakes_have_a_place(text: str, line: int, problem: str) -> None:
    """A mistake in a prompt is told with the line of the file, not of the message."""
    with pytest.raises(TemplateError) as error:
        PromptFile.parse(text, "p.md").fill(x="X")
    assert str(error.value) == f"p.md:{line}: {problem}"


@pytest.mark.parametrize("mark", ["paper", "topic", "languages"])
@pytest.mark.parametrize("form", ["</{}>", "<{}>", "</{} >", '<{} id="9">', "</{}\n>"])
def test_nobody_closes_the_marks(mark: str, form: str) -> None:
    """What comes from outside cannot open or close the marks around it, in any case."""
    prompt = PromptFile.parse("# System\na\n# User\n<paper>{{ x }}</paper>", "p.md")
    for text in (form.format(mark), form.format(mark.upper())):
        _, user = prompt.fill(x=f"before {text} after")
        assert user == f"<paper>before &lt;{text[1:]} after</paper>"


@given(st.text(st.sampled_from("</>paertoicPAPER \n"), max_size=60))
def test_nobody_closes_the_marks_whatever_they_write(text: str) -> None:
    """Whatever stands in a title, the message holds its own two marks and no other."""
    prompt = PromptFile.parse("# System\na\n# User\n<paper>{{ x }}</paper>", "p.md")
    _, user = prompt.fill(x=text)
    assert [user.lower().count(mark) for mark in ("<paper", "</paper")] == [1, 1]
    assert user.lower().count("<topic") + user.lower().count("</topic") == 0


@pytest.mark.parametrize("name", ["score.md", "summarise.md", "translate.md"])
def test_shipped_prompts(name: str) -> None:
    """The prompts that we ship are prompts."""
    found = PromptFile.parse((SHIPPED / name).read_text("utf-8"), name)
    lines = (SHIPPED / name).read_text("utf-8").splitlines()
    assert lines[found.system_line - 1] == found.system.splitlines()[0]
    assert lines[found.user_line - 1] == found.user.splitlines()[0]
