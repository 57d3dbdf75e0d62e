"""The kinds of home on which everything that ships is tried."""

HOMES = ("fresh", "enrolled", "lived-in")
