"""The map of queries as a component of its own: it recolours in place and keeps its zoom."""
