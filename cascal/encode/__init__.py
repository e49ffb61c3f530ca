"""Texts -> unit vectors, the 2-D map made of them, and every search for nearest queries."""
