"""Values that a factory makes of its arguments: equal if these are equal, and printed as the call that made them."""
