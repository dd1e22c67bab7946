"""Group relative policy optimisation and its relatives."""
