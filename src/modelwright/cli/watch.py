"""`modelwright watch`: the screen shows the one check that fails now, and a save of the file runs them again (the idea is rustlings').

Three things can happen at any time: a key, a save, a check that ends. Each comes through one queue, so that the screen has one writer.
"""

from __future__ import annotations

import queue
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.cli import groups, keys, screen
from modelwright.cli.labs import next_lab, which
from modelwright.cli.opened import studio
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from modelwright.studio import Studio
    from modelwright.studio import views as v


def watch(name: str | None) -> None:
    if not keys.interactive():
        raise ModelwrightError("`watch` needs a terminal with a keyboard. In a script, use `modelwright check`.")
    with studio() as s:
        watching = Watching(s, which(s, name) if name or s.last_lab() else next_lab(s))
        groups.offer(s.lab(watching.lab_id, begin=False).needed)
        with keys.single_keys():
            watching.loop()


class Watching:
    def __init__(self, s: Studio, lab_id: str) -> None:
        self.studio = s
        self.lab_id = lab_id
        self.happened: queue.Queue[str] = queue.Queue()
        self.stop = threading.Event()
        self.full_list = False
        self.handed: v.Submission | None = None
        self.hints: list[str] = []

    def loop(self) -> None:
        threading.Thread(target=self._keys, daemon=True).start()
        self.studio.lab(self.lab_id)  # makes the file where the lab is new; from here on it is the learner's, and only read
        watcher = self._follow()
        self.run()
        while True:
            what = self.happened.get()
            if what in ("q", ""):
                break
            if what == "save":
                self._drain_saves()
                self.run()
            elif what in ("r", "\n"):
                self.run()
            elif what == "h":
                view = self.studio.hint(self.lab_id)
                self.hints = [h.text for h in self.studio.lab(self.lab_id, begin=False).hints] or [view.text]
                self.show()
            elif what == "l":
                self.full_list = not self.full_list
                self.show()
            elif what == "n":
                self.lab_id, self.hints, self.handed = self._next_lab(), [], None
                self.studio.lab(self.lab_id)
                self.stop.set()
                watcher.join(2)
                watcher = self._follow()
                self.run()
        self.stop.set()

    def run(self) -> None:
        """Grades, drawing each check as it ends."""
        view = self.studio.lab(self.lab_id, begin=False)
        out = screen.console()
        self._head(view)
        self.hints = [hint.text for hint in view.hints]
        try:
            source = self.studio.lab_file(self.lab_id)
            if source is None:  # a checkout of another branch, a move: nothing was handed in
                self.handed = None
                out.print(
                    "The file is not there now. It is graded when it is back; [bold]modelwright reset[/] makes it anew from the starter."
                )
                self._foot()
                return
            self.handed = self.studio.hand_in(self.lab_id, screen.CheckList(out).ended, source, keep=False)
        except ModelwrightError as error:
            self.handed = None
            out.print(f"[red]{screen.safe(str(error))}[/]")
            self._foot()
            return
        self.show()

    def show(self) -> None:
        """The whole screen again: the one failing check, or the pass."""
        from modelwright.grading import first_failure

        out = screen.console()
        view = self.studio.lab(self.lab_id, begin=False)
        self._head(view)
        if self.handed is None:
            self._foot()
            return
        verdict = self.handed.verdict
        first = first_failure(verdict)
        if self.full_list or verdict.status == "passed":
            screen.check_line(out, verdict.checks)
        elif verdict.passed:
            out.print(f"  {verdict.passed} of {verdict.total} checks pass", highlight=False)
        if verdict.status == "passed":
            out.print()
            out.print(f"[green]✓[/] [bold]Passed.[/] All {verdict.total} checks, in {verdict.seconds:.1f} s.")
            screen.changes(out, self.handed.changed)
            if self.handed.committed:
                out.print("  Committed to your workshop.")
            elif self.handed.remark:
                out.print("  " + self.handed.remark, markup=False)
            if self.handed.others:
                out.print(f"  Other right ways: modelwright solution {self.lab_id}", markup=False)
        elif first is not None:
            screen.failure(out, first)
        else:
            out.print()
            out.print(f"[red]✗[/] {screen.marked(verdict.message)}")
        for number, hint in enumerate(self.hints if verdict.status != "passed" else [], 1):
            out.print()
            out.print(f"Hint {number} of 3", style="bold")
            screen.markdown(out, hint, indent=2)
        self._foot()

    def _head(self, view: v.LabView) -> None:
        out = screen.console()
        sys.stdout.write("\x1b[2J\x1b[3J\x1b[H")
        out.print(f"[bold]{screen.safe(view.title)}[/]  [dim]{view.id}[/]")
        out.print(view.path, style="dim", markup=False)
        out.print()

    def _foot(self) -> None:
        out = screen.console()
        passed = self.handed is not None and self.handed.verdict.status == "passed"
        out.print()
        words = [("n", "next lab"), ("l", "fewer lines" if self.full_list else "all checks"), ("r", "run again"), ("q", "quit")]
        if not passed:
            words.insert(0, ("h", "hint"))
        out.print("  ".join(f"[bold]{key}[/] {word}" for key, word in words) + "   [dim]Save the file to grade it again.[/]")
        sys.stdout.flush()

    def _next_lab(self) -> str:
        """The next one of the plan not yet passed, after this one; else simply the next."""
        labs = list(self.studio.curriculum.labs)
        at = labs.index(self.lab_id)
        after = labs[at + 1 :] + labs[:at]
        return next((lab for lab in after if not self.studio.lab_passed(lab)), after[0] if after else self.lab_id)

    def _keys(self) -> None:
        while True:
            key = keys.read_key()
            self.happened.put(key)
            if key in ("q", ""):
                return

    def _follow(self) -> threading.Thread:
        """Begins to watch the folder of the lab's file: editors replace a file rather than write into it."""
        view = self.studio.lab(self.lab_id, begin=False)
        self.stop = stop = threading.Event()
        file = Path(view.path)

        def work() -> None:
            from watchfiles import watch as changes

            for batch in changes(
                file.parent, stop_event=stop, debounce=120, step=40, rust_timeout=500, yield_on_timeout=False, recursive=False
            ):
                if any(Path(path) == file for _, path in batch):
                    self.happened.put("save")

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def _drain_saves(self) -> None:
        """Several saves while the last one was graded are one."""
        rest = []
        while not self.happened.empty():
            what = self.happened.get_nowait()
            if what != "save":
                rest.append(what)
        for what in rest:
            self.happened.put(what)
