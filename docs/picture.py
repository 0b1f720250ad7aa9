"""Make the README's picture: the demo's first mail on a phone, light and dark, side by side. Needs Chromium."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
OUTBOX = Path("var/demo/outbox")
PICTURE = Path("docs/demo-mail.png")
_FRAME = """<body style="margin:0;display:flex;gap:24px;background:#8b949e;padding:24px">{}</body>"""
_PHONE = '<img style="width:375px;height:780px;object-fit:cover;object-position:top;border-radius:18px" src="{}">'


def main() -> None:
    """Write docs/demo-mail.png."""
    pages = sorted(OUTBOX.glob("*.html"))
    if len(pages) < 2:
        sys.exit("run `make demo` first")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        shots = []
        # The overview in both languages, then a paper.
        for number, (page, scheme, scroll) in enumerate(
            [(pages[0], "light", 0), (pages[1], "dark", 0), (pages[0], "light", 1)]
        ):
            window = browser.new_page(
                viewport={"width": 375, "height": 780}, color_scheme=scheme, device_scale_factor=2
            )
            window.goto(page.resolve().as_uri())
            if scroll:
                window.locator("h3").first.evaluate("element => element.scrollIntoView()")
                window.evaluate("window.scrollBy(0, -24)")
            shot = Path(f"var/demo/shot{number}.png")
            window.screenshot(path=shot)
            shots.append(_PHONE.format(shot.resolve().as_uri()))
        frame = Path("var/demo/frame.html")
        frame.write_text(_FRAME.format("".join(shots)), "utf-8")
        window = browser.new_page(viewport={"width": 375 * 3 + 24 * 4, "height": 780 + 48}, device_scale_factor=1.5)
        window.goto(frame.resolve().as_uri())
        window.screenshot(path=PICTURE)
        browser.close()
    print(PICTURE)


if __name__ == "__main__":
    main()
