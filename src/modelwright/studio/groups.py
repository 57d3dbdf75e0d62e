"""What things of the curriculum need beyond the start, as views; and its installation in the background, as a page follows it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence

from modelwright.curriculum import Curriculum
from modelwright.curriculum.models import Module
from modelwright.errors import ModelwrightError
from modelwright.groups import Group, GroupError, Progress, absent, catalogue, groups_of, install, lacking, listed, size, sizes_of
from modelwright.studio import views as v
from modelwright.studio.errors import Busy, Unknown


def group_view(group: Group, used_by: Sequence[str] = ()) -> v.GroupView:
    sizes = sizes_of([group])
    is_here = not absent([group])
    return v.GroupView(
        id=group.id,
        title=group.title,
        what=group.what,
        why=group.why,
        is_here=is_here,
        unbuilt=not is_here and not catalogue().has_build(group),
        interrupted=not is_here and group.is_here,
        download=sizes.download,
        installed=sizes.installed,
        used_by=tuple(used_by),
    )


def needed(needs: Iterable[str], what: str, later: bool = False) -> v.NeededView | None:
    """What of `needs` is not here; `what` is what needs it: 'this lab'. `later`: it can be begun without."""
    gone = absent(groups_of(needs))
    if not gone:
        return None
    views = tuple(group_view(group) for group in gone)
    return v.NeededView(tuple(view for view in views if not view.unbuilt), lacking(needs, what, later), str(sizes_of(gone)))


def needs_of(module: Module) -> tuple[str, ...]:
    """What a module needs, with what its lessons and labs do."""
    lessons = [need for lesson in module.lessons for need in lesson.needs]
    return tuple(dict.fromkeys([*module.needs, *lessons, *(need for lab in module.labs for need in lab.needs)]))


def used_in_stage(curriculum: Curriculum, name: str) -> dict[str, tuple[str, ...]]:
    """The groups that a stage's modules and projects need, each with the titles of these. `name`: the stage's number, or its id."""
    stage = next((stage for stage in curriculum.stages.values() if name in (str(stage.number), stage.id)), None)
    if stage is None:
        raise Unknown("stage", name, tuple(f"{stage.number} ({stage.id})" for stage in curriculum.stages.values()))
    needs = [(module.title, needs_of(module)) for module in stage.modules]
    needs += [(project.title, project.needs) for project in curriculum.projects.values() if project.stage == stage.id]
    ids = [group.id for group in groups_of(need for _, wanted in needs for need in wanted)]
    return {id: tuple(title for title, wanted in needs if id in wanted) for id in ids}


class Preparation:
    """One installation at a time, in a thread. `then` is called when one has ended well."""

    def __init__(self, then: Callable[[], None]) -> None:
        self.then = then
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._groups: tuple[Group, ...] = ()
        self._state: v.PreparationState = "none"
        self._said, self._part = "", 0.0

    def begin(self, ids: Sequence[str]) -> v.PreparationView:
        """Raises GroupError for what is no group; Busy while another one goes on."""
        groups = catalogue().named(ids)
        if not groups:
            raise GroupError("Nothing was named to be installed.")
        with self._lock:
            if self._state == "running":
                if groups == self._groups:
                    return self._view()
                raise Busy(f"{listed([group.title for group in self._groups])} is being installed. Wait until that is done.")
            self._groups, self._state, self._said, self._part = groups, "running", "Looking for what is missing.", 0.0
            self._stop.clear()
            self._thread = threading.Thread(target=self._work, daemon=True, name="prepare")
            self._thread.start()
            return self._view()

    def _work(self) -> None:
        try:
            install([group.id for group in self._groups], self._hear, stop=self._stop)
        except ModelwrightError as error:
            self._end("failed", str(error))
        except Exception as error:
            self._end("failed", f"Something broke: {type(error).__name__}. `modelwright prepare` in a terminal says more.")
            raise
        else:
            self.then()
            names = [group.title for group in self._groups]
            self._end("done", f"{listed(names)} {'are' if ' and ' in listed(names) else 'is'} installed.")

    def _hear(self, progress: Progress) -> None:
        with self._lock:
            self._part = progress.done / progress.of if progress.of else self._part
            self._said = told(progress)

    def _end(self, state: v.PreparationState, said: str) -> None:
        with self._lock:
            self._state, self._said = state, said

    def view(self) -> v.PreparationView:
        with self._lock:
            return self._view()

    def _view(self) -> v.PreparationView:
        return v.PreparationView(self._state, tuple(group.id for group in self._groups), self._said, self._part)

    def close(self) -> None:
        """Ends what goes on; the environment is left as it was."""
        self._stop.set()
        thread = self._thread
        if thread is not None:
            thread.join(10)


def told(progress: Progress) -> str:
    """Progress in words."""
    match progress.step:
        case "looking":
            return "Looking for what is missing."
        case "unpacking":
            return "Unpacking."
        case "fetching":
            package = f", now {progress.package}" if progress.package else ""
            return f"Fetched {size(progress.done)} of {size(progress.of)}{package}."
