"""Make the README's picture: the demo's email on a phone, light, dark in Chinese, and its contents. Needs Chromium."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
OUTBOX = Path("var/demo/outbox")
PICTURE = Path("docs/demo-mail.png")
WIDTH, HEIGHT, GAP = 376, 648, 28
_PAGE = """<!doctype html>
<style>
  body {{ margin: 0; padding: {gap}px; display: flex; gap: {gap}px; background: #dde3ea; }}
  div {{ position: relative; flex: none; border-radius: 22px; overflow: hidden; }}
  div::after {{ content: ""; position: absolute; inset: auto 0 0; height: 64px;
    background: linear-gradient(transparent, var(--page)); }}
  iframe {{ display: block; width: {width}px; height: {height}px; border: 0; }}
  .light {{ --page: #ffffff; color-scheme: light; }}
  .dark {{ --page: #0d1117; color-scheme: dark; }}
</style>
{phones}
"""
_PHONE = '<div class="{scheme}"><iframe src="{page}" scrolling="no"></iframe></div>'


def main() -> None:
    """Write docs/demo-mail.png."""
    mails = sorted(OUTBOX.glob("*.html"))
    if len(mails) < 2:
        sys.exit("run `make demo` first")
    english, chinese = mails[:2]
    shown = [(english, "light"), (chinese, "dark"), (english, "light")]
    phones = "".join(_PHONE.format(scheme=scheme, page=mail.resolve().as_uri()) for mail, scheme in shown)
    page = OUTBOX.parent / "picture.html"
    page.write_text(_PAGE.format(gap=GAP, width=WIDTH, height=HEIGHT, phones=phones), "utf-8")
    size = {"width": 3 * WIDTH + 4 * GAP, "height": HEIGHT + 2 * GAP}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        # Each frame asks its own element for light or dark, unless the browser is told to answer for all.
        window = browser.new_page(viewport=size, device_scale_factor=1.25, color_scheme="null")
        window.goto(page.resolve().as_uri())
        # The screen behind the first paper: the list of the others, and the second one.
        window.frames[3].evaluate("scrollTo(0, document.querySelectorAll('h2')[1].getBoundingClientRect().top - 4)")
        window.screenshot(path=PICTURE)
        browser.close()
    print(PICTURE)


if __name__ == "__main__":
    main()
