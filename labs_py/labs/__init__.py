"""One file per lab: its SPEC (data), its compute (a pure function) and its challenges."""
