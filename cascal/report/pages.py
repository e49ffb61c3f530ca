"""The templates of the reports, which escape every value."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, Template


def template(name: str) -> Template:
    """A page by its file; a value that it misses is an error, never an empty place."""
    environment = Environment(
        loader=PackageLoader("cascal", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["thousands"] = "{:,}".format
    return environment.get_template(name)
