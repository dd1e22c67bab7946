"""The colours of one scheme under the other's name: for paper, which is light, and for browsers without scripts."""

from __future__ import annotations

import re

LIGHT, DARK = "default", "slate"
RULE = re.compile(r"(?P<selectors>[^{}@;]+)\{(?P<body>[^{}]*)\}")
SCHEME = re.compile(r"\[data-md-color-scheme=[\"']?(\w+)[\"']?\]")


def renamed(sheet: str, scheme: str, name: str) -> str:
    """The rules of ``sheet`` that are for ``scheme`` alone, as rules for the scheme ``name``.

    Rules within an at-rule are taken without it; ours and the theme's stand in none but ``@media screen``.
    """
    found = []
    for rule in RULE.finditer(sheet):
        kept = [
            one.strip()
            for one in rule["selectors"].split(",")
            if set(SCHEME.findall(one)) == {scheme} and ":not(" not in one
        ]
        if kept:
            said = ",".join(SCHEME.sub(f'[data-md-color-scheme="{name}"]', one) for one in kept)
            found.append(f"{said}{{{rule['body'].strip()}}}")
    return "\n".join(found) + "\n"
