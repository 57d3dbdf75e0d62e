"""How long a lab's code may take by the clock, from the processor time that the lab allows one call (`limits.seconds`).

Limits in processor time are fair on a busy machine, and nothing that waits ever reaches them. These limits in wall time are for what
hangs, and so generous that honest work on a machine eight times oversubscribed stays under them.
"""

from __future__ import annotations

CHECK_SECONDS, CHECK_FACTOR = 20, 4
SUBMISSION_SECONDS, SUBMISSION_FACTOR = 60, 10


def check_wall(seconds: float) -> float:
    """The most seconds by the clock that one check may take, where one call may take `seconds` of processor time."""
    return CHECK_SECONDS + CHECK_FACTOR * seconds


def submission_wall(seconds: float) -> float:
    """The most seconds by the clock that one submission may take, all its checks together."""
    return SUBMISSION_SECONDS + SUBMISSION_FACTOR * seconds
