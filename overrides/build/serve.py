"""Serve site/ at http://127.0.0.1:8000 (PORT moves it) with the MIME types that the labs need. Ctrl-C stops it.

Files of the folder and nothing else: no listing, no link that leads out of it, no word of this program's own errors.
"""

from __future__ import annotations

import os
import re
import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parents[2]
RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")
QUIET_SECONDS = 30  # a client that says nothing for so long is let go


class NotSatisfiable(ValueError):
    """The part that a client asks for begins after the file's end."""


def part_of(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte that a ``Range`` header asks for; None where the whole file is the answer.

    Several parts at once and what is no range are answered by the whole file, as RFC 9110 (14.2) allows.

    Raises:
        NotSatisfiable: the part begins after the file's end, or is empty.
    """
    match = RANGE.fullmatch(header.strip())
    if not match or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
        if match[2] and int(match[2]) < int(match[1]):
            return None
    if first > last:
        raise NotSatisfiable
    return first, last


class SiteHandler(SimpleHTTPRequestHandler):
    """Static files; a WebAssembly module of the wrong type would keep every lab from starting."""

    timeout = QUIET_SECONDS
    server_version = "site"
    sys_version = ""
    extensions_map = {
        "": "application/octet-stream",
        ".css": "text/css; charset=utf-8",
        ".gif": "image/gif",
        ".html": "text/html; charset=utf-8",
        ".ico": "image/vnd.microsoft.icon",
        ".ipynb": "application/x-ipynb+json",
        ".jpg": "image/jpeg",
        ".js": "text/javascript",
        ".json": "application/json",
        ".md": "text/markdown; charset=utf-8",
        ".mjs": "text/javascript",
        ".pdf": "application/pdf",
        ".png": "image/png",
        ".svg": "image/svg+xml",
        ".txt": "text/plain; charset=utf-8",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
        ".webp": "image/webp",
        ".whl": "application/zip",
        ".woff2": "font/woff2",
        ".xml": "application/xml",
        ".zip": "application/zip",
    }

    def guess_type(self, path: str | os.PathLike[str]) -> str:
        """By our own table alone: the machine's may say otherwise."""
        return self.extensions_map.get(Path(path).suffix.lower(), self.extensions_map[""])

    def send_head(self) -> BinaryIO | BytesIO | None:
        """The headers of a file of the folder, of a part of it, or of the page that says that there is none."""
        file = self._file()
        if file is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        asked = self.headers.get("Range")
        # An If-Range names a state of the file; which one it is would have to be looked up, and the whole is right too.
        if asked and not self.headers.get("If-Range") and file.is_file() and not self.path.split("?")[0].endswith("/"):
            return self._send_part(file, asked)
        return super().send_head()

    def _file(self) -> Path | None:
        """What the address names, if that is in the folder: following links, a page for a folder."""
        try:
            root = Path(self.directory).resolve()
            file = Path(self.translate_path(self.path))
            named = [file, file / "index.html"] if file.is_dir() else [file]
            return file if all(path.resolve().is_relative_to(root) for path in named) and named[-1].is_file() else None
        except (OSError, ValueError, RuntimeError):
            return None  # a name that no file can have, or a link that leads to itself

    def _send_part(self, file: Path, asked: str) -> BinaryIO | BytesIO | None:
        try:
            content = file.read_bytes()
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        try:
            part = part_of(asked, len(content))
        except NotSatisfiable:
            self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        if part is None:
            return super().send_head()
        first, last = part
        self.send_response(HTTPStatus.PARTIAL_CONTENT)
        self.send_header("Content-Type", self.guess_type(str(file)))
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        return BytesIO(content[first : last + 1])

    def list_directory(self, path: str | os.PathLike[str]) -> None:
        """A folder without a page is no page."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def end_headers(self) -> None:
        """Let the browser ask again each time, so that a rebuilt page shows at once, and believe the type it gets."""
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("X-Content-Type-Options", "nosniff")
        super().end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A missing page answers with the site's own 404 page."""
        own = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not own.is_file():
            super().send_error(code, message, explain)
            return
        body = own.read_bytes()
        self.send_response(HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Only what went wrong is worth a line."""
        if len(arguments) > 1 and str(arguments[1]).startswith(("4", "5")):
            super().log_message(format, *arguments)


class SiteServer(ThreadingHTTPServer):
    """A server that a client who hangs up does not trouble."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """One line, and none for a client that went away."""
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            print(f"A request failed: {type(error).__name__}: {error}", file=sys.stderr)


def make_server(directory: Path, port: int) -> SiteServer:
    """A server of ``directory`` on the loopback address; OSError when the port is taken."""
    return SiteServer(("127.0.0.1", port), partial(SiteHandler, directory=str(directory)))


def main() -> int:
    """Serve until Ctrl-C."""
    site = ROOT / "site"
    if not (site / "index.html").exists():
        print("There is no site/ yet: run make site.", file=sys.stderr)
        return 3
    text = os.environ.get("PORT", "8000")
    if not text.isdigit() or not 0 < int(text) < 65536:
        print(f"PORT={text} is not a port: give a number from 1 to 65535.", file=sys.stderr)
        return 2
    try:
        server = make_server(site, int(text))
    except OSError as error:
        print(
            f"Port {text} cannot be used ({error.strerror}): run PORT={int(text) % 65535 + 1} make site.",
            file=sys.stderr,
        )
        return 3
    print(f"The site is served at http://127.0.0.1:{text} (Ctrl-C stops it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
