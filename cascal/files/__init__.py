"""Plain formats and modes of the files this product writes."""
