"""Issues → a folder of pages, feeds and data that any static host can serve, under any path.

day      one issue as a document, and reading it back: what was published stays
shelves  the days of all topics, and of each topic where there are several
views    what a page shows of days, months and papers: pure
labels   what it calls them, in the newsletter's first language
pages    the pages, by Jinja
feed     Atom, one entry for each day
search   the index that a browser searches without a server
site     what all pages share, and where they lie
plan     which files there are, and what each of them depends on
writing  only what changed, each file whole or not at all
"""

from newsletter.archive.day import Day, Stated, agrees, counts_hash, day_json, page_name, renewed
from newsletter.archive.plan import pages
from newsletter.archive.sample import SAMPLE
from newsletter.archive.site import Site, folder_of
from newsletter.archive.writing import Archive

__all__ = [
    "SAMPLE",
    "Archive",
    "Day",
    "Site",
    "Stated",
    "agrees",
    "counts_hash",
    "day_json",
    "folder_of",
    "page_name",
    "pages",
    "renewed",
]
