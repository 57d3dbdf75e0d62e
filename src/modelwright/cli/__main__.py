"""`python -m modelwright.cli`: the same as `modelwright`."""

from modelwright.cli import main

main()
