"""The archive over HTTP: for everyone, or for anyone with a reader's token, as the list in force says.

What lies in the folders decides nothing: pages that were public yesterday are closed with the list's next look.
"""

from __future__ import annotations

import os
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from newsletter.addresses import split_mailbox
from newsletter.archive import folder_of
from newsletter.models import ArchiveMode
from newsletter.readers import Counter, in_force, joining
from newsletter.tex import clean
from newsletter.tokens import Purpose, read
from newsletter.web import pages
from newsletter.web.languages import spoken

_HOME = "."  # as StaticFiles names the root
_NOBODY = "User-agent: *\nDisallow: /\n"  # without public pages there is nothing here for search engines


class _Folder(StaticFiles):
    def __init__(self, counter: Counter, mode: ArchiveMode) -> None:
        super().__init__(directory=folder_of(counter.data_dir, mode), html=True, check_dir=False)
        self._counter = counter

    async def get_response(self, path: str, scope: Scope) -> Response:
        """A file, the archive's own page for what is not there, or ours where there is no archive."""
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != HTTPStatus.NOT_FOUND:
                raise
        return await self.not_found(scope)

    async def not_found(self, scope: Scope) -> Response:
        """Our own page."""
        voice = await run_in_threadpool(spoken, self._counter, scope)
        return pages.answer(pages.not_found(voice), HTTPStatus.NOT_FOUND)

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Nothing whose name begins with a dot: a part that is being written, what someone else left there."""
        return ("", None) if any(step.startswith(".") for step in Path(path).parts) else super().lookup_path(path)

    async def check_config(self) -> None:
        """The folder is created with the first issue; until then, pages are not found, which is not an error."""


class PublicArchive(_Folder):
    """The public pages."""

    def __init__(self, counter: Counter) -> None:
        super().__init__(counter, ArchiveMode.PUBLIC)

    async def get_response(self, path: str, scope: Scope) -> Response:
        is_open = await run_in_threadpool(in_force.archive_mode, self._counter.store) is ArchiveMode.PUBLIC
        if path == "robots.txt" and not (is_open and (Path(str(self.directory)) / path).is_file()):
            return PlainTextResponse(_NOBODY)
        is_read = scope["method"] in ("GET", "HEAD")  # another one is not allowed, whatever lies there
        response = await (super().get_response(path, scope) if is_open or not is_read else self.not_found(scope))
        if path == _HOME and response.status_code == HTTPStatus.NOT_FOUND:
            return await run_in_threadpool(_home, self._counter, scope)
        return response


class PrivateArchive:
    """`/a/<token>/…`: the pages of a private archive. A token opens them as long as its reader gets email.

    Links in older emails also lead to pages that are public by now.
    """

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._files = {mode: _Folder(counter, mode) for mode in (ArchiveMode.PRIVATE, ArchiveMode.PUBLIC)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = scope.get("root_path", "")
        token, slash, _ = scope["path"].removeprefix(prefix).lstrip("/").partition("/")
        for_reader = _for_this_reader(send)
        files = await run_in_threadpool(self._opened, token)
        if files is None:
            voice = await run_in_threadpool(spoken, self._counter, scope)
            await pages.answer(pages.not_valid(voice), 404)(scope, receive, send)
        elif not slash:
            await RedirectResponse(f"{token}/", 308)(scope, receive, for_reader)
        else:
            await files({**scope, "root_path": f"{prefix}/{token}"}, receive, for_reader)

    def _opened(self, token: str) -> _Folder | None:
        subscriber_id = read(self._counter.keys, Purpose.ARCHIVE, token)
        subscriber = None if subscriber_id is None else self._counter.store.subscriber(subscriber_id)
        if subscriber is None or not subscriber.state.reads:
            return None
        return self._files.get(in_force.archive_mode(self._counter.store))


def _home(counter: Counter, scope: Scope) -> Response:
    """The page of a newsletter that has no issue yet, or none for everyone."""
    known = in_force.last_good(counter.store)
    voice = spoken(counter, scope)
    named = voice if voice.name else replace(voice, name=clean(split_mailbox(counter.letterhead.sender)[0]))
    mode = known.masthead.newsletter.archive if known else None
    return pages.answer(pages.home(named, mode, can_join=joining.open_masthead(counter) is not None))


def _for_this_reader(send: Send) -> Send:
    """No search engine and no cache on the way keeps what stands behind a token."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Cache-Control"], headers["X-Robots-Tag"] = "private, no-cache", "noindex"
        await send(message)

    return with_headers
