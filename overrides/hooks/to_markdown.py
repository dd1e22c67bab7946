"""A page's HTML as plain Markdown, for readers without a browser and for programs.

Numbers stay as values, formulas become TeX, a figure its caption and table, a lab its text (``lab_words``). What only
a script uses is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

LEFT_OUT = (
    "script, style, link, template, svg, select, input, textarea, nav, progress-panel, label:has(input), [hidden],"
    " .headerlink, .lab-skips, .lab-facts, .lab-aside, .lab-legend, .s10-card, .s10-ledger, .s10-option__letter,"
    " .x-box [data-part=mark], .s10-quiz__how, .s10-coming__mark, .s10-sources__places"
)
AS_TEXT = "button.s10-num, a.s10-cite, a.s10-term, .s10-whole, .s10-ref, .s10-num__note"
TAG = re.compile(r"<(?=/?[a-z|])")
EMPTY_LINES = re.compile(r"\n{3,}")
MOST_ROWS = 24  # of a figure's table
ELSEWHERE = "<p>What the reader does here needs a browser, and so does not stand in this text.</p>"
FENCES = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)
THIN_SPACE = "\u202f"


class Plain(MarkdownConverter):
    """Material's listings, and formulas as TeX."""

    def convert_tex(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        """A formula, between one dollar sign or two."""
        tex = " ".join(node.get_text().split())
        return f"\n\n$$\n{tex}\n$$\n\n" if node.get("display") else f"${tex}$"

    def convert_pre(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        """A listing with its language, which stands on the element around it."""
        around = node.find_parent("div", class_="highlight")
        names = [name[9:] for name in (around.get("class") or []) if name.startswith("language-")] if around else []
        title = around.find("span", class_="filename") if around else None
        head = f"\n\n`{title.get_text()}`:" if title else ""
        body = node.get_text().strip("\n")
        mark = "````" if "```" in body else "```"
        return f"{head}\n\n{mark}{names[0] if names else ''}\n{body}\n{mark}\n\n"


def convert(html: str, address: Callable[[str], str], lab: Callable[[str], str]) -> str:
    """The Markdown of a page's content.

    Args:
        html: the content, as the page shows it.
        address: a link's address as the page has it -> as the Markdown file needs it.
        lab: a lab's slug -> its text in HTML.
    """
    soup = BeautifulSoup(html, "html.parser")
    _formulas(soup)
    _labs(soup, lab)
    _figures(soup)
    _words(soup)
    _places(soup)
    for part in soup.select(LEFT_OUT):
        part.decompose()
    for part in soup.select(AS_TEXT):
        part.unwrap()
    _code(soup)
    _folds(soup)
    _one_line_facts(soup)
    for part in soup.select("button, lab-picture"):
        part.decompose()
    for link in soup.select("a"):
        if not link.get("href") or not link.get_text().strip():
            link.unwrap()
        else:
            link["href"] = address(str(link["href"]))
    for said in soup.select("td, th"):  # a bar would end the cell
        for words in said.find_all(string=True):
            words.replace_with(str(words).replace("|", "\\|"))
    for words in soup.find_all(string=TAG):  # <tool_call> in a sentence is text, and no tag
        if not words.find_parent(["pre", "code", "tex"]):
            words.replace_with(TAG.sub("&lt;", str(words)))
    text = Plain(
        heading_style="atx", bullets="-", escape_misc=False, escape_underscores=False, escape_asterisks=False
    ).convert_soup(soup)
    return _tidy(text)


def _formulas(soup: BeautifulSoup) -> None:
    """KaTeX brings the formula's source along; that is kept."""
    for formula in soup.select(".s10-formula"):
        source = formula.select_one("annotation")
        tex = soup.new_tag("tex")
        tex.string = source.get_text() if source else formula.get_text()
        if formula.name == "div":
            tex["display"] = "block"
        formula.replace_with(tex)


def _labs(soup: BeautifulSoup, lab: Callable[[str], str]) -> None:
    """A lab's place is taken by what the lab says."""
    for element in soup.select("lab-view"):
        element.replace_with(BeautifulSoup(lab(str(element.get("slug", ""))), "html.parser"))
    for element in soup.select("real-model"):
        element.replace_with(BeautifulSoup(ELSEWHERE, "html.parser"))


def _figures(soup: BeautifulSoup) -> None:
    """A figure's caption, then its table; of a table that is too long to read, the picture in words."""
    for figure in soup.select("figure[data-figure]"):
        caption, table = figure.select_one("figcaption"), figure.select_one("table")
        picture = figure.select_one("svg[aria-label]")
        label = str(picture["aria-label"]) if picture else ""
        if table and len(table.select("tr")) - 1 > MOST_ROWS:
            table = soup.new_tag("p")
            table.string = f"In words: {label}"
        figure.clear()
        figure.extend([part for part in (caption, table) if part])
        figure.name = "div"
        if caption:
            caption.name = "p"


def _words(soup: BeautifulSoup) -> None:
    """The definitions that the page shows over its glossary words, as a list at its end."""
    cards = soup.select(".s10-card--term")
    if not cards:
        return
    head, listed = soup.new_tag("h2"), soup.new_tag("ul")
    head.string = "Words on this page"
    for card in cards:
        item, name = soup.new_tag("li"), soup.new_tag("strong")
        word = card.find_previous("a", class_="s10-term")
        name.string = word.get_text() if word else ""
        item.extend([name, f": {card.get_text()}"])
        listed.append(item)
    soup.extend([head, listed])


def _places(soup: BeautifulSoup) -> None:
    """A citation with the place that its card would show: ``[1, §2]``."""
    for mark in soup.select("a.s10-cite[aria-label]"):
        place = str(mark["aria-label"]).partition(", ")[2]
        if place:
            mark.string = f"{mark.get_text().rstrip(']')}, {place}]"


def _one_line_facts(soup: BeautifulSoup) -> None:
    """Facts that stand apart on the page by their style alone get marks between them."""
    for line in soup.select(".s10-facts, .s10-tile__foot"):
        said = [" ".join(part.get_text().split()) for part in line.find_all(True, recursive=False)]
        line.string = " · ".join(word for word in said if word)
    for kicker in soup.select(".s10-kicker"):
        kicker.string = f"{kicker.get_text().strip().rstrip(':')}:"
        kicker.name = "strong"
    for taught in soup.select(".s10-taught"):
        taught.insert_before(" ")


def _code(soup: BeautifulSoup) -> None:
    """A listing's line marks hold nothing to read."""
    for table in soup.select("table.highlighttable"):
        listing = table.select_one("td.code div")
        if listing:
            table.replace_with(listing)


def _folds(soup: BeautifulSoup) -> None:
    """What is folded or boxed begins with its title in bold; an answer's explanation stands with the answer."""
    for option in soup.select("details.s10-option"):
        said, why = option.select_one("summary"), option.select_one(".s10-option__why")
        if said and why:
            said.name, why.name = "span", "span"
            why.insert_before(" ")
        option.unwrap()
    for fold in soup.select("details"):
        title = fold.find("summary", recursive=False)
        if isinstance(title, Tag):
            title.replace_with(_bold(soup, title.get_text()))
        fold.name = "div"
    for box in soup.select("div.admonition"):
        title = box.select_one(".admonition-title")
        if title:
            title.replace_with(_bold(soup, title.get_text()))
        box.name = "blockquote"


def _bold(soup: BeautifulSoup, text: str) -> Tag:
    line, strong = soup.new_tag("p"), soup.new_tag("strong")
    strong.string = " ".join(text.split())
    line.append(strong)
    return line


def _tidy(text: str) -> str:
    """No spaces at line ends and at most one empty line, but for what stands in listings."""
    parts: list[Any] = FENCES.split(text)
    for place in range(0, len(parts), 2):
        lines = (line.rstrip() for line in parts[place].replace(THIN_SPACE, " ").split("\n"))
        parts[place] = EMPTY_LINES.sub("\n\n", "\n".join(lines))
    return EMPTY_LINES.sub("\n\n", "".join(parts)).strip() + "\n"
