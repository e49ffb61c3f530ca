"""The page Skill map."""
