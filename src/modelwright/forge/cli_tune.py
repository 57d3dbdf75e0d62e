"""Tuning, reinforcement, evaluation and reports at the command line: `modelwright forge tune|dpo|reinforce|eval|report`."""

from __future__ import annotations

import dataclasses
import typing
from pathlib import Path
from typing import Annotated, Any

import typer

ModelArgument = Annotated[Path, typer.Argument(help="A model folder or a run folder.")]
OutOption = Annotated[Path, typer.Option(help="Folder for the model, its metrics, and where it stands if it is stopped.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="Change a setting: lr=3e-4..")]


def add(app: typer.Typer) -> None:
    app.command()(tune)
    app.command()(dpo)
    app.command()(reinforce)
    app.command("eval")(evaluate)
    app.command()(report)


def tune(
    model: ModelArgument,
    data: Annotated[str, typer.Option(help="primer, primer:N, or a file of conversations.")] = "primer:4000",
    out: OutOption = Path("tuned"),
    override: SetOption = None,
) -> None:
    """Teach a model to answer, from conversations (all weights, or adapters with --set lora_rank=8)."""
    from modelwright.forge.tune import TuneConfig, tune_folder

    gave = _shown(lambda tell: tune_folder(model, out, _settings(TuneConfig, override, source=data), on_event=tell))
    typer.echo(
        f"{gave['conversations']:,} conversations; {gave['shortened']} lost their oldest exchanges, {gave['dropped']} were too long, "
        f"in {gave['silent']} the assistant says nothing"
    )
    before, after = gave["val_loss_before"], gave["val_loss"]
    held_out = "nothing was held out" if before is None or after is None else f"held-out loss {before:.4f} -> {after:.4f}"
    typer.echo(f"{held_out}; the model is in {out / 'model'}")


def dpo(
    model: ModelArgument,
    data: Annotated[str, typer.Option(help="primer:N, or JSON lines with prompt or messages, chosen, rejected.")] = "primer:400",
    out: OutOption = Path("preferred"),
    override: SetOption = None,
) -> None:
    """Tune on pairs of a better and a worse answer."""
    from modelwright.forge.prefer import PreferConfig, prefer_folder

    gave = _shown(lambda tell: prefer_folder(model, out, _settings(PreferConfig, override, source=data), on_event=tell))
    typer.echo(
        f"{gave['pairs']:,} pairs; loss {gave['first_loss']:.4f} -> {gave['last_loss']:.4f}, {gave['preferred']:.0%} preferred; "
        f"the model is in {out / 'model'}"
    )


def reinforce(
    context: typer.Context,
    model: ModelArgument,
    problems: Annotated[str, typer.Option(help="sums, sums:1, words, python (from the studio), a file, or several joined by +.")] = "sums",
    out: OutOption = Path("reinforced"),
    think: Annotated[bool, typer.Option("--think", help="Give the model a scratchpad of think_budget tokens.")] = False,
    override: SetOption = None,
) -> None:
    """Let a tuned model answer, check its answers, and make the better ones likelier."""
    from modelwright.forge.reinforce import ReinforceConfig, ReinforceParts, reinforce_folder

    config = _settings(ReinforceConfig, override, problems=problems, think=think)
    parts = ReinforceParts(run=runner_of(context))
    gave = _shown(lambda tell: reinforce_folder(model, out, config, parts=parts, on_event=tell))
    typer.echo(
        f"reward {gave['reward_first']:.3f} -> {gave['reward_last']:.3f}; of {config.samples} samples right "
        f"{gave['right_before']:.0%} before, {gave['right_after']:.0%} after; the model and the samples are in {out}"
    )


def evaluate(
    context: typer.Context,
    model: ModelArgument,
    data: Annotated[
        Path | None, typer.Option(help="Its data folder, for held-out text and baselines; default: the run's, else primer.")
    ] = None,
    bench: Annotated[
        list[str] | None, typer.Option(help="name=file, of gsm8k, humaneval, arc, hellaswag, mmlu; may be given again.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write evaluation.json here too.")] = None,
    override: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="The whole evaluation as JSON instead of a table.")] = False,
) -> None:
    """Measure a model and the baselines it has to beat, with an interval on each number."""
    import json

    from modelwright.forge.data.lines import finite
    from modelwright.forge.evaluate import EvaluateConfig, evaluate_folder
    from modelwright.forge.report import written

    folder = data or (model / "data" if (model / "data" / "manifest.json").exists() else None)
    config = _settings(EvaluateConfig, override, benchmarks=tuple(bench or ()))
    done = evaluate_folder(model, folder, config, run=runner_of(context))
    if out is not None:
        done.write(out)
    if as_json:
        typer.echo(json.dumps(finite(dataclasses.asdict(done)), ensure_ascii=False))
        return
    from rich.console import Console
    from rich.table import Table

    systems = list(dict.fromkeys(one.system for one in done.scores))
    found = {(one.task, one.system): one for one in done.scores}
    table = Table(box=None, pad_edge=False)
    for head in ("measure", *systems):
        table.add_column(head, overflow="fold")
    for task in dict.fromkeys(one.task for one in done.scores):
        table.add_row(task, *(written(found[task, system]) if (task, system) in found else "–" for system in systems))
    Console().print(table)
    for note in done.notes:
        typer.echo(note)


def report(folder: Annotated[Path, typer.Argument(help="A run folder.")]) -> None:
    """Write a run's report.md and report.html from what its stages left."""
    from modelwright.forge.report import write_report

    for file in write_report(folder):
        typer.echo(str(file))


def runner_of(context: typer.Context) -> Any:
    """The isolated runner of Python that a room above may have put into the context; None where there is none."""
    return getattr(context.obj, "run_python", None)


def _shown(work: Any) -> Any:
    """Carry out `work(tell)` with its events on the screen."""
    from modelwright.forge.screen import Screen

    with Screen() as screen:
        return work(screen.event)


def _settings(cls: type, override: list[str] | None, **given: Any) -> Any:
    """A settings dataclass from `name=value` words; values are TOML, or plain text where the setting is text."""
    import tomllib

    from modelwright.forge.errors import ConfigError
    from modelwright.forge.recipe import settings_of

    kinds = typing.get_type_hints(cls)
    values = dict(given)
    for word in override or []:
        name, equals, value = word.partition("=")
        if not equals:
            raise ConfigError(
                f"'{word}' is no setting; write name=value, with a name of {', '.join(f.name for f in dataclasses.fields(cls))}"
            )
        if kinds.get(name) is str:
            values[name] = value.strip("\"'")
            continue
        try:
            values[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            raise ConfigError(f"'{value}' is not a value for {name}") from None
    return settings_of(cls, values, "--set")
