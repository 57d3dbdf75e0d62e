"""The learner's folder of code: where each lab's file lies, how it is written, kept and taken back.

A file here is the learner's. It is written once from the starter, and after that only when the learner says so; what a reset
replaces is kept first. Each pass becomes a commit under the learner's own name. Everything but the history works without git.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from modelwright.workshop import files
from modelwright.workshop.files import NotAFile, WorkshopError, told
from modelwright.workshop.git import Git, NoGit
from modelwright.workshop.merging import difference

if TYPE_CHECKING:
    from modelwright.curriculum.models import Lab

README = """# {name}'s workshop

Code written on the way through Modelwright. Each lab is one file, `labs/<module>/<lab>.py`, made from its starter when you first
open it. Edit it with whatever you like.

    modelwright check                            grade the lab you opened last
    modelwright check linear-algebra/softmax     grade this one
    modelwright watch                            grade on every save

Each pass is committed here under your name. This is an ordinary git repository, and yours: commit, branch, and push as you wish.

    git log --stat
    git remote add origin <your repository> && git push --set-upstream origin main
"""
GITIGNORE = "__pycache__/\n*.pyc\n.ipynb_checkpoints/\n.DS_Store\nruns/\n"


class Changed(WorkshopError):
    """The file on disk is not the one that the writer had read."""


class Passed(Protocol):
    """As much of a verdict as a commit message needs."""

    @property
    def passed(self) -> int: ...
    @property
    def total(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Commit:
    """One entry of a lab's history; `at` in milliseconds."""

    id: str
    at: int
    message: str


class Workshop:
    """The workshop in `folder`; `author` signs its commits."""

    def __init__(self, folder: Path, author: str = "Learner") -> None:
        self.folder = folder
        self.author = author
        self.git = Git(folder)

    def create(self) -> str:
        """Makes the folder with its README and its first commit. Returns "" or why there is no history yet."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for name, text in (("README.md", README.format(name=self.author)), (".gitignore", GITIGNORE)):
                if not (self.folder / name).exists():
                    files.write_whole(self.folder / name, text.encode())
        except OSError as error:
            raise told(self.folder, error) from error
        if self.git.here:
            return ""
        try:
            self.git.commit(["README.md", ".gitignore"], "Begin the workshop", self.author)
        except NoGit as why:
            return str(why)
        return ""

    def path(self, lab: Lab) -> Path:
        return self.folder / lab.file

    def exists(self, lab: Lab) -> bool:
        return self.path(lab).exists()

    def ensure(self, lab: Lab) -> Path:
        """The learner's file, made from the starter if there is none."""
        path = self.path(lab)
        if not files.lies_there(path):
            self.write(lab, starter(lab))
        return path

    def read(self, lab: Lab) -> bytes:
        """The learner's file; the starter where there is none yet."""
        own = self.own(lab)
        return starter(lab) if own is None else own

    def own(self, lab: Lab) -> bytes | None:
        """The learner's file, or None where there is none. Raises NotAFile, at once, for what cannot be read as one."""
        try:
            return files.read(self.path(lab))
        except FileNotFoundError:
            return None

    def write(self, lab: Lab, source: bytes, expected_sha: str | None = None) -> str:
        """Puts `source` in place in one step and returns its sha. `expected_sha`: what the writer believes is there now."""
        path = self.path(lab)
        files.writable_in_place(path)
        if expected_sha is not None and path.exists() and sha(self.read(lab)) != expected_sha:
            raise Changed(
                f"{lab.file} has changed on disk since it was read, so it was not overwritten. "
                f"Reload it, and put your changes into the newer text."
            )
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            files.write_whole(path, source)
        except OSError as error:
            raise told(path, error) from error
        return sha(source)

    def reset(self, lab: Lab) -> str:
        """Puts the starter back. Returns where the former text is kept, as words, or "" where there was nothing to keep."""
        path = self.path(lab)
        kept = ""
        try:
            former = self.read(lab)
        except NotAFile:  # a pipe, a folder: put aside as it is
            former = starter(lab)
            aside = self._aside(path)
            try:
                os.rename(path, aside)
            except OSError as error:
                raise told(path, error) from error
            kept = f"in {aside.relative_to(self.folder)}"
        if former != starter(lab):
            try:
                self.git.commit([lab.file], f"Keep {lab.title} before starting again", self.author)
                kept = f"in the workshop's history (git log -- {lab.file})"
            except NoGit:
                copy = self._aside(path)
                try:
                    files.write_whole(copy, former)
                except OSError as error:
                    raise told(copy, error) from error
                kept = f"in {copy.relative_to(self.folder)}"
        self.write(lab, starter(lab))
        return kept

    def place(self, folder: str, contents: Mapping[str, bytes], refresh: Collection[str] = ()) -> tuple[Path, list[str]]:
        """Puts files into a folder of the workshop, and says which were written: none over a file of the learner's, but for `refresh`."""
        root, written = self.folder / folder, []
        for name, content in contents.items():
            path = root / name
            if path.exists() and (name not in refresh or path.read_bytes() == content):
                continue
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                files.write_whole(path, content)
            except OSError as error:
                raise told(path, error) from error
            written.append(name)
        return root, written

    def _aside(self, path: Path) -> Path:
        return path.with_name(f"{path.stem}.before-{datetime.now():%Y%m%d-%H%M%S}.txt")

    def commit_pass(self, lab: Lab, verdict: Passed) -> Commit | None:
        """Keeps a pass in the history; None where this very text is there already. Raises NoGit with the reason."""
        done = self.git.commit([lab.file], f"Pass {lab.title} ({verdict.passed} of {verdict.total} checks)", self.author)
        return None if done is None else self.history(lab)[0]

    def diff_to_starter(self, lab: Lab) -> str:
        """From the starter to the learner's file, as a unified diff; "" where they are equal."""
        before, after = (text.decode("utf-8", "replace") for text in (starter(lab), self.read(lab)))
        return difference(before, after, "starter", lab.file)

    def history(self, lab: Lab) -> tuple[Commit, ...]:
        """The lab's commits, newest first; empty without git."""
        if not self.git.here:
            return ()
        try:
            lines = self.git.run("log", "--format=%H%x09%ct%x09%s", "--", lab.file).splitlines()
        except NoGit:
            return ()
        return tuple(Commit(id, int(at) * 1000, message) for id, at, message in (line.split("\t", 2) for line in lines))


def starter(lab: Lab) -> bytes:
    return (lab.folder / "starter.py").read_bytes()


def sha(source: bytes) -> str:
    return hashlib.sha256(source).hexdigest()
