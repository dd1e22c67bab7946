"""A scheme's rules under the other's name."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "overrides" / "hooks"))

from schemes import DARK, LIGHT, renamed  # noqa: E402


def test_only_rules_of_the_scheme_are_taken() -> None:
    sheet = (
        'a{b:c}[data-md-color-scheme=slate]{--x:1}[data-md-color-scheme="slate"] p,i{y:2}'
        "[data-md-color-scheme=default]{--x:3}[data-md-color-primary=red]:not([data-md-color-scheme=slate]){z:4}"
        "@media screen{[data-md-color-scheme=slate] q{w:5}}"
    )
    name = '[data-md-color-scheme="default"]'
    assert renamed(sheet, DARK, LIGHT) == f"{name}{{--x:1}}\n{name} p{{y:2}}\n{name} q{{w:5}}\n"
    assert renamed(sheet, LIGHT, DARK) == '[data-md-color-scheme="slate"]{--x:3}\n'
