"""A folder per lab: ``spec.SPEC`` is everything about it that is data, ``lab.compute`` a pure function."""
