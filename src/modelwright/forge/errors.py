"""The forge's family of errors: each message is one sentence that says what was found, what was expected and what to do."""

from modelwright.errors import ModelwrightError


class ForgeError(ModelwrightError):
    """Anything in the forge that a person can put right."""


class ConfigError(ForgeError):
    """A size, a recipe or an option that cannot work."""


class ContextError(ConfigError):
    """A text that does not fit the model's context."""


class DataError(ForgeError):
    """A corpus that is empty, binary, too small, or not what its manifest says."""


class CheckpointError(ForgeError):
    """A checkpoint that is missing, damaged, or of another configuration."""


class TrainingError(ForgeError):
    """A run that cannot go on: a loss that is not a number, a disk that is full. The last good checkpoint is kept."""


class PartError(ForgeError):
    """A part that is unknown, or that breaks its contract."""
