"""The server of ``make site``: files of its folder, in whole or in part, and nothing else."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.checkout import ROOT

sys.path.insert(0, str(ROOT / "overrides" / "build"))

import serve  # noqa: E402

TEXT = bytes(range(256)) * 8
Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with a file, a folder with a page, one without, and links that lead out of it."""
    folder = tmp_path / "site"
    (folder / "page").mkdir(parents=True)
    (folder / "bare").mkdir()
    (folder / "trap").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "404.html").write_text("own page")
    (folder / "index.html").write_text("front")
    (folder / "page" / "index.html").write_text("a page")
    (folder / "bare" / "file.bin").write_bytes(TEXT)
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "out").symlink_to(tmp_path)
    (folder / "trap" / "index.html").symlink_to(tmp_path / "secret.txt")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "within.bin").symlink_to(folder / "bare" / "file.bin")
    return folder


@pytest.fixture
def port(site: Path) -> Iterator[int]:
    """A running server's port."""
    server = serve.make_server(site, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def ask(port: int) -> Ask:
    """``ask("/page/", Range="bytes=0-1")`` -> status, headers in lower case, body."""

    def get(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body

    return get


@pytest.mark.parametrize("path", ["/link.txt", "/out/secret.txt", "/trap/", "/loop", "/out/", "/page/../../secret.txt",
                                  "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/a%00b", "/" + "x" * 5000])  # fmt: skip
def test_no_way_leads_out_of_the_folder(ask: Ask, path: str) -> None:
    status, _, body = ask(path)
    assert (status, body) == (404, b"own page")


def test_a_folder_without_a_page_is_no_page(ask: Ask) -> None:
    assert ask("/bare/")[::2] == (404, b"own page")
    assert ask("/bare")[::2] == (404, b"own page")


def test_a_folder_with_a_page_answers_and_a_link_within_the_site_is_followed(ask: Ask) -> None:
    assert ask("/page/")[::2] == (200, b"a page")
    assert ask("/page")[0] == 301
    assert ask("/within.bin")[2] == TEXT


@pytest.mark.parametrize(
    ("asked", "body", "said"),
    [
        ("bytes=0-9", TEXT[:10], "bytes 0-9/2048"),
        ("bytes=2000-", TEXT[2000:], "bytes 2000-2047/2048"),
        ("bytes=-5", TEXT[-5:], "bytes 2043-2047/2048"),
        ("bytes=2040-9999", TEXT[2040:], "bytes 2040-2047/2048"),
        ("bytes=-9999", TEXT, "bytes 0-2047/2048"),
    ],
)
def test_a_part_of_a_file(ask: Ask, asked: str, body: bytes, said: str) -> None:
    status, headers, got = ask("/bare/file.bin", Range=asked)
    assert (status, headers.get("content-range"), got) == (206, said, body)


def test_a_part_beyond_the_end_is_refused_and_what_is_no_range_gets_the_whole(ask: Ask) -> None:
    for asked in ("bytes=2048-", "bytes=-0"):
        status, headers, _ = ask("/bare/file.bin", Range=asked)
        assert (status, headers["content-range"]) == (416, "bytes */2048")
    for asked in ("bytes=", "bytes=5-2", "lines=1-2", "bytes=0-1,4-5", "bytes=a-b", "bytes=-"):
        assert ask("/bare/file.bin", Range=asked)[::2] == (200, TEXT)
    assert ask("/bare/file.bin", Range="bytes=0-1", If_Range='"x"')[2] == TEXT
    assert ask("/bare/file.bin", "HEAD", Range="bytes=0-1")[::2] == (206, b"")


@given(st.text(max_size=40) | st.from_regex(r"bytes=\d{0,25}-\d{0,25}", fullmatch=True), st.integers(0, 10_000))
def test_any_range_is_within_the_file_or_refused(header: str, size: int) -> None:
    try:
        part = serve.part_of(header, size)
    except serve.NotSatisfiable:
        return
    assert part is None or 0 <= part[0] <= part[1] < size


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.wasm", "application/wasm"), ("a.mjs", "text/javascript"), ("a.js", "text/javascript"), ("a.css", "text/css"),
     ("a.woff2", "font/woff2"), ("a.xml", "application/xml"), ("a.ipynb", "application/x-ipynb+json"),
     ("a.webmanifest", "application/manifest+json"), ("a.pack", "application/octet-stream"),
     ("a.svg", "image/svg+xml")],
)  # fmt: skip
def test_types_do_not_hang_on_the_machine(ask: Ask, site: Path, name: str, kind: str) -> None:
    (site / name).write_bytes(b"x")
    headers = ask(f"/{name}")[1]
    assert headers["content-type"].split(";")[0] == kind
    assert headers["x-content-type-options"] == "nosniff" and headers["accept-ranges"] == "bytes"


def test_clients_that_misbehave_leave_no_traceback(port: int, ask: Ask, capfd: pytest.CaptureFixture[str]) -> None:
    for said in (
        b"GET /bare/file.bin HTTP/1.0\r\n\r\n",
        b"\x00\xff\r\n\r\n",
        b"GET",
        b"BREW / HTTP/1.1\r\n\r\n",
        b"GET /%00 HTTP/1.0\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(said)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # hangs up at once
    assert ask("/")[0] == 200
    assert "Traceback" not in capfd.readouterr().err


def test_a_file_that_may_not_be_read_is_not_found(ask: Ask, site: Path) -> None:
    (site / "locked.txt").write_text("x")
    (site / "locked.txt").chmod(0)
    if os.geteuid():
        assert ask("/locked.txt")[0] == 404
