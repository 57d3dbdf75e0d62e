"""`python -m modelwright`: the same as `modelwright`."""

from modelwright.cli import main

main()
