"""Installing groups: found out first, fetched beside, then unpacked, so that an end in the middle leaves the environment as it was.

Three steps. *Looking*: pip says which packages are missing, under constraints that pin what is installed to what it is and the rest to the
shipped versions; so nothing that is there is ever changed. *Fetching*: the wheels are gathered in a folder of their own, from wherever
pip is set up to fetch; wheels only, because building a package runs its code. *Unpacking*, without the network: while it goes on, a note
says what is being unpacked. Where it was interrupted, the note stays, the group does not count as installed, and the next try unpacks
the same again.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from .catalogue import Catalogue, Group, catalogue, groups_of
from .errors import GroupError, NotInstalled

MB = 1_000_000
SPARE = 100 * MB  # left free on the disk when all is done
OUTPUT = 100_000  # characters of pip's words that are kept


@dataclass(frozen=True)
class Progress:
    """How far it is. `done` and `of` are bytes, of what is fetched; `package` is the one that is being fetched, or ""."""

    step: Literal["looking", "fetching", "unpacking"]
    package: str = ""
    done: int = 0
    of: int = 0


@dataclass(frozen=True)
class Sizes:
    """What is still to come, in bytes: to download, and then on the disk."""

    download: int
    installed: int

    def __str__(self) -> str:
        return f"{size(self.download)} to download, {size(self.installed)} on disk"


@dataclass(frozen=True)
class Site:
    """The environment that is installed into: where packages lie, and where notes about them are kept."""

    packages: Path
    notes: Path

    @classmethod
    @cache  # the environment that this process runs in stays the same
    def here(cls) -> Site:
        return cls(Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("data")) / "share" / "modelwright")

    @property
    def note(self) -> Path:
        return self.notes / "unpacking.json"

    def unfinished(self) -> dict[str, list[str]]:
        """What an interrupted unpacking was about: group -> packages with their versions."""
        try:
            note = json.loads(self.note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(group): [str(name) for name in names] for group, names in note.items()} if isinstance(note, dict) else {}


def size(count: int) -> str:
    """Bytes as people say them: '45 MB', '1.2 GB'."""
    if count >= 1000 * MB:
        return f"{count / (1000 * MB):.1f} GB"
    return f"{count / MB:.0f} MB" if count >= 10 * MB else f"{max(count, 100_000) / MB:.1f} MB"


def sizes_of(groups: Iterable[Group]) -> Sizes:
    """What these groups still bring: packages that are here are not fetched again, and those of two groups come once."""
    wheels = {wheel.name: wheel for group in groups for wheel in group.wheels if not wheel.is_here}
    return Sizes(sum(wheel.download for wheel in wheels.values()), sum(wheel.installed for wheel in wheels.values()))


def absent(groups: Iterable[Group], site: Site | None = None) -> tuple[Group, ...]:
    """Those that are not installed, or not to the end."""
    unfinished = (site or Site.here()).unfinished()
    return tuple(group for group in groups if group.id in unfinished or not group.is_here)


def said(gone: Sequence[Group], what: str, later: bool = False) -> str:
    """The sentence for groups that are not here, whatever face it stands on. `later`: what needs them is begun without them."""
    names = listed([group.title for group in gone])
    command = f"`modelwright prepare {' '.join(group.id for group in gone)}`"
    if unbuilt := [group for group in gone if not catalogue().has_build(group)]:
        return f"{listed([group.title for group in unbuilt])}, which {what} needs, cannot be had on this system ({system()})."
    if any(group.id in Site.here().unfinished() for group in gone):
        return f"The installation of {names}, which {what} needs, was interrupted; {command} finishes it."
    are = "are" if " and " in names else "is"
    if later:
        return (
            f"{names}, which {what} comes to use, {are} not installed. "
            f"It can wait for the evening that asks for it; {command} fetches it ahead: {sizes_of(gone)}."
        )
    return f"{names}, which {what} needs, {are} not installed. {command} installs what is missing: {sizes_of(gone)}."


def listed(names: Sequence[str]) -> str:
    """Titles in a sentence; with semicolons where a title is a list itself."""
    if any(" and " in name for name in names):
        return "; ".join(names)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def system() -> str:
    import platform

    return f"{platform.system()} {platform.machine()}, Python {sys.version_info.major}.{sys.version_info.minor}"


def install(
    ids: Iterable[str],
    tell: Callable[[Progress], None] = lambda progress: None,
    *,
    stop: threading.Event | None = None,
    shipped: Catalogue | None = None,
    site: Site | None = None,
) -> tuple[Group, ...]:
    """Installs these groups and returns those that were not here before. Raises GroupError with a sentence, and then nothing is half-way.

    `tell` hears how far it is, several times a second. `stop`, when set, ends it, as Ctrl-C does.
    """
    shipped, site = shipped or catalogue(), site or Site.here()
    with Installation(shipped, site, tell, stop or threading.Event()).alone() as work:
        groups = absent(shipped.named(ids), site)
        if groups:
            work.do(groups)
        return groups


class Installation:
    """One installation, from the first look to the last note."""

    def __init__(self, shipped: Catalogue, site: Site, tell: Callable[[Progress], None], stop: threading.Event) -> None:
        self.shipped, self.site, self.tell, self.stop = shipped, site, tell, stop

    @contextlib.contextmanager
    def alone(self) -> Iterator[Installation]:
        """One at a time, of whatever processes; and only where something can be installed at all."""
        import fcntl

        self._possible()
        with open(self.site.notes / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise GroupError("Something is being installed already, in another window. Wait until it is done.") from None
            yield self

    def _possible(self) -> None:
        packages = self.site.packages
        if find_spec("pip") is None:
            raise GroupError(
                f"There is no pip in {sys.prefix}, so nothing can be installed from here. Add it: `{sys.executable} -m ensurepip`."
            )
        if sys.prefix == sys.base_prefix and (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists():
            raise GroupError("This Python is looked after by the system. Install Modelwright in an environment of its own, then try again.")
        with contextlib.suppress(OSError):
            self.site.notes.mkdir(parents=True, exist_ok=True)
        for folder in (packages, self.site.notes):
            if not os.access(folder, os.W_OK | os.X_OK):
                raise GroupError(
                    f"{folder} cannot be written, so nothing can be installed there. Make it writable, or ask whoever keeps it."
                )

    def do(self, groups: Sequence[Group]) -> None:
        for group in groups:
            if not self.shipped.has_build(group):
                raise GroupError(f"{group.title} cannot be had on this system ({system()}). What needs it has to wait for another machine.")
        self._room(sizes_of(groups))
        with tempfile.TemporaryDirectory(prefix="fetching-", dir=self.site.notes) as folder:
            self.folder = Path(folder)
            packages = self._look(groups)
            if packages:
                self._fetch(groups, packages)
                self._unpack(groups, packages)
            else:
                self.site.note.unlink(missing_ok=True)

    def _room(self, wanted: Sizes) -> None:
        free = shutil.disk_usage(self.site.packages).free
        needed = wanted.download + wanted.installed + SPARE
        if free < needed:
            raise GroupError(
                f"The disk of {self.site.packages} has {size(free)} free, and {size(needed)} are needed. Free some space, then try again."
            )

    # -- the three steps ----------------------------------------------------------------------------------------------------
    def _look(self, groups: Sequence[Group]) -> list[str]:
        """The packages to fetch, with their versions: what pip finds missing, and what was being unpacked when it was interrupted."""
        self.tell(Progress("looking"))
        pins, report = self.folder / "pins.txt", self.folder / "report.json"
        pins.write_text("".join(f"{pin}\n" for pin in self._pins()), encoding="utf-8")
        wanted = [str(requirement) for group in groups for requirement in self.shipped.asked(group)]
        self._pip("install", "--dry-run", "--only-binary", ":all:", "--constraint", str(pins), "--report", str(report), *wanted)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
        packages = {str(entry["metadata"]["name"]): f"{entry['metadata']['name']}=={entry['metadata']['version']}" for entry in found}
        for names in self.site.unfinished().values():
            packages |= {name.partition("==")[0]: name for name in names if re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9._+!-]+", name)}
        return list(packages.values())

    def _pins(self) -> Iterator[str]:
        """What is installed stays as it is; the rest comes as it was tried."""
        unfinished = {_plain(name.partition("==")[0]) for names in self.site.unfinished().values() for name in names}
        installed: dict[str, str] = {}
        for distribution in metadata.distributions():
            name, version = distribution.metadata["Name"], distribution.metadata["Version"]
            if name and version and _plain(name) not in unfinished:
                installed.setdefault(_plain(name), f"{name}=={version}")
        shipped = self.shipped.pins.read_text(encoding="utf-8").split()
        return iter([*installed.values(), *(pin for pin in shipped if _plain(pin.partition("==")[0]) not in installed)])

    def _fetch(self, groups: Sequence[Group], packages: Sequence[str]) -> None:
        temporary, wheels = self.folder / "temporary", self.folder / "wheels"
        temporary.mkdir()
        wheels.mkdir()
        sizes = {_plain(wheel.name): wheel.download for group in groups for wheel in group.wheels}
        total = sum(sizes.get(_plain(package.partition("==")[0]), 0) for package in packages)

        def look() -> None:
            # What pip has fetched so far lies in its temporary folder, at the end in ours.
            files = wheels_in(temporary) | wheels_in(wheels)
            fetched = sum(about.st_size for about in files.values())
            newest = max(files, key=lambda name: files[name].st_mtime, default="")
            self.tell(Progress("fetching", newest.partition("-")[0], min(fetched, total), total))

        look()
        self._pip("download", "--no-deps", "--only-binary", ":all:", "--dest", str(wheels), *packages, temporary=temporary, meanwhile=look)
        look()

    def _unpack(self, groups: Sequence[Group], packages: Sequence[str]) -> None:
        self.tell(Progress("unpacking"))
        note = {**self.site.unfinished(), **{group.id: list(packages) for group in groups}}
        fresh = self.site.note.with_suffix(".new")
        fresh.write_text(json.dumps(note), encoding="utf-8")
        fresh.replace(self.site.note)
        try:
            # Over whatever an interrupted try has left: pip cannot take away what it did not finish.
            offline = ("--no-index", "--find-links", str(self.folder / "wheels"), "--no-deps", "--ignore-installed")
            self._pip("install", *offline, *packages, local=True)
        except BaseException:
            self._take_back(packages)
            raise
        self.site.note.unlink()

    def _take_back(self, packages: Sequence[str]) -> None:
        """Leaves the environment as it was; where even that fails, the note stays and says what is to be done over."""
        with contextlib.suppress(GroupError):
            self.stop = threading.Event()
            self._pip("uninstall", "--yes", *(package.partition("==")[0] for package in packages), local=True)
            self.site.note.unlink()

    # -- pip ----------------------------------------------------------------------------------------------------------------
    def _pip(
        self,
        command: str,
        *words: str,
        temporary: Path | None = None,
        meanwhile: Callable[[], None] = lambda: None,
        local: bool = False,
    ) -> None:
        """Runs pip, with `meanwhile` a few times a second; ends it on Ctrl-C or `stop`. Raises GroupError where it does not end well."""
        reach = [] if local else ["--timeout", "15", "--retries", "1", *shlex.split(os.environ.get("MODELWRIGHT_PIP_ARGS", ""))]
        environment = os.environ | {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
        if local:  # a mirror that is set up must not be asked
            environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
        if temporary is not None:
            environment["TMPDIR"] = str(temporary)
        output = ""
        # In a group of its own, so that Ctrl-C comes here and not to it; in /, where no file of a learner's is taken for one of pip's.
        quiet = () if command == "uninstall" else ("--progress-bar", "off", *reach)
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "pip", command, "--no-input", *quiet, *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, cwd="/", start_new_session=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            handle = process.stdout.fileno()
            try:
                while True:
                    if select.select([handle], [], [], 0.2)[0]:
                        data = os.read(handle, 65536)
                        if not data:
                            break
                        output = (output + data.decode(errors="replace"))[-OUTPUT:]
                    if self.stop.is_set():
                        raise GroupError("It was stopped. Nothing was changed; the next try begins anew.")
                    meanwhile()
            except BaseException:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        if process.returncode != 0:
            raise GroupError(why_it_failed(output))


def wheels_in(folder: Path) -> dict[str, os.stat_result]:
    """The wheels that lie anywhere below `folder`, by name, while somebody else makes and takes away files and folders there."""
    found: dict[str, os.stat_result] = {}
    for top, _, names in os.walk(folder):  # which passes over a folder that is gone, as Path.rglob does not
        for name in names:
            if name.endswith(".whl"):
                with contextlib.suppress(OSError):
                    found[name] = os.stat(os.path.join(top, name))
    return found


CAUSES = (
    (r"No space left on device|Disk quota exceeded", "The disk is full. Nothing was changed: free some space, then try again."),
    (
        r"Failed to establish a new connection|NewConnectionError|Name or service not known|Temporary failure in name resolution|"
        r"Network is unreachable|Connection refused|ConnectTimeout|ReadTimeout|Read timed out|Connection aborted|Connection broken|"
        r"ProxyError|Max retries exceeded|Could not connect|Connection reset",
        "No package index answered. Nothing was changed: try again where there is a network. "
        "`modelwright prepare --stage N` fetches ahead what a stage needs.",
    ),
    (
        r"Permission denied|Read-only file system|externally-managed",
        "This environment cannot be written, so nothing can be installed there. Make it writable, or ask whoever keeps it.",
    ),
    (r"DO NOT MATCH THE HASHES|BadZipFile|Wheel .* is invalid", "What came was damaged on its way. Nothing was changed: try again."),
)  # fmt: skip


def why_it_failed(output: str) -> str:
    """One sentence for pip's many, by what they hold."""
    for pattern, sentence in CAUSES:
        if re.search(pattern, output):
            return sentence
    conflict = "ResolutionImpossible" in output
    missing = re.search(r"No matching distribution found for ([^\s;(]+)", output)
    if conflict and " depends on " not in output:  # only what was asked for and its pin: the pinned version is not there
        missing = re.search(r"The user requested \(constraint\) (\S+)", output)
    if missing:
        return f"There is no build of {missing[1]} for this system ({system()}). Nothing was changed."
    if conflict:
        return (
            "It does not go with packages that are installed here in other versions than Modelwright's own. Nothing was changed: "
            "install Modelwright in an environment of its own, with constraints.txt, then try again."
        )
    last = [line for line in output.splitlines() if line.startswith("ERROR")] or output.strip().splitlines()[-1:] or ["it said nothing"]
    return f"pip could not do it: {last[-1].removeprefix('ERROR:').strip()[:300]}"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lacking(needs: Iterable[str], what: str, later: bool = False) -> str:
    """The sentence that says which groups among `needs` are not here; "" where all are. `what` needs them: 'this lab'; `later`, in time."""
    gone = absent(groups_of(needs))
    return said(gone, what, later) if gone else ""


def require(needs: Iterable[str], what: str) -> None:
    """Raises NotInstalled where something is lacking."""
    if sentence := lacking(needs, what):
        raise NotInstalled(sentence)
