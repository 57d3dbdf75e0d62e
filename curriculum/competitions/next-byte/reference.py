"""Orders 0 to 8 mixed by Witten and Bell's rule, from the training text and from the context itself."""

from collections import Counter

import numpy as np

ORDER = 8
NEAR = 3  # what the context itself shows counts as much as this many times in the training text


def predict(train: bytes, contexts: list[bytes]) -> np.ndarray:
    counts: list[dict[bytes, Counter[int]]] = []
    for order in range(ORDER + 1):
        # Only what is asked about is counted: the last bytes of the contexts.
        followers: dict[bytes, Counter[int]] = {context[len(context) - order :]: Counter() for context in contexts}
        for at in range(order, len(train)):
            counted = followers.get(train[at - order : at])
            if counted is not None:
                counted[train[at]] += 1
        counts.append(followers)
    said = np.full((len(contexts), 256), 1 / 256)
    for row, context in zip(said, contexts, strict=True):
        for order in range(ORDER + 1):
            suffix = context[len(context) - order :]
            counted = counts[order][suffix].copy()
            at = context.find(suffix)
            while order and 0 <= at < len(context) - order:
                counted[context[at + order]] += NEAR
                at = context.find(suffix, at + 1)
            total = sum(counted.values())
            if not total:
                break
            # Witten and Bell (1991): a context that showed many different bytes gives more to what it has not shown.
            row *= len(counted) / (total + len(counted))
            for byte, count in counted.items():
                row[byte] += count / (total + len(counted))
    return said
