"""Hook: what may leave the overrides folder for the site, and instant navigation under any sub-path."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from mkdocs.exceptions import PluginError

PRIVATE_FOLDERS = ("build/", "hooks/", "labs/")
PRIVATE_SUFFIXES = (".yml", ".sh", ".mjs", ".py")
# Material takes the sitemap's addresses as they stand and swaps only the host. Served elsewhere than at site_url
# (another port, a sub-path) no link is known to it and every click loads a whole page. This swaps the base too.
HOST_ONLY = re.compile(r"function (\w+)\((\w),(\w)\)\{return \2\.protocol=\3\.protocol,\2\.hostname=\3\.hostname,\2\}")

# Material writes `href` anew on all that has one; on the labs' <image> inside an SVG that throws and ends its script.
LINKED = '"[href], [src]"'
LINKED_BUT_PICTURES = '"[href]:not(image), [src]"'


def _is_private(source: str, from_theme: bool) -> bool:
    if from_theme:
        return source.startswith(PRIVATE_FOLDERS) or source.endswith(PRIVATE_SUFFIXES)
    return source.startswith("reference/") and source.endswith(".yml")


def on_files(files, config):
    """Keep hooks, build scripts and the labs' unbundled sources out of the site."""
    docs = str(Path(config.docs_dir).resolve())
    for file in list(files):
        from_theme = not str(Path(file.src_dir or docs).resolve()).startswith(docs)
        if _is_private(file.src_uri, from_theme and file.generated_by is None):
            files.remove(file)
    return files


def on_post_build(config):
    """Let Material's sitemap lookup follow the place that the site is really served from."""
    [bundle] = (Path(config.site_dir) / "assets" / "javascripts").glob("bundle.*.min.js")
    prefix = len(urlsplit(config.site_url).path or "/")
    patched, count = HOST_ONLY.subn(
        lambda match: (
            f"function {match[1]}({match[2]},{match[3]}){{return new URL("
            f"{match[2]}.pathname.slice({prefix})||'./',{match[3]})}}"
        ),
        bundle.read_text(encoding="utf-8"),
    )
    if count != 1:
        raise PluginError("Material's bundle has changed: patch its sitemap lookup anew (overrides/hooks/assets.py)")
    if LINKED not in patched:
        raise PluginError("Material's bundle has changed: look how it resolves links (overrides/hooks/assets.py)")
    bundle.write_text(patched.replace(LINKED, LINKED_BUT_PICTURES), encoding="utf-8")
    for map_file in bundle.parent.parent.rglob("*.map"):
        map_file.unlink()
