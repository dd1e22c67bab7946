"""Where the checkout lies, for tests that need it outside of a fixture."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
