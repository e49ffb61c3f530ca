"""Consensus as inference: how probable it is that a vote names the true option."""
