"""Hook: the furniture of a page from its front matter: header card, ladder, cards; links to coming pages as text."""

from __future__ import annotations

import logging
import posixpath
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.utils import get_relative_url

sys.path.insert(0, str(Path(__file__).parent))

import registry  # noqa: E402
from first_picture import spectrum  # noqa: E402
from outcomes import right_answers  # noqa: E402

log = logging.getLogger("mkdocs.hooks.furniture")
PLACE = re.compile(r'<div data-s10="(\w+)"(?: data-group="(\w+)")?></div>')
ANCHOR = re.compile(r'<a\b([^>]*?)\bhref="([^"#:]*)(#[^"]*)?"([^>]*)>(.*?)</a>', re.DOTALL)
LAB = re.compile(r'(?:<p>\s*)?<lab-view slug="([^"]*)">\s*</lab-view>(?:\s*</p>)?')
HEADING = re.compile(r"<h1\b.*?</h1>", re.DOTALL)
HEADING_END = re.compile("</h1>")
TITLE_PLACE = "<!-- the page's title -->"  # in partials/front.html
ON_THE_LADDER = '<p class="s10-place"><a href="{ladder}">Ladder, {rung} of {rungs}{part}</a></p>'
COMING = '<span class="s10-coming">{text}<span class="s10-coming__mark"> (coming)</span></span>'
HARDWARE = {
    "browser": "Runs in this page",
    "CPU": "Any laptop's CPU",
    "8 GB": "A GPU with 8 GB",
    "24 GB": "A GPU with 24 GB",
    "80 GB": "A GPU with 80 GB",
}
BUILD: dict[str, Any] = {"env": None}


def _coming_urls(config) -> set[str]:
    return {entry.address for entry in registry.entries(config.extra["groups"]) if not entry.ready}


def on_env(env, config, files):
    """Keep the template environment for the partials that stand inside a page's content."""
    env.globals |= {"hardware_words": HARDWARE, "first_picture": spectrum}
    BUILD["env"] = env
    return env


def on_page_markdown(markdown, page, config, files):
    """``status`` is ours; Material would draw an icon for it in the navigation."""
    page.meta["is_coming"] = page.meta.pop("status", "ready") == "coming"
    for need in page.meta.get("prerequisites") or []:
        if isinstance(need, dict) and str(need.get("url", "")).endswith(".md"):
            need["url"] = _page_address(need["url"], page, config, files)
            need["coming"] = need["url"] is None


def _page_address(link: str, page, config, files) -> str | None:
    """Address of a page named in front matter by its file; None when it is still coming."""
    source = posixpath.normpath(posixpath.join(posixpath.dirname(page.file.src_uri), link))
    target = files.get_file_from_path(source)
    if target is None:
        log.warning("%s: front matter: no page '%s'", page.file.src_uri, link)
        return None
    coming = target.url.rstrip("/") + "/" in _coming_urls(config)
    return None if coming else target.url_relative_to(page.file)


def on_page_content(html, page, config, files):
    """A link to a page that is not written yet becomes plain words that say so."""
    coming = _coming_urls(config)

    def unlink(match: re.Match) -> str:
        if not match[2]:
            return match[0]
        target = posixpath.normpath(posixpath.join("/", page.url, match[2])).strip("/") + "/"
        return COMING.format(text=match[5]) if target in coming else match[0]

    return ANCHOR.sub(unlink, html)


def on_page_context(context, page, config, nav):
    """Put the header card behind the title, and the ladder and the cards where the page asks for them."""
    groups = {group.key: group for group in config.extra["groups"]}
    here = {"page": page, "config": config, "groups": groups, "base": "../" * page.url.count("/")}
    here["base_url"] = context["base_url"]  # the url filter of the partials looks for it

    def place(match: re.Match) -> str:
        template = BUILD["env"].get_template(f"partials/{match[1]}.html")
        return template.render(**here, group=groups.get(match[2] or match[1]))

    page.content = title_first(PLACE.sub(place, page.content))
    if "</h1>" in page.content and not page.meta.get("is_coming"):
        head = BUILD["env"].get_template("partials/lab-head.html")
        page.content = lab_first(page.content, lambda slug: head.render(**here, slug=slug))
        answers = {f"quiz:{page.url}": right for right in right_answers(page.markdown or "")[:1]}
        card = BUILD["env"].get_template("partials/page-card.html").render(**here, answers=answers)
        step = config.extra["steps"].get(page.file.src_uri)
        if step and step.rung:
            ladder = get_relative_url(groups["stage"].pages[0].address, page.url) + "#the-ladder"
            part = f", part {step.part}" if step.part else ""
            line = ON_THE_LADDER.format(ladder=ladder, rung=step.rung, rungs=step.rungs, part=part)
            page.content = page.content.replace("<h1", f"{line}\n<h1", 1)
        behind = LAB if LAB.search(page.content) else HEADING_END
        page.content = behind.sub(lambda match: f"{match[0]}\n{card}", page.content, count=1)
    return context


def title_first(content: str) -> str:
    """On the front page the title stands in the first screen's own layout."""
    title = HEADING.search(content)
    if not title or TITLE_PLACE not in content:
        return content
    return content.replace(title[0], "", 1).replace(TITLE_PLACE, title[0])


def lab_first(content: str, head: Callable[[str], str]) -> str:
    """On a lab's page the instrument follows the title, which becomes one line with what the page's card would say."""
    lab, title = LAB.search(content), HEADING.search(content)
    if not lab or not title:
        return content
    rest = content[: lab.start()] + content[lab.end() :]
    line = f'<div class="lab-head">{title[0]}{head(lab[1])}</div>'
    return rest.replace(title[0], f'{line}<lab-view slug="{lab[1]}"></lab-view><a id="lesson"></a>', 1)
