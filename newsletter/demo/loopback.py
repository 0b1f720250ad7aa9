"""One small HTTP/1.1 server on loopback: both practice servers use it for answers and for faults."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from socketserver import TCPServer
from types import TracebackType
from typing import Self, cast

from newsletter.demo.faults import Fault, Request, Response, apply_fault


class Loopback:
    """A server on 127.0.0.1 with an ephemeral port; subclasses say what they answer."""

    def __init__(self) -> None:
        self.faults: list[Fault | None] = []  # the next request takes the first that fits; None: all is well
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(self)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        # A short poll lets close() return at once instead of after the default half second.
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def answer(self, request: Request, fault: Fault | None) -> Response:
        """The response without transport faults, which are applied afterwards."""
        raise NotImplementedError

    def handle(self, request: Request) -> Response:
        """The response as it goes out."""
        fault = self._next_fault(request.path)
        good = self.answer(request, fault)
        return apply_fault(fault, good) if fault else good

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than the server lives."""
        if seconds > 0:
            self._closing.wait(seconds)

    def close(self) -> None:
        """Stop listening and end open connections; a second call does nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def _next_fault(self, path: str) -> Fault | None:
        with self._lock:
            for position, fault in enumerate(self.faults):
                if fault is None or fault.where in path:
                    return self.faults.pop(position)
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256  # a whole day's model requests arrive at once; the default of 5 makes clients wait

    def __init__(self, owner: Loopback) -> None:
        self.owner = owner
        self.open: set[socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse name look-up of HTTPServer, which can take seconds on a machine without DNS."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def hang_up(self) -> None:
        """End kept-alive connections, so that their threads end too."""
        for connection in list(self.open):
            try:
                connection.shutdown(SHUT_RDWR)
            except OSError:  # the client was faster
                continue

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # clients that time out are what tests are about
            super().handle_error(cast("socket", request), client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "practice", ""
    wbufsize = 1 << 16  # head and body leave together, else delayed acknowledgement costs 40 ms a request
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        cast("_Server", self.server).open.add(self.connection)

    def finish(self) -> None:
        cast("_Server", self.server).open.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def _respond(self) -> None:
        owner = cast("_Server", self.server).owner
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(owner.handle(Request(method=self.command, path=self.path, headers=headers, body=body)), owner)

    def _send(self, response: Response, owner: Loopback) -> None:
        owner.pause(response.wait)
        if response.send == 0:
            self.close_connection = True
            return
        self.send_response(response.status)
        headers = {"Content-Type": response.content_type, "Content-Length": str(len(response.body))}
        for name, value in (headers | dict(response.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body[: response.send])
        self.close_connection |= response.send is not None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Say nothing: requests are kept in lists that tests read."""
