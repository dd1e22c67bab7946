"""Serve site/ at http://127.0.0.1:8000 (PORT moves it) with the MIME types that the labs need. Ctrl-C stops it."""

from __future__ import annotations

import os
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class SiteHandler(SimpleHTTPRequestHandler):
    """Static files; a WebAssembly module of the wrong type would keep every lab from starting."""

    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        "": "application/octet-stream",
        ".css": "text/css",
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript",
        ".json": "application/json",
        ".mjs": "text/javascript",
        ".svg": "image/svg+xml",
        ".wasm": "application/wasm",
        ".whl": "application/zip",
        ".woff2": "font/woff2",
        ".xml": "application/xml",
        ".zip": "application/zip",
    }

    def end_headers(self) -> None:
        """Let the browser ask again each time, so that a rebuilt page shows at once."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A missing page answers with the site's own 404 page."""
        own = Path(self.directory) / "404.html"
        if code != 404 or not own.exists():
            super().send_error(code, message, explain)
            return
        body = own.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Only what went wrong is worth a line."""
        if len(arguments) > 1 and str(arguments[1]).startswith(("4", "5")):
            super().log_message(format, *arguments)


def make_server(directory: Path, port: int) -> ThreadingHTTPServer:
    """A server of ``directory`` on the loopback address; OSError when the port is taken."""
    ThreadingHTTPServer.daemon_threads = True
    return ThreadingHTTPServer(("127.0.0.1", port), partial(SiteHandler, directory=str(directory)))


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
    print(f"Stage 10 is served at http://127.0.0.1:{text} (Ctrl-C stops it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("\nStopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
