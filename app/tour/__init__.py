"""A tour of a minute through the demo."""
