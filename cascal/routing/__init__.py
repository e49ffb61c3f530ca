"""The router: from a vector to its cluster, its scores and the models that are asked."""
