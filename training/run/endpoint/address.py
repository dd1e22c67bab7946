"""The address of an OpenAI-compatible endpoint, judged before anything is sent there."""

from __future__ import annotations

from urllib.parse import urlsplit


def fault(url: str) -> str:
    """Why nothing can be sent to this address, to be put after the setting's name; "" for a good one."""
    if not url.startswith(("http://", "https://")):
        return "must begin with http:// or https://"
    if not url.isprintable() or " " in url:
        return f"holds a space or a control character: {url!r}; write it as in https://host/v1"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # a port is only looked at when it is asked for
        (parts.path + parts.query).encode("ascii")
    except ValueError as error:  # a UnicodeError is one, too
        reason = "a path has only ASCII letters" if isinstance(error, UnicodeError) else error
        return f"is no address: {url!r} ({reason}); write it as in https://host/v1"
    return "" if host else f"names no host: {url!r}; write it as in https://host/v1"
