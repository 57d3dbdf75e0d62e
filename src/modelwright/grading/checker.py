"""The trusted side of one submission: runs a lab's checks, ordinary pytest functions, and tells what each came to.

The process is forked from the zygote for one submission and ends with it. It forks the nursery first, while it knows nothing;
only then does it read checks.py and solution.py. The fixtures that a check can ask for are `learner` (the proxy), `reference`
(solution.py, imported here), `rng` (a seeded NumPy generator, the same for each run and each Hypothesis example) and `budget`.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import resource
import signal
import socket
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from . import cage, comparisons, explain, forbidden, nursery
from .budget import Budget
from .errors import LabFault
from .proxy import Channel, Learner, NotDefined, RunnerDied

RESTARTS = 2
CASE_LENGTH = 120  # characters of a case's words
SHRINKING_SECONDS = 2  # a smaller example is worth waiting for, but not for long


class Job:
    """What the client asked for, decoded."""

    def __init__(self, header: dict[str, Any], source: bytes, extra: dict[str, bytes]) -> None:
        self.lab: str = header["lab"]
        self.folder = Path(header["folder"])
        self.file: str = header["file"]
        self.seconds: float = header["seconds"]
        self.memory_mb: int = header["memory_mb"]
        self.check_wall: float = header["check_wall"]
        self.wall: float = header["wall"]
        self.hidden: list[str] = header["hidden"]
        self.without: list[str] = header["without"]
        self.environment: dict[str, str] = header.get("environment", {})  # what the lab's libraries must find, on both sides
        self.hides: list[str] = header.get("hides", [])
        self.first_failure: bool = header.get("first_failure", False)
        self.shrink: bool = header.get("shrink", True)
        self.forbid = tuple(forbidden.Rule(**rule) for rule in header.get("forbid", ()))
        self.forbid_check: str = header.get("forbid_check", "")
        self.code: str | None = source.decode() if header["mode"] == "run" else None
        self.source, self.extra = source, extra


class Alarm:
    """The clock on the wall, for whatever no other limit ends: it rings in this process, wherever its code then is.

    A check can hang here too, on what the learner's code returned. What swallows the alarm is ended by the nursery, from outside.
    """

    def __init__(self, check: float, submission: float) -> None:
        self.check, self.submission = check, submission
        self.end = time.monotonic() + submission

    @property
    def all_over(self) -> bool:
        return time.monotonic() >= self.end

    def words(self) -> str:
        if self.all_over:
            return f"The submission took more than {self.submission:g} seconds by the clock, the most that this lab allows."
        return f"It was not done after {self.check:g} seconds by the clock, the most that one check of this lab may take."

    @contextmanager
    def set(self, ring: Callable[[str], RunnerDied]) -> Iterator[None]:
        """Inside, when one check's time or the submission's is up, what `ring` makes of the words is raised."""

        def handle(*_: object) -> None:
            raise ring(self.words())

        before = signal.signal(signal.SIGALRM, handle)
        # Again each second: an exception that comes up inside a finaliser is lost.
        signal.setitimer(signal.ITIMER_REAL, max(0.001, min(self.check, self.end - time.monotonic())), 1.0)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


class Stable:
    """Makes runners for a job through the nursery, and counts what they used."""

    def __init__(self, job: Job, control: socket.socket) -> None:
        self.job, self.control = job, control
        self.peak = 0
        self.holds: list[str] = []
        self.channels: list[Channel] = []
        self.scratches: list[tempfile.TemporaryDirectory[str]] = []

    def order(self) -> Callable[[], Channel]:
        """Ask for a runner now, take it later: the fork and the cage run while this process reads the checks."""
        scratch = tempfile.TemporaryDirectory(prefix="modelwright-")
        self.scratches.append(scratch)
        job = self.job
        policy = {"seconds": job.seconds, "memory_mb": job.memory_mb, "scratch": scratch.name, "hidden": job.hidden, "without": job.without,
                  "environment": job.environment, "hides": job.hides}  # fmt: skip
        self.control.sendall(json.dumps(policy).encode() + b"\n")
        return self._take

    def _take(self) -> Channel:
        _, fds, _, _ = socket.recv_fds(self.control, 6, 3)
        if len(fds) != 3:
            raise RunnerDied("error", "The process for your code did not start; `modelwright doctor` may say why.")
        sock = socket.socket(fileno=fds[0])
        pid = int(_line(fds[2]))
        channel = Channel(sock, fds[1], fds[2], pid, seconds=self.job.seconds, memory_mb=self.job.memory_mb, holds=[])
        self.channels.append(channel)
        channel.holds = self.holds = channel.codec.unpack(channel._receive())[1]
        return channel

    def new(self) -> Channel:
        return self.order()()

    def close(self) -> None:
        for channel in self.channels:
            channel.close()
            self.peak = max(self.peak, channel.peak)
        for scratch in self.scratches:
            scratch.cleanup()


def _line(fd: int) -> str:
    text = b""
    while not text.endswith(b"\n"):
        byte = os.read(fd, 1)
        if not byte:
            raise RunnerDied("error", "The process for your code did not start; `modelwright doctor` may say why.")
        text += byte
    return text.decode()


def fixtures(run: Fixtures) -> ModuleType:
    """What a check can ask for. `learner` and `reference` last a whole session, so that an author's fixture of any scope can use them."""
    offered = ModuleType("modelwright_fixtures")

    @pytest.fixture(scope="session")
    def learner() -> Learner:
        return Learner(lambda: run.channel, run.job.source.decode("utf-8-sig"), run.reference)

    @pytest.fixture(scope="session")
    def reference() -> ModuleType:
        return run.reference()

    @pytest.fixture
    def rng(request: pytest.FixtureRequest) -> Any:
        return generator_for(run.job.lab, request)

    @pytest.fixture
    def budget() -> Budget:
        return Budget(run)

    vars(offered).update(learner=learner, reference=reference, rng=rng, budget=budget)
    return offered


def generator_for(lab: str, request: pytest.FixtureRequest) -> Any:
    """The same numbers for the same check, each time, on each machine."""
    import numpy as np

    return np.random.default_rng(zlib.crc32(f"{lab}:{request.node.name}".encode()))


class Fixtures:
    """The pytest plugin of a grading run: what the fixtures share, and a report of each check as it ends."""

    channel: Channel

    def __init__(
        self, job: Job, stable: Stable, later: Callable[[], Channel], tell: Callable[[dict[str, Any]], None], alarm: Alarm
    ) -> None:
        self.job, self.stable, self.later, self.tell, self.alarm = job, stable, later, tell, alarm
        self.numbers: dict[pytest.Item, int] = {}
        self.deaths_told: set[int] = set()
        self.unloadable: tuple[str, str] | None = None
        self.restarts = 0
        self.over: RunnerDied | None = None
        self.died: RunnerDied | None = None
        self.why_over = ""
        self.decided = False
        self.ends: dict[str, Any] = {}
        self.reference_module: ModuleType | None = None
        self.comparison: tuple[str, Any, Any] | None = None
        self.cases: Counter[str] = Counter()  # how many there are of each check

    def reference(self) -> ModuleType:
        if self.reference_module is None:
            self.reference_module = load_module("solution", self.job.folder / "solution.py")
        return self.reference_module

    def fresh_pair(self) -> tuple[Channel, Channel]:
        """Two new runners, alike but for the module in them: the learner's and the reference."""
        later = [self.stable.order(), self.stable.order()]
        pair = later[0](), later[1]()
        pair[1].of_the_lab = True
        for channel, source in zip(pair, (self.job.source, (self.job.folder / "solution.py").read_bytes()), strict=True):
            start_source(channel, self.job, source, self.job.file)
            channel.request("steady")
            channel.begin_check()
        return pair

    # -- pytest's hooks
    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            reset_for_each_example(item)
        first_of_all(items, self.job.forbid_check, self.job.forbid, self.job.source.decode("utf-8-sig"), self.job.folder)
        self.numbers = {item: number for number, item in enumerate(items)}
        self.cases = Counter(map(name_of, items))
        self.tell({"event": "collected", "checks": [[name_of(item), claim_of(item), case_of(item)] for item in items]})
        self._load()

    def _load(self) -> None:
        """Take the runner, which was being made while pytest read the checks, and have it load the learner's file."""
        frames = None
        try:
            with self.alarm.set(self._ring):
                self.channel = self.later()
                start(self.channel, self.job)
            return
        except RunnerDied as died:
            self.over = died
            self.unloadable = (died.status, f"Your file could not be loaded. {died}")
        except Exception as error:
            frames = getattr(error, "learner_frames", None)
            if frames is None:
                raise
            at = f" ({frames.where})" if frames.where else ""
            why = f"could not be loaded: {frames.kind}: {frames.text}{at}" if not frames.unread else f"is not Python yet: {frames.text}."
            self.unloadable = ("error", f"Your file {why}")
            self.over = RunnerDied("error", self.unloadable[1])
        self.why_over = "Not run: your file could not be loaded."
        self.tell(loading(self.unloadable[1], frames, self.channel))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        from _pytest.assertion import util
        from _pytest.runner import runtestprotocol

        if self.over is None and self.alarm.all_over:
            self.over = self.died = RunnerDied("timeout", self.alarm.words())
            self.why_over = "Not run: time was up."
        if self.over is not None or self.decided:
            why = self.why_over or "Not run: an earlier check failed, and the first failure was all that was asked for."
            self.tell(self._about(item) | {"status": "not-run", "message": why})
            return True
        # In place of pytest's textual diff, which takes quadratic time on what a hostile file may return, keep the two values.
        util._reprcompare = self._remember
        self.comparison, self.ends = None, {}
        self.channel.begin_check()
        started = time.perf_counter()
        try:
            with self.alarm.set(self._ring):  # also while it is told: what came back may be hard to show
                runtestprotocol(item, log=False, nextitem=nextitem)
                result = self._result(item, time.perf_counter() - started)
        except RunnerDied as died:
            self.died = self.died or died
            result = self._about(item) | {"status": "failed", "message": str(died), "seconds": time.perf_counter() - started}
        self.tell(result)
        self.decided = self.job.first_failure and result["status"] in ("failed", "error")
        if not self.decided:
            self._recover()
        return True

    def _about(self, item: pytest.Item) -> dict[str, Any]:
        about = {"event": "check", "number": self.numbers[item], "name": name_of(item), "claim": claim_of(item)}
        return about | {"case": case_of(item), "cases": self.cases[name_of(item)]}

    def _ring(self, words: str) -> RunnerDied:
        """Time is up: the runner is ended too, so that a check that goes on regardless is known to have failed."""
        channel: Channel | None = getattr(self, "channel", None)
        return RunnerDied("timeout", words) if channel is None else channel.kill("timeout", words)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        self.ends[call.when] = call.excinfo
        return (yield)

    def pytest_internalerror(self, excrepr: object) -> None:
        """A fault of this program or of the lab: the details belong on the standard error of the warm process."""
        print(excrepr, file=sys.stderr)

    def _remember(self, op: str, left: Any, right: Any) -> None:
        self.comparison = (op, left, right)

    def _result(self, item: pytest.Item, seconds: float) -> dict[str, Any]:
        result = self._about(item) | {"status": "passed", "seconds": seconds}
        result["output"] = self.channel.take_output()
        with suppress(RunnerDied):
            self.channel.look_for_surprises()
        death = self._new_death()
        ended: Any = next((self.ends[when] for when in ("setup", "call", "teardown") if self.ends.get(when) is not None), None)
        if death is None and ended is None:
            return result
        error: BaseException = death or ended.value
        last = self.channel.last
        given = ""
        if last is not None:
            try:
                given = explain.arguments(last, self.channel.codec.unpack(last.packed))
            except Exception:
                given = f"{last.name}(…)"
        if isinstance(error, RunnerDied):
            self.died = self.died or error
            return result | {"status": "failed", "message": str(error), "given": given}
        if isinstance(error, pytest.skip.Exception):  # no exception of the learner's comes across as this one: the lab says so
            return result | {"status": "skipped", "message": str(error)}
        try:
            story = explain.failure(
                error, ended.tb, comparison=self.comparison, last=last, given=given, checks=self.job.folder / "checks.py"
            )
        except Exception as trouble:  # telling it well may fail on what a hostile file returns; that the check failed stands
            story = {
                "message": f"It does not hold ({type(error).__name__}; what came back cannot be shown: {type(trouble).__name__}).",
                "given": given,
            }
        # An error that no call of the learner's led to is the lab's own fault, and is said to be.
        own = not isinstance(error, (AssertionError, pytest.fail.Exception)) and last is None and not hasattr(error, "learner_frames")
        own = (own and not isinstance(error, NotDefined)) or isinstance(error, LabFault)
        if own:
            story["message"] = f"This check could not be run, which is a fault of the lab and not of your code: {story['message']}"
        return result | story | {"status": "error" if own else "failed"}

    def _new_death(self) -> RunnerDied | None:
        """That a runner died in this check, whoever of the check's code was told and kept it to itself."""
        dead = [channel for channel in self.stable.channels if channel.death is not None and id(channel) not in self.deaths_told]
        self.deaths_told.update(map(id, dead))
        return next((channel.death for channel in dead if not channel.of_the_lab), None)

    def _recover(self) -> None:
        """After a runner's death: a fresh one for the next check, unless it ran out of time or has died too often."""
        died = self.channel.dead
        if died is None:
            return
        if died.status == "timeout" or self.restarts >= RESTARTS:
            self.over = died
            self.why_over = (
                "Not run: an earlier check ran out of time." if died.status == "timeout" else "Not run: the process died too often."
            )
            return
        self.restarts += 1
        try:
            with self.alarm.set(self._ring):
                self.channel = self.stable.new()
                start(self.channel, self.job)
        except (RunnerDied, Exception) as error:
            self.over = error if isinstance(error, RunnerDied) else RunnerDied("killed", str(error))
            self.why_over = "Not run: your file could not be loaded again."


def name_of(item: pytest.Item) -> str:
    return item.name.partition("[")[0].removeprefix("test_").replace("_", " ")


def case_of(item: pytest.Item) -> str:
    """A parametrised check's case in words: the author's own where `ids` gives them, else its values, as `axis is 0`."""
    call = getattr(item, "callspec", None)
    if call is None:
        return ""
    words: list[str] = []
    told: set[str] = set()
    for mark in item.iter_markers("parametrize"):
        names = mark.args[0].replace(" ", "").split(",") if isinstance(mark.args[0], str) else list(mark.args[0])
        told |= set(names)
        given = {name: call.params[name] for name in names if name in call.params}
        words.append(author_words(mark, list(given.values())) or in_words(given))
    words += [in_words({name: value}) for name, value in call.params.items() if name not in told]  # of a fixture
    return ", ".join(reversed(words))[:CASE_LENGTH]


def in_words(values: dict[str, Any]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} is {explain.brief(value)}" for name, value in values.items())


def author_words(mark: pytest.Mark, given: list[Any]) -> str:
    """What the author calls the case of one `parametrize` that has these values; empty where it has no name of its own."""
    rows, ids = list(mark.args[1]), mark.kwargs.get("ids")
    named = [None] * len(rows) if ids is None or callable(ids) else list(ids)
    for row, name in zip(rows, named, strict=False):
        own = row.id if hasattr(row, "marks") else None  # of pytest.param(…, id="…")
        values = row.values if hasattr(row, "marks") else [row] if len(given) == 1 else list(row)
        if len(values) == len(given) and all(a is b for a, b in zip(values, given, strict=True)):
            name = own or name or (ids(given[0]) if callable(ids) and len(given) == 1 else None)
            return name if isinstance(name, str) else ""
    return ""


def claim_of(item: pytest.Item) -> str:
    doc = (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip().splitlines()
    return doc[0].strip() if doc else name_of(item).capitalize() + "."


def reset_for_each_example(item: pytest.Item) -> None:
    """Give each Hypothesis example the same `rng`, so that an example that failed fails again when Hypothesis shrinks it."""
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    if handle is None:
        return
    inner = handle.inner_test

    def with_a_fresh_generator(*args: Any, **kwargs: Any) -> Any:
        generator = kwargs.get("rng")
        if generator is not None:
            state = generator.bit_generator.state
            try:
                return inner(*args, **kwargs)
            finally:
                generator.bit_generator.state = state
        return inner(*args, **kwargs)

    with_a_fresh_generator.__name__, with_a_fresh_generator.__doc__ = inner.__name__, inner.__doc__
    with_a_fresh_generator.__signature__ = __import__("inspect").signature(inner)  # type: ignore[attr-defined]
    handle.inner_test = with_a_fresh_generator


def first_of_all(items: list[pytest.Item], name: str, rules: tuple[forbidden.Rule, ...], source: str, folder: Path) -> None:
    """Put the check of what the task forbids before the author's own."""
    if not rules or not items:
        return
    starter = folder / "starter.py"
    graded = forbidden.defined(starter.read_text(encoding="utf-8")) if starter.is_file() else ()

    def check() -> None:
        """The task says what may not be used."""
        forbidden.require_allowed(source, rules, graded)

    items.insert(0, pytest.Function.from_parent(items[0].parent, name="test_" + name.replace(" ", "_"), callobj=check))


def load_module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def start(channel: Channel, job: Job) -> Channel:
    return start_source(channel, job, job.source, job.file)


def start_source(channel: Channel, job: Job, source: bytes, file: str) -> Channel:
    channel.begin_check()
    channel.request("load", source, file, job.extra)
    channel.take_output()
    return channel


def run(client: socket.socket, header: dict[str, Any], source: bytes, extra: dict[str, bytes]) -> None:
    """Grade one submission and tell the client, an event at a time, as JSON frames. Called in a process of its own."""
    from .wire import send_frame

    job = Job(header, source, extra)

    def tell(event: dict[str, Any]) -> None:
        return send_frame(client, json.dumps(event).encode())

    control, theirs = socket.socketpair()
    me, alarm = os.getpid(), Alarm(job.check_wall, job.wall)
    if os.fork() == 0:
        try:
            control.close()
            nursery.serve(theirs, client, me, alarm.end)
        finally:
            os._exit(0)
    theirs.close()
    os.environ.update(job.environment)
    cage.limit_checker(job.seconds, job.memory_mb)
    stable = Stable(job, control)
    try:
        later = stable.order()
        status, message = (execute if job.code is not None else grade)(job, stable, later, tell, alarm)
    finally:
        stable.close()
    tell({"event": "done", "status": status, "message": message, "holds": stable.holds, "peak": stable.peak})


def grade(job: Job, stable: Stable, later: Callable[[], Channel], tell: Callable[[dict[str, Any]], None], alarm: Alarm) -> tuple[str, str]:
    prepare(shrink=job.shrink)
    comparisons.install()
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    plugin = Fixtures(job, stable, later, tell, alarm)
    gc.freeze()
    try:
        code = int(pytest.main(options(job.folder), plugins=[plugin, fixtures(plugin)]))
    except (Exception, RunnerDied) as error:  # in what pytest does after the last check, such as ending a fixture of the lab's
        plugin.pytest_internalerror(f"{type(error).__name__}: {error}")
        code = int(pytest.ExitCode.INTERNAL_ERROR)
    if plugin.unloadable:
        return plugin.unloadable
    if plugin.died is not None:
        return plugin.died.status, str(plugin.died)
    if code not in (0, 1):
        return "error", f"The checks of {job.lab} could not be run (pytest ended with {code}); `modelwright course validate` says why."
    return "", ""


def options(folder: Path) -> list[str]:
    """pytest's, for a folder with a checks.py: no plugin, no configuration and no report but ours.

    Without `--confcutdir` pytest looks at every file of every folder above, and runs an `__init__.py` that it meets there.
    """
    unwanted = "cacheprovider faulthandler junitxml logging doctest unraisableexception threadexception warnings debugging "
    unwanted += "pastebin setuponly setupplan stepwise unittest"
    chosen = [part for name in unwanted.split() for part in ("-p", f"no:{name}")]
    chosen += ["-s", "-q", "--noconftest", "-c", os.devnull, "--rootdir", str(folder), "--confcutdir", str(folder)]
    chosen += ["--import-mode=importlib"]
    return [*chosen, str(folder / "checks.py")]


def prepare(shrink: bool = True) -> None:
    """Settings of Hypothesis and pytest for grading: the same examples each time, nothing kept on disk, no deadline of their own."""
    import hypothesis.internal.conjecture.engine as engine
    from hypothesis import HealthCheck, Phase, settings

    engine.MAX_SHRINKING_SECONDS = SHRINKING_SECONDS
    phases = [phase for phase in Phase if shrink or phase not in (Phase.shrink, Phase.explain)]
    settings.register_profile(
        "grading", derandomize=True, database=None, deadline=None, report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
        phases=phases,
    )  # fmt: skip
    settings.load_profile("grading")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"


WARMING = """
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


@pytest.fixture
def three():
    return 3


@settings(max_examples=3)
@given(n=st.integers(0, 9), x=st.floats(0, 1), s=st.text(max_size=2), many=st.lists(st.integers(0, 3), max_size=2))
def test_property(n, x, s, many):
    assert n < 10


@pytest.mark.parametrize("n", [1, 2])
def test_number(three, n):
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(np.ones(2), np.zeros(2))
    assert n + three == pytest.approx(n + 3)
"""


def warm_up() -> None:
    """One session of checks of no meaning, so that all that pytest and Hypothesis load late is there before the first fork."""
    prepare()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checks.py"
        path.write_text(WARMING)
        kept, modules = os.dup(1), set(sys.modules)
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        try:
            code = pytest.main(options(Path(folder)))
        finally:
            sys.stdout.flush()
            os.dup2(kept, 1)
            os.close(kept)
            os.close(nothing)
        if code != 0:
            raise RuntimeError(f"pytest ended with {int(code)} on a session that always passes")
        for name in set(sys.modules) - modules:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(folder):
                del sys.modules[name]


def execute(
    job: Job, stable: Stable, later: Callable[[], Channel], tell: Callable[[dict[str, Any]], None], alarm: Alarm
) -> tuple[str, str]:
    """Run plain Python, with no checks: what it printed, and how it ended."""
    channel, started = later(), time.perf_counter()
    end = {"event": "ran", "status": "ok", "error": "", "traceback": "", "line": 0}
    try:
        with alarm.set(lambda words: channel.kill("timeout", words)):
            channel.begin_check()
            channel.request("write", job.extra)
            channel.request("run", job.code, job.file)
    except RunnerDied as died:
        end |= {"status": died.status, "error": str(died)}
    except Exception as error:
        frames = getattr(error, "learner_frames", None)
        if frames is None:
            raise
        end |= {"status": "error", "error": f"{frames.kind}: {frames.text}" if frames.text else frames.kind, "traceback": str(frames)}
        end["line"] = frames.rows[-1][1] if frames.rows else 0
    seconds, output = time.perf_counter() - started, channel.take_output()
    if channel.death is not None and end["status"] == "ok":
        end |= {"status": channel.death.status, "error": str(channel.death)}
    tell(end | {"output": output, "seconds": seconds})
    return str(end["status"]), str(end["error"])


def loading(message: str, frames: Any, channel: Channel) -> dict[str, Any]:
    event = {"event": "check", "name": "loads", "claim": "The file can be loaded.", "status": "error", "message": message}
    return event | {"where": frames.where if frames else "", "traceback": str(frames) if frames else "", "output": channel.take_output()}
