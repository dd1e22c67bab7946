"""How answers to a reader's own rows are scored: by a rule of these, by a function of theirs, or by a judge."""
