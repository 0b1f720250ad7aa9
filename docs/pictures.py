"""Make pictures of every kind of email and page in var/pictures: phone and desktop, light and dark. Needs Chromium.

The README's three are copied into docs.

Run from the repository's folder; `make pictures` does. Names as arguments make only these.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, cast

import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette

sys.path.insert(0, str(Path(__file__).parent.parent))

from newsletter import pipeline  # the tests' editions are at hand only with the repository's folder
from newsletter.models import Edition, Line, MarkedBy, MarkKind, Subscriber
from newsletter.readers import Counter, in_force, joining, marking, moving, rights
from newsletter.render import Renderer
from newsletter.times.clock import utc_now
from newsletter.tokens import Purpose, make
from newsletter.web import build
from tests import spoken
from tests.counters import counter_of
from tests.mails import KINDS, TEMPLATES, mailed
from tests.morning import ROSTER, desk_of, outbox, part, practice
from tests.test_directions import INTERFACE, LINES
from tests.test_joining import a_request

CHROMIUM = "/usr/bin/chromium"
JOINABLE = {
    "public_url": "https://news.example.org", "postal_address": "1 Road, Town", "admin_email": "owner@example.org",
}  # fmt: skip
FOLDER = Path("var/pictures")
SIZES = {"phone-360": 360, "phone-375": 375, "desktop-700": 700, "desktop-1200": 1200}
README = {  # by name in docs/: small, and of the same size
    "email-light.png": "day-ada-first-screen-light", "email-dark.png": "day-chen-first-screen-dark",
    "archive.png": "page-front-en-first-screen-light",
}  # fmt: skip
ERRORS = ("page-link", "page-undo-over", "page-not-found")
SCREEN = 812  # pixels: the first screen of a phone


def emails() -> Iterator[tuple[str, str]]:
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


@contextmanager
def web(folder: Path, languages: tuple[str, ...]) -> Iterator[Mapping[str, str]]:
    """The addresses of every page, by name, while a web part over the sample day serves them in these languages."""
    main = languages[0]
    if main == "ar":
        spoken.put(folder / "templates", main, INTERFACE)
    roster = f"newsletter: {{languages: [{', '.join(languages)}], join: open}}\n{ROSTER}"
    with practice(folder, roster=roster) as (_, given):
        settings = given.model_copy(update=JOINABLE)
        with desk_of(settings) as desk:
            pipeline.run(desk)
            pipeline.publish(desk)
        with counter_of(settings, utc_now) as counter, _served(build(counter)) as address:
            in_force.take_in(counter, in_force.load(counter))
            reader = next(one for one in counter.store.subscribers() if counter.store.reader(one.id))
            leave, prefer = (make(counter.keys, what, reader.id) for what in (Purpose.LEAVE, Purpose.PREFERENCES))
            day = next((settings.data_dir / "archive").glob("????-??-??.html")).stem
            paper = next((settings.data_dir / "archive" / "papers").glob("*.html")).name
            paths = {
                "front": "", "month": f"{day[:7]}.html", "day": f"{day}.html", "paper": f"papers/{paper}",
                "search": "search.html?q=model", "leave": f"u/{leave}", "preferences": f"p/{prefer}",
                "join": "join", "confirm": f"j/{_asked(counter, main)}", "privacy": "privacy",
                "link": "u/forged", "undo-over": "undo/0", "not-found": "nothing",
                **_personal(counter, reader, day), "left": f"u/{leave}",  # at last: it leaves
            }  # fmt: skip
            yield {f"page-{name}-{main}": f"{address}/{path}" for name, path in paths.items()}


def _personal(counter: Counter, reader: Subscriber, day: str) -> Mapping[str, str]:
    """The pages of a reader who marked the first papers and asked for everything that is sent as a link."""
    if (printed := counter.store.printed(reader.id, date.fromisoformat(day))) is None:
        raise LookupError(f"no email of {day}")
    shown = [one.arxiv_id for one in printed.papers[:3]]
    for kind, arxiv_ids in ((MarkKind.LIKE, shown[:1]), (MarkKind.SAVE, shown)):
        marking.mark(counter, reader.id, kind, arxiv_ids, MarkedBy.PAGE, printed)
    marks, saved = (make(counter.keys, what, reader.id) for what in (Purpose.MARKS, Purpose.SAVED))
    links = {kind.purpose: f"t/{rights.link(counter, kind, reader)}" for kind in (rights.DOWNLOAD, rights.ERASE)}
    move, _ = moving.begin(counter, reader, "new@example.org")
    clicked = f"f/{marks}?e={day.replace('-', '')}&p=2&m=1"
    return {"marking": clicked, "saved": f"s/{saved}", "move": f"t/{move}", **links}


def _asked(counter: Counter, language: str) -> str:
    """The secret of a link that confirms a request to join."""
    request = replace(a_request("eve@example.net", counter.now()), language=language)
    return joining.invite(counter, request)[0]


@contextmanager
def _served(application: Starlette) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def _kinds() -> Mapping[str, Callable[[], Edition]]:
    return {name: make for name, make in KINDS.items() if name != "hostile"}


def _in_arabic(edition: Edition) -> Edition:
    lines = (Line("ar", LINES["ar"]), Line("en", "Gives each layer its own budget."))
    sections = tuple(
        replace(section, entries=tuple(replace(entry, lines=lines) for entry in section.entries))
        for section in edition.sections
    )
    return replace(edition, wishes=replace(edition.wishes, languages=("ar", "en")), sections=sections)


def photograph(browser: Browser, name: str, open_it: Callable[[Page], object]) -> None:
    """The whole page at every size and in both schemes, and the first screen of a phone."""
    for (size, width), scheme in product(SIZES.items(), ("light", "dark")):
        page = browser.new_page(
            viewport={"width": width, "height": SCREEN}, color_scheme=cast(Any, scheme), locale=_locale(name)
        )
        open_it(page)
        if size == "phone-375":
            page.screenshot(path=FOLDER / f"{name}-first-screen-{scheme}.png")
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size(
            {"width": width, "height": height}
        )  # what sticks to the screen's end lies where it belongs
        page.screenshot(path=FOLDER / f"{name}-{size}-{scheme}.png", full_page=True)
        print(f"{name:20} {size:13} {scheme:6} {height:6} px high")
        page.close()


def _visit(page: Page, address: str, *, is_error: bool, does_leave: bool) -> None:
    """Opens a page that is there, and one that is not only where that is what the picture is about."""
    answer = page.goto(address, wait_until="networkidle")  # the search reads its index behind the page
    if answer is None or answer.ok is is_error:
        raise LookupError(f"{address} answers {answer and answer.status}")
    if does_leave:
        page.get_by_role("button").first.click()


def _locale(name: str) -> str:
    return name.rpartition("-")[2] if name.startswith("page-") else "en"


def main() -> None:
    """Write var/pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:]

    def is_wanted(name: str) -> bool:
        return not wanted or any(name.startswith(one) for one in wanted)

    made = [(name, html) for name, html in emails() if is_wanted(name)]  # a browser has a loop of its own
    with ExitStack() as open_sites:
        addresses: dict[str, str] = {}
        for languages in (("en", "zh"), ("zh", "en"), ("ar", "en")) if not wanted or "page" in "".join(wanted) else ():
            folder = Path(open_sites.enter_context(tempfile.TemporaryDirectory()))
            addresses |= open_sites.enter_context(web(folder, languages))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            for name, html in made:
                photograph(browser, name, partial(Page.set_content, html=html))
            for name, address in addresses.items():
                if is_wanted(name):
                    photograph(
                        browser,
                        name,
                        partial(
                            _visit,
                            address=address,
                            is_error=name.startswith(ERRORS),
                            does_leave=name.startswith("page-left"),
                        ),
                    )
            browser.close()
    for name, shown in README.items():
        if is_wanted(shown):
            shutil.copyfile(FOLDER / f"{shown}.png", Path("docs") / name)
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")


if __name__ == "__main__":
    main()
