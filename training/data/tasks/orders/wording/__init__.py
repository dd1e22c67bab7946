"""The wordings of the order-form training grammar, one module a theme."""
