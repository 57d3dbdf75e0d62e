"""The few git commands that the workshop needs, run so that they behave alike on every machine, start no other program, and end.

Of the user's configuration only the e-mail address is read (it belongs into their history), and nothing is written. Hooks, filters,
monitors, signing, pagers and prompts are off, because a commit that waits for a passphrase would hold up a verdict. Variables of git's own
(GIT_DIR and the like, set inside hooks) are taken away. Whatever takes longer than SECONDS is stopped with all that it started: a history
that is not kept is a note beside the verdict, never a wait.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from modelwright.errors import ModelwrightError

SECONDS = 5.0  # a commit takes a twentieth of one; a disk that is asleep takes two
_QUIET = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.untrackedCache=false", "core.attributesFile=/dev/null",
    "core.askPass=true", "core.editor=true", "core.pager=cat", "core.sshCommand=false", "commit.gpgSign=false", "log.showSignature=false",
    "gc.auto=0", "maintenance.auto=false", "advice.detachedHead=false", "protocol.allow=never", "submodule.recurse=false",
)  # fmt: skip


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
        return self._run(program, words, author, [*self._unfiltered(program), *self._author(program, author)])

    def _run(self, program: str, words: tuple[str, ...], author: str | None = None, more: Sequence[str] = (), users: bool = False) -> str:
        """`users`: with the user's own configuration, for asking it something."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or (users and "CONFIG" in name)}
        environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
        if not users:
            environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        if author is not None:
            environment |= {"GIT_AUTHOR_NAME": author, "GIT_COMMITTER_NAME": author}
        settings = [part for setting in (*_QUIET, f"safe.directory={self.folder}", *more) for part in ("-c", setting)]
        try:
            process = subprocess.Popen(
                [program, *settings, *words],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # so that Ctrl-C in the terminal does not cut a commit in half, and a stop reaches all of it
            )
        except OSError as error:
            raise NoGit(f"Git could not run in {self.folder}: {error}. {_SAFE}") from error
        try:
            out, complaint = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            _stop(process)
            raise NoGit(f"Git took more than {SECONDS:g} seconds to {words[0]} in {self.folder} and was stopped. {_SAFE}") from None
        if process.returncode:
            lines = complaint.decode(errors="replace").strip().splitlines() or ["it gave no reason"]
            if lock := re.search(r"'([^']+\.lock)': File exists", "\n".join(lines)):
                raise NoGit(
                    f"Git could not {words[0]} in {self.folder}, because {lock[1]} is there: another git is at work, or one was cut off. "
                    f"If none is running, delete that file. {_SAFE}"
                )
            raise NoGit(f"Git could not {words[0]} in {self.folder}: {lines[-1]}. {_SAFE}")
        return out.decode(errors="replace")

    def _unfiltered(self, program: str) -> list[str]:
        """Settings that switch off the filters of the repository's own configuration: each would be a program of somebody's."""
        if not self.here:
            return []
        try:
            names = self._run(program, ("config", "--name-only", "--get-regexp", r"^(filter|diff|merge)\..*")).splitlines()
        except NoGit:
            return []  # there is none
        drivers = dict.fromkeys(name.rpartition(".")[0] for name in names if name.count(".") > 1 and "=" not in name)
        offs: list[str] = []
        for driver in drivers:
            if driver.startswith("filter."):
                offs += [f"{driver}.clean=", f"{driver}.smudge=", f"{driver}.process=", f"{driver}.required=false"]
            else:
                offs += [f"{driver}.textconv=", f"{driver}.command=", f"{driver}.driver=true"]
        return offs

    def _author(self, program: str, author: str | None) -> list[str]:
        """The learner's own address if git knows one, for a history that can be pushed; else one that leads nowhere."""
        if author is None:
            return []
        email = os.environ.get("GIT_AUTHOR_EMAIL", "")
        if not email:
            with suppress(NoGit):
                email = self._run(program, ("config", "--get", "user.email"), users=True).strip()
        return [f"user.email={email or 'learner@localhost'}"]

    def begin(self) -> None:
        """Makes the repository if there is none."""
        if not self.here:
            self.run("init", "--quiet", "--initial-branch=main", "--template=")

    def commit(self, files: list[str], message: str, author: str) -> str | None:
        """Commits exactly these files as they are on disk, whatever else the learner has staged. None where nothing had changed."""
        self.begin()
        with self._alone():
            self.run("add", "--force", "--", *files)
            if not self.run("status", "--porcelain", "--untracked-files=no", "--", *files).strip():
                return None
            self.run("commit", "--quiet", "--no-verify", "--message", message, "--only", "--", *files, author=author)
            return self.run("rev-parse", "HEAD").strip()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One committer at a time: the terminal and the pages may both have something to keep."""
        import fcntl

        file = self.folder / ".git" / "modelwright.lock"
        try:
            lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise NoGit(f"{file} cannot be used: {error.strerror or error}. {_SAFE}") from error
        try:
            patience = time.monotonic() + 2 * SECONDS
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > patience:
                        raise NoGit(f"Something else holds {file} and does not let go. {_SAFE}") from None
                    time.sleep(0.02)
            yield
        finally:
            os.close(lock)


_SAFE = "Your files are safe; only the history was not kept."


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends git and all that it started: first so that it may take its lock files away, then for good. What it left is not waited for."""
    for last in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, last)
        except OSError:
            break
        try:
            process.wait(1.0)
            break
        except subprocess.TimeoutExpired:
            continue
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
