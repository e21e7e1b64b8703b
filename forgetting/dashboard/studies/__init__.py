"""Studies that a page advances in slices, by kind."""
