"""Make pictures of every kind of email in var/pictures: phone and desktop, light and dark. Needs Chromium.

Run from the repository's folder; `make pictures` does. Names as arguments make only these.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from newsletter import pipeline  # the tests' editions are at hand only with the repository's folder
from newsletter.models import Edition, Line
from newsletter.render import Renderer
from tests import spoken
from tests.mails import KINDS, TEMPLATES, mailed
from tests.morning import ROSTER, desk_of, outbox, part, practice
from tests.test_directions import INTERFACE, LINES

CHROMIUM = "/usr/bin/chromium"
FOLDER = Path("var/pictures")
SIZES = {"phone-360": 360, "phone-375": 375, "desktop-700": 700, "desktop-1200": 1200}
SCREEN = 812  # pixels: the first screen of a phone


def pages() -> Iterator[tuple[str, str]]:
    """Each email by name, as HTML: the sample day's, one of every kind, and one from right to left."""
    with tempfile.TemporaryDirectory() as folder:
        with practice(Path(folder), roster=ROSTER) as (_, settings), desk_of(settings) as desk:
            pipeline.run(desk)
            for address, mail in outbox(settings).items():
                yield f"day-{address.partition('@')[0]}", part(mail, "html")
        renderer = Renderer([TEMPLATES], None)
        for kind, make in _kinds().items():
            yield kind, mailed(renderer, make()).html
        arabic = Renderer([spoken.put(Path(folder) / "templates", "ar", INTERFACE), TEMPLATES], None)
        yield "right-to-left", mailed(arabic, _in_arabic(KINDS["english"]())).html


def _kinds() -> Mapping[str, Callable[[], Edition]]:
    return {name: make for name, make in KINDS.items() if name != "hostile"}


def _in_arabic(edition: Edition) -> Edition:
    lines = (Line("ar", LINES["ar"]), Line("en", "Gives each layer its own budget."))
    sections = tuple(
        replace(section, entries=tuple(replace(entry, lines=lines) for entry in section.entries))
        for section in edition.sections
    )
    return replace(edition, wishes=replace(edition.wishes, languages=("ar", "en")), sections=sections)


def photograph(browser: Browser, name: str, html: str) -> None:
    """The whole page at every size and in both schemes, and the first screen of a phone."""
    for (size, width), scheme in product(SIZES.items(), ("light", "dark")):
        page = browser.new_page(viewport={"width": width, "height": SCREEN}, color_scheme=scheme)
        page.set_content(html)
        page.screenshot(path=FOLDER / f"{name}-{size}-{scheme}.png", full_page=True)
        if size == "phone-375":
            page.screenshot(path=FOLDER / f"{name}-first-screen-{scheme}.png")
        height = page.evaluate("document.documentElement.scrollHeight")
        print(f"{name:16} {size:13} {scheme:6} {height:6} px high")
        page.close()


def main() -> None:
    """Write var/pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:]
    made = [(name, html) for name, html in pages() if not wanted or name in wanted]  # a browser has a loop of its own
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        for name, html in made:
            photograph(browser, name, html)
        browser.close()
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")


if __name__ == "__main__":
    main()
