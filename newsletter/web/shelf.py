"""The archive over HTTP: for everyone, or for anyone with a reader's token."""

from __future__ import annotations

import os
from http import HTTPStatus
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from newsletter.archive import folder_of
from newsletter.models import ArchiveMode
from newsletter.readers import Counter
from newsletter.tokens import Purpose, read
from newsletter.web import pages
from newsletter.web.languages import spoken

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
        if path == "robots.txt" and not (Path(str(self.directory)) / path).is_file():
            return PlainTextResponse(_NOBODY)
        return await super().get_response(path, scope)


class PrivateArchive:
    """`/a/<token>/…`: the pages of a private archive. A token opens them as long as its reader gets email."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._files = _Folder(counter, ArchiveMode.PRIVATE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        prefix = scope.get("root_path", "")
        token, slash, _ = scope["path"].removeprefix(prefix).lstrip("/").partition("/")
        for_reader = _for_this_reader(send)
        if not await run_in_threadpool(self._opens, token):
            voice = await run_in_threadpool(spoken, self._counter, scope)
            await pages.answer(pages.not_valid(voice), 404)(scope, receive, send)
        elif not slash:
            await RedirectResponse(f"{token}/", 308)(scope, receive, for_reader)
        else:
            await self._files({**scope, "root_path": f"{prefix}/{token}"}, receive, for_reader)

    def _opens(self, token: str) -> bool:
        subscriber_id = read(self._counter.keys, Purpose.ARCHIVE, token)
        if subscriber_id is None:
            return False
        subscriber = self._counter.store.subscriber(subscriber_id)
        return subscriber is not None and subscriber.state.reads


def _for_this_reader(send: Send) -> Send:
    """No search engine and no cache on the way keeps what stands behind a token."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Cache-Control"], headers["X-Robots-Tag"] = "private, no-cache", "noindex"
        await send(message)

    return with_headers
