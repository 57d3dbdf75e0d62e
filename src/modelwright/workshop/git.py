"""The few git commands that the workshop needs, run so that they behave alike on every machine.

The user's configuration is read (their e-mail address belongs into their history) and never written. Hooks, signing, pagers and
prompts are off, because a commit that waits for a passphrase would hold up a verdict. Variables that point git elsewhere
(GIT_DIR and the like, set inside hooks) are taken away.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelwright.errors import ModelwrightError

_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX")
_QUIET = ("core.hooksPath=/dev/null", "commit.gpgSign=false", "core.fsmonitor=false", "gc.auto=0", "advice.detachedHead=false")


class NoGit(ModelwrightError):
    """Git is not installed, or could not do what was asked. The learner's files are never at stake: only their history is."""


class Git:
    """Git in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @staticmethod
    def installed() -> str | None:
        """Where git is, or None."""
        return shutil.which("git")

    @property
    def here(self) -> bool:
        """Whether the folder is itself the top of a repository; one further up does not count."""
        return (self.folder / ".git").exists()

    def run(self, *words: str, author: str | None = None) -> str:
        """What git printed. Raises NoGit with git's own last line."""
        program = self.installed()
        if program is None:
            raise NoGit(
                "Git is not installed, so the workshop keeps your files but not their history. Install git; the next pass begins it."
            )
        environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
        environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        if author is not None:
            environment |= {"GIT_AUTHOR_NAME": author, "GIT_COMMITTER_NAME": author}
        settings = [part for setting in (*_QUIET, f"safe.directory={self.folder}") for part in ("-c", setting)]
        try:
            done = subprocess.run(
                [program, *settings, *words],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=60,
                start_new_session=True,  # so that Ctrl-C in the terminal does not cut a commit in half
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoGit(f"Git could not run in {self.folder}: {error}. Your files are safe; only the history was not kept.") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["it gave no reason"]
            raise NoGit(f"Git could not {words[0]} in {self.folder}: {said[-1]}. Your files are safe; only the history was not kept.")
        return done.stdout.decode(errors="replace")

    def begin(self) -> None:
        """Makes the repository if there is none."""
        if not self.here:
            self.run("init", "--quiet", "--initial-branch=main")

    def commit(self, files: list[str], message: str, author: str) -> str | None:
        """Commits exactly these files as they are on disk, whatever else the learner has staged. None where nothing had changed."""
        self.begin()
        with self._alone():
            self.run("add", "--force", "--", *files)
            if not self.run("status", "--porcelain", "--untracked-files=no", "--", *files).strip():
                return None
            email = self._email()
            self.run(*email, "commit", "--quiet", "--no-verify", "--message", message, "--only", "--", *files, author=author)
            return self.run("rev-parse", "HEAD").strip()

    def _email(self) -> tuple[str, ...]:
        """The learner's own address if git knows one, for a history that can be pushed; else one that leads nowhere."""
        try:
            self.run("config", "--get", "user.email")
        except NoGit:
            return ("-c", "user.email=learner@localhost")
        return ()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One committer at a time: the terminal and the pages may both have something to keep."""
        import fcntl

        with open(self.folder / ".git" / "modelwright.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
