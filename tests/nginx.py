"""A private nginx on a loopback port, with one `location` in front of a service."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = None if shutil.which("nginx") else "needs Debian's nginx-light"

_CONFIGURATION = """
daemon off;
master_process off;
pid {base}/pid;
error_log {base}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {base}/body;
  proxy_temp_path {base}/proxy;
  fastcgi_temp_path {base}/fastcgi;
  uwsgi_temp_path {base}/uwsgi;
  scgi_temp_path {base}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 404 "another service"; }}
    location {location} {{ proxy_pass {behind}; proxy_set_header Host $http_host; }}
  }}
}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        return int(chosen.getsockname()[1])


@contextmanager
def nginx(base: Path, port: int, location: str, behind: str) -> Iterator[None]:
    """Serves until the block ends; `behind` with a path replaces the location's, as nginx does."""
    base.mkdir()
    (base / "nginx.conf").write_text(
        _CONFIGURATION.format(base=base, port=port, location=location, behind=behind), "utf-8"
    )
    process = subprocess.Popen(
        ["nginx", "-p", base, "-e", base / "error.log", "-c", base / "nginx.conf"], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while not _listens(port):
            assert process.poll() is None, (base / "error.log").read_text("utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True
