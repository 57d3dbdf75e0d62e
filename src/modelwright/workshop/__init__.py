"""The workshop room: the learner's own folder, a git repository with the code they wrote. It is theirs to edit, to move and to push."""

from modelwright.workshop.files import NotAFile, WorkshopError
from modelwright.workshop.git import Git, NoGit
from modelwright.workshop.workshop import Changed, Commit, Workshop

__all__ = ["Changed", "Commit", "Git", "NoGit", "NotAFile", "Workshop", "WorkshopError"]
