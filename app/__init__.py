"""The dashboard: it asks the library and shows the answers."""
