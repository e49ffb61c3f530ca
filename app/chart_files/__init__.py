"""Charts of every page as files."""
