"""Hook: what may leave the overrides folder for the site, and instant navigation under any sub-path."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

from mkdocs.exceptions import PluginError

sys.path.insert(0, str(Path(__file__).parent))

import schemes  # noqa: E402

PRIVATE_FOLDERS = ("build/", "figures/", "hooks/", "labs/", "licences/", "search/")
PRIVATE_SUFFIXES = (".yml", ".sh", ".mjs", ".py")
# Material takes the sitemap's addresses as they stand and swaps only the host. Served elsewhere than at site_url
# (another port, a sub-path) no link is known to it and every click loads a whole page. This swaps the base too.
HOST_ONLY = re.compile(r"function (\w+)\((\w),(\w)\)\{return \2\.protocol=\3\.protocol,\2\.hostname=\3\.hostname,\2\}")

REPLACEMENTS = (
    # Material writes `href` anew on all that has one; on the labs' <image> inside an SVG that ends its script, and
    # a "#place" becomes the whole address of that moment, which a lab's settings have left behind by the next click.
    ('"[href], [src]"', "\"[href]:not(image, [href^='#']), [src]\""),
    # Each copy button sits in a <nav> without a name, so a page with two listings has two landmarks that look alike.
    ('"nav",{class:"md-code__nav"}', '"div",{class:"md-code__nav"}'),
    # The search index (the heaviest file of a plain page) waits until the search is opened, as it does on file://.
    ('$(location.protocol!=="file:"),', "$(!1),"),
    # Likewise for the marks that a search's result shows on its page: only an address with `h` needs them.
    (
        'z([t,r.pipe(Q(we()),g(o=>!!o.searchParams.get("h")))])',
        'r.pipe(Q(we()),g(o=>!!o.searchParams.get("h")),b(o=>z([t,$(o)])))',
    ),
    # The first colours are the ones that stand already: nothing switches, and no page is styled twice more.
    (
        'document.body.setAttribute("data-md-color-switching",""),',
        's.color.scheme===document.body.getAttribute("data-md-color-scheme")||'
        'document.body.setAttribute("data-md-color-switching",""),',
    ),
    # The colour of the browser's bars: what the reader chose comes before what the page says for the system's scheme.
    (
        'x("meta",{name:"theme-color"});document.head.appendChild(r)',
        'x("meta",{name:"theme-color"});document.head.prepend(r)',
    ),
    # Our sheet says which colours the page's own parts take; a second word on it has the whole page styled anew.
    ('let o=x("meta",{name:"color-scheme"});document.head.appendChild(o);', 'let o=x("meta");'),
    # A page's Markdown and the feed are alternates too, and beside them lies no list of another language's pages.
    ("m(r=>new URL(r.href)),g(r=>!t.has", "g(r=>r.hreflang),m(r=>new URL(r.href)),g(r=>!t.has"),
)
# A jump must end where it points. Material fetches the page anew at the first jump within it, and while it waits for
# a page it notes how far the old one is scrolled, takes that for the new page's place and goes there.
NOTED = 'r.pipe(ne("offset"),Ae(100)).subscribe(({offset:a})=>{'
JUMPS = (
    # A jump within the page is the browser's own affair.
    (
        "if(r.target||e.metaKey||e.ctrlKey)return y;let o=",
        'if(r.target||e.metaKey||e.ctrlKey||/^#/.test(r.getAttribute("href")))return y;let o=',
    ),
    (
        'let n=h(document.body,"click").pipe(Pe(e),',
        'let $told=location.pathname,$shown=$told,$note=a=>history.replaceState({...a,...window.stage10Place?.()},""),'
        'n=h(document.body,"click").pipe(Pe(e),',
    ),
    (
        't.subscribe(()=>{history.scrollRestoration="manual"})',
        't.subscribe(a=>{$told=a.pathname,history.scrollRestoration="manual"})',
    ),
    ('i=h(window,"popstate").pipe(m(we),le())', 'i=h(window,"popstate").pipe(m(we),g(a=>a.pathname!==$told),le())'),
    # The page that stands there counts as fetched, and a link to a place in it needs no fetch before.
    ('s=t.pipe(ne("pathname"),', 's=t.pipe(Q(we()),ne("pathname"),g((a,c)=>c>0),'),
    ('s.pipe(b(()=>t),ne("hash"))', "t.pipe(g(a=>a.pathname===$told))"),
    # The same link twice is one entry of the history, without going back for it.
    (
        'history.replaceState(c,""),history.pushState(null,"",a)',
        'a.href===location.href?history.replaceState(null,""):($note(c),history.pushState(null,"",a))',
    ),
    ("t.pipe(Y((a,c)=>a.pathname===c.pathname&&a.hash===c.hash),b(()=>n),O(()=>history.back()))", "y"),
    # How far the page is scrolled is noted with its own entry only, and which part that is (assets/jumps.js).
    (
        "subscribe(a=>{var c,p;history.state!==null",
        "subscribe(a=>{var c,p;$shown=location.pathname,history.state!==null",
    ),
    (NOTED + 'history.replaceState(a,"")}', NOTED + "$shown===location.pathname&&$note(a)}"),
)
SHEETS = (
    "stylesheets/main.*.min.css", "stylesheets/palette.*.min.css",
    "stage10.css", "components.css", "find.css", "front.css",
)  # fmt: skip


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
    """Mend Material's script where it fails us; a new release that reads differently stops the build."""
    [bundle] = (Path(config.site_dir) / "assets" / "javascripts").glob("bundle.*.min.js")
    prefix = len(urlsplit(config.site_url).path or "/")
    script, count = HOST_ONLY.subn(
        lambda match: (
            f"function {match[1]}({match[2]},{match[3]}){{return new URL("
            f"{match[2]}.pathname.slice({prefix})||'./',{match[3]})}}"
        ),
        bundle.read_text(encoding="utf-8"),
    )
    for old, new in REPLACEMENTS + JUMPS:
        count = count if old in script else 0
        script = script.replace(old, new)
    if count != 1:
        raise PluginError("Material's script has changed: mend it anew (overrides/hooks/assets.py)")
    bundle.write_text(script, encoding="utf-8")
    _join_sheets(bundle.parents[1])


def _join_sheets(assets: Path) -> None:
    """Four style sheets as one: a slow line waits once for them and not four times."""
    parts = [next(assets.glob(pattern)) for pattern in SHEETS]
    sheets = [re.sub(r"/\*.*?\*/", "", part.read_text(encoding="utf-8"), flags=re.DOTALL) for part in parts]
    joined = "\n".join(sheets)
    (assets / "site.css").write_text(joined, encoding="utf-8")
    (assets / "dark.css").write_text(schemes.renamed(joined, schemes.DARK, schemes.LIGHT), encoding="utf-8")
    paper = (assets / "print.css").read_text(encoding="utf-8")
    light = schemes.renamed(joined, schemes.LIGHT, schemes.DARK)
    (assets / "print.css").write_text(light + paper, encoding="utf-8")
    for file in [*parts, *assets.rglob("*.map")]:
        file.unlink()
