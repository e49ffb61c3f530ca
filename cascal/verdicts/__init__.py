"""Whether routing pays: against the best single model, without labels, and in money."""
