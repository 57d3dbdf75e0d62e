"""What a lab, lesson, project or module may need beyond what is installed at the start: named groups of packages, and how they come in.

Only groups of the shipped list can be named, whoever wrote the curriculum, so nothing that content says installs a package of its choosing.
`catalogue.py` knows the groups; `installing.py` says what of them is here and installs the rest, pinned, from wheels only.
"""

from .catalogue import BASE, Catalogue, Group, Wheel, catalogue, environment_of, groups_of, hidden_from, known_need
from .errors import GroupError, NotInstalled
from .installing import Progress, Sizes, absent, install, lacking, listed, require, size, sizes_of

__all__ = [
    "BASE",
    "Catalogue",
    "Group",
    "GroupError",
    "NotInstalled",
    "Progress",
    "Sizes",
    "Wheel",
    "absent",
    "catalogue",
    "environment_of",
    "groups_of",
    "hidden_from",
    "install",
    "known_need",
    "lacking",
    "listed",
    "require",
    "size",
    "sizes_of",
]
