"""Files that people write by hand: YAML or JSON, checked field by field, refused in sentences."""
