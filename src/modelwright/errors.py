"""The root of every error that is meant for a person: its text is one sentence that says what is wrong and what to do."""


class ModelwrightError(Exception):
    """Each room has its own family below this. A face prints the text and leaves with status 1; anything else is a fault of ours."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows under a cell: the sentence, and not the way through this program."""
        return [str(self)]


class NoSuchName(ModelwrightError, AttributeError):
    """`modelwright` has no such name."""
