"""The page Route."""
