"""Time and memory budgets, measured against a plain reference path."""
