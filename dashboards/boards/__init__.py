"""One module a board; each answers one question, which is its first line."""
