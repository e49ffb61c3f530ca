"""Words of the field, explained where they stand by the sentence of the glossary."""
