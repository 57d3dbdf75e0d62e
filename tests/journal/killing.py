"""A program to be killed: `python killing.py PATH N` forks N children that append to the journal at PATH until each is shot.

Each child prints the id of every event that was acknowledged to it. The parent prints them all, one a line, then leaves.
It is its own program, so that the forks happen in a process without threads, and the imports are paid once.
"""

import os
import random
import select
import signal
import sys
import time

from modelwright.journal import Journal
from modelwright.journal import events as e


def append_until_shot(path: str, out: int) -> None:
    journal = Journal.open(path)
    n = 0
    while True:
        n += 1
        data = e.CardReviewed(card="linear-algebra/rank", skill="linear-algebra/rank", rating=3, seconds=n)
        events = [journal.append(data)] if n % 5 else journal.append_many([data, data, data])
        os.write(out, "".join(event.id + "\n" for event in events).encode())


def main(path: str, children: int) -> None:
    rng = random.Random(7)
    for child_number in range(children):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            append_until_shot(path, writing)
        os.close(writing)
        if child_number % 5:  # most are let to acknowledge something first, however busy the machine; the rest are shot as they start
            select.select([reading], [], [], 20)
        time.sleep(rng.uniform(0, 0.025))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as pipe:
            sys.stdout.write(pipe.read().decode())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
