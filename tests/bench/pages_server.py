"""A server that answers as GitHub Pages does: gzip for text and WebAssembly, ETag, ten minutes of cache, a sub-path.

Compressed bodies are kept, so that the time to compress never lands in a measurement; every answer is logged with
the bytes of its body, so that weights are what would have gone over the network.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".xml": "application/xml",
    ".txt": "text/plain; charset=utf-8",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".zip": "application/zip",
}
COMPRESSED = {".html", ".js", ".mjs", ".css", ".json", ".wasm", ".svg", ".xml", ".txt"}
GZIP_LEVEL = 6


@dataclass
class Site:
    """What is served: folders by the path they are mounted at (longest first), and the log of answers."""

    mounts: dict[str, Path]
    log: list[tuple[str, int]] = field(default_factory=list)
    bodies: dict[Path, tuple[bytes, str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def file_for(self, path: str) -> Path | None:
        """The file that a request path means, or None; nothing outside a mounted folder is ever found."""
        for prefix in sorted(self.mounts, key=len, reverse=True):
            if path.startswith(prefix):
                folder = self.mounts[prefix].resolve()
                found = (folder / path.removeprefix(prefix)).resolve()
                if path.endswith("/"):
                    found = found / "index.html"
                return found if found.is_file() and found.is_relative_to(folder) else None
        return None

    def body_for(self, file: Path) -> tuple[bytes, str]:
        """Body as it travels, and its ETag."""
        with self.lock:
            if file not in self.bodies:
                raw = file.read_bytes()
                body = gzip.compress(raw, GZIP_LEVEL, mtime=0) if file.suffix in COMPRESSED else raw
                self.bodies[file] = body, f'"{hashlib.sha256(raw).hexdigest()[:20]}"'
            return self.bodies[file]

    def warm_up(self) -> None:
        """Read and compress every file now rather than inside a measurement."""
        for folder in self.mounts.values():
            for file in folder.rglob("*"):
                if file.is_file():
                    self.body_for(file.resolve())

    def take_log(self) -> list[tuple[str, int]]:
        """Answers since the last call: (path, bytes of body)."""
        with self.lock:
            taken, self.log = self.log, []
        return taken


class GzipHandler(BaseHTTPRequestHandler):
    """One request, answered as GitHub Pages would."""

    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        """A file, 304 when the browser has it, 301 for a folder without its slash, or the site's own 404."""
        path = unquote(urlsplit(self.path).path)
        file = self.site.file_for(path)
        if file is None and self.site.file_for(path + "/"):
            self._answer(301, b"", {"Location": path + "/"})
            return
        if file is None:
            self._answer(404, b"not found", {"Content-Type": "text/plain"})
            return
        body, tag = self.site.body_for(file)
        headers = {
            "Content-Type": TYPES.get(file.suffix, "application/octet-stream"),
            "ETag": tag,
            "Cache-Control": "max-age=600",
            "Vary": "Accept-Encoding",
        }
        if file.suffix in COMPRESSED:
            headers["Content-Encoding"] = "gzip"
        if self.headers.get("If-None-Match") == tag:
            self._answer(304, b"", headers)
        else:
            self._answer(200, body, headers)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        with self.site.lock:
            self.site.log.append((urlsplit(self.path).path, len(body)))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the browser has left the page

    def log_message(self, format: str, *arguments: object) -> None:
        """The log that counts is the site's."""


class QuietServer(ThreadingHTTPServer):
    """A browser that closes mid-request is no event worth a traceback."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Only what is not a broken connection is shown."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(mounts: dict[str, Path]):
    """Serve folders on a free port of the loopback address; yields (address without a slash, Site)."""
    site = Site(mounts)
    handler = type("Handler", (GzipHandler,), {"site": site})
    server = QuietServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", site
    finally:
        server.shutdown()
        server.server_close()
