"""`python -m cascal.cli`."""

from cascal.cli import main

main()
