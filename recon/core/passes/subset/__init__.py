"""SUBSET pass: several rows of one side add up to one, or to several, of the other."""
