"""Names of clusters: computed from their queries, or given by a person."""
