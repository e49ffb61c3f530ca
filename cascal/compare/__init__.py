"""Routers side by side on the same queries: which there are, what they gain, cost and need."""
