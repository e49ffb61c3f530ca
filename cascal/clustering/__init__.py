"""From the queries a model is strong on to skill clusters: k-means, groups and merging."""
