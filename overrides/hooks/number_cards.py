"""The HTML of an owned number, of a citation, and of the lists at a page's foot. Plain strings, no scripts."""

from __future__ import annotations

from html import escape

SEARCH_SKIP = "data-search-exclude"
IN_CODE = ("Command", "Call", "Commit")
OF_ITS_OWN = ("Meaning", "Value", "Spread", "Each run")  # of a number; the rest is its run's

Rows = tuple[tuple[str, str], ...]


def card(identifier: str, kind: str, title: str, rows: Rows, more: str = "") -> str:
    """The panel that hover, focus and touch bring up; ``more`` is ready HTML below the rows."""
    cells = ""
    for label, value in rows:
        shown = f"<code>{escape(value)}</code>" if label in IN_CODE else escape(value)
        cells += f"<b>{escape(label)}</b><span>{shown}</span>"
    return (
        f'<span class="s10-card s10-card--{kind}" role="tooltip" id="{identifier}" {SEARCH_SKIP}>'
        f'<span class="s10-card__title">{escape(title)}</span>'
        f'<span class="s10-card__rows">{cells}</span>{more}</span>'
    )


def run_of(rows: Rows) -> Rows:
    """What a number's rows say of its run, which other numbers of that run share."""
    return tuple(row for row in rows if row[0] not in OF_ITS_OWN)


def number(index: int, kind: str, text: str, note: str, title: str, rows: Rows, further: bool = False) -> str:
    """A number that can be asked where it comes from; ``note`` (n, interval) follows it in small type.

    A ``further`` number of a run that the page has told of carries no card: its row in the ledger says what a card
    would, and the page's script makes a card of that when it is asked for (assets/cards.js).
    """
    identifier = f"number-{index}"
    small = f'<small class="s10-num__note">{escape(note)}</small>' if note else ""
    panel = "" if further else card(identifier, kind, f"{text}, {title.lower()}", rows)
    return (
        f'<span class="s10-ref"><button type="button" class="s10-num s10-num--{kind}" data-owner="{kind}" '
        f'aria-describedby="{identifier}">{escape(text)}</button>{panel}</span>{small}'
    )


def citation(index: int, position: int, key: str, source: dict, place: str, further: bool = False) -> str:
    """``[3]`` with a card; leads to the entry in the page's Sources list, of which a ``further`` one makes its card."""
    identifier = f"source-{escape(key)}" if further else f"cite-{index}"
    rows = (("Place", place), ("By", f"{source['authors']}, {source['year']}"))
    link = f'<a class="s10-card__link" href="{escape(source["url"])}" rel="noopener">{_address(source)}</a>'
    return (
        f'<span class="s10-ref s10-ref--cite" id="ref-{index}"><a class="s10-cite" '
        f'href="#source-{escape(key)}" data-owner="cite" aria-label="Source {position}, {escape(place)}" '
        f'aria-describedby="{identifier}">[{position}]</a>'
        f"{'' if further else card(identifier, 'cite', source['title'], rows, link)}</span>"
    )


def _address(source: dict) -> str:
    shown = f"arXiv:{source['arxiv']}" if source.get("arxiv") else source["url"].split("//")[-1].rstrip("/")
    return escape(shown)


def _source_item(key: str, source: dict, uses: list[tuple[int, str]]) -> str:
    places = ", ".join(
        f'<a class="s10-sources__back" href="#ref-{index}" '
        f'aria-label="Back to where {escape(place)} is cited">{escape(place)}</a>'
        for index, place in uses
    )
    return (
        f'<li id="source-{escape(key)}"><span class="s10-sources__by">{escape(source["authors"])}, '
        f"{source['year']}.</span> <cite>{escape(source['title'])}</cite>. "
        f'<a href="{escape(source["url"])}" rel="noopener">{_address(source)}</a>, '
        f'read {source["accessed"]}. <span class="s10-sources__places">Cited: {places}</span></li>'
    )


def source_list(cited: list[tuple[str, dict, list[tuple[int, str]]]]) -> str:
    """The page's numbered sources; each place cited leads back to its sentence."""
    return f'<ol class="s10-sources" {SEARCH_SKIP}>{"".join(_source_item(*entry) for entry in cited)}</ol>'


def ledger(entries: list[tuple[int, str, str, Rows]]) -> str:
    """Every owned number of the page in one table, for print, for no scripts and for checking by hand.

    A run stands there once: later numbers of it name the first one.

    Args:
        entries: of each number its index, text, owner and rows.
    """
    body = ""
    first: dict[Rows, tuple[int, str]] = {}
    for index, text, title, rows in entries:
        run, place, told = run_of(rows), "", text
        if title == "Measured":
            place = f' id="number-{index}" data-run="{first[run][0]}"' if run in first else f' id="run-{index}"'
            told = first.setdefault(run, (index, text))[1]
            rows = tuple(row for row in rows if row[0] in OF_ITS_OWN) if "data-run" in place else rows
        said = "; ".join(f"{escape(label)}: {escape(value)}" for label, value in rows)
        said += f"; run as for {escape(told)} above" if "data-run" in place else ""
        body += f"<tr><td>{escape(text)}</td><td>{escape(title)}</td><td{place}>{said}</td></tr>"
    return (
        f'<details class="s10-ledger" {SEARCH_SKIP}>'
        f"<summary>Where the numbers on this page come from ({len(entries)})</summary>"
        "<table><thead><tr><th>Number</th><th>Owner</th><th>How to get it again</th></tr></thead>"
        f"<tbody>{body}</tbody></table></details>"
    )
