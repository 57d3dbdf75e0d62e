"""The forge at the command line: `modelwright forge …`. Each command asks one function and prints its answer; nothing is decided here.

Heavy modules are imported where a command needs them, so that `--help` is there at once.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    help="The language-model stack: tokenizer, data, training, and the learner's own parts in it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
)

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]
PartsOption = Annotated[str, typer.Option("--parts", help="Whose parts: reference, mine, or a list such as rope=mine,router=reference.")]
FolderOption = Annotated[Path | None, typer.Option(help="The run folder; default: runs/<recipe>.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="Change a setting: pretrain.steps=100.")]
TensorboardOption = Annotated[bool, typer.Option(help="Write TensorBoard's files too.")]
FromOption = Annotated[
    Path | None, typer.Option("--parts-from", help="A folder with your parts, named after them (rms_norm.py); default: your workshop.")
]


def _resolver(context: typer.Context, folder: Path | None) -> Any:
    """Where the learner's parts come from: a folder, or what the room above has put into the context."""
    if folder is not None:
        from modelwright.forge.parts import from_folder

        return from_folder(folder)
    return context.obj if callable(context.obj) else None


def _choose(context: typer.Context, asked: str, folder: Path | None) -> Any:
    from modelwright.forge.parts import choose

    return choose(asked, _resolver(context, folder))


@app.command()
def verify(
    golden: Annotated[Path | None, typer.Option(help="A golden file of your own; default: the one that comes with the forge.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Check the model against numbers from xAI's released code, forward and backward."""
    from modelwright.forge.verify import GOLDEN, LIMITS
    from modelwright.forge.verify import verify as run

    result = run(golden or GOLDEN)
    if as_json:
        typer.echo(result.to_json())
    else:
        typer.echo(f"{result.file}: {result.parameters:,} parameters, largest logit {result.largest_logit:.1f}, float32")
        for name, value in (("logits", result.logits), ("loss", result.loss), ("gradient", result.gradient)):
            what = {"logits": "largest logit difference", "loss": "loss difference", "gradient": "largest relative gradient error"}[name]
            typer.echo(f"  {what:<34}{value:.2e}   limit {LIMITS[name]:.0e}")
        typer.echo("It computes what the release computes." if result.passed else f"It differs, most in {result.worst_gradient}.")
    if not result.passed:
        raise typer.Exit(1)


@app.command()
def presets(as_json: JsonOption = False) -> None:
    """The sizes that have a name."""
    from modelwright.forge.config import PRESETS

    rows = [(name, c.parameters, c.active_parameters, c.layers, c.width, c.experts, c.chosen, c.context) for name, c in PRESETS.items()]
    heads = ("preset", "parameters", "active", "layers", "width", "experts", "chosen", "context")
    if as_json:
        typer.echo(json.dumps([dict(zip(heads, row, strict=True)) for row in rows]))
        return
    _table(heads, [tuple(f"{value:,}" if isinstance(value, int) else value for value in row) for row in rows])


@app.command()
def plan(
    preset: Annotated[str, typer.Option(help="A preset's name.")] = "grok-1",
    gpus: Annotated[int, typer.Option(min=1, help="How many accelerators.")] = 1024,
    kind: Annotated[str, typer.Option(help="Which: H100, H200, A100 …")] = "H100",
    tokens: Annotated[float, typer.Option(help="Tokens to train on; 0 is twenty for each active parameter.")] = 0,
    context: Annotated[int, typer.Option(help="Tokens a sequence; 0 is the preset's.")] = 0,
    batch: Annotated[float, typer.Option(help="Tokens a step; 0 is four million.")] = 0,
    price: Annotated[float, typer.Option(help="Dollars an accelerator-hour; 0 is the table's.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """What training a size would take: memory, tokens a second, days and cost, from a stated model of the hardware."""
    from modelwright.forge.config import preset as preset_of
    from modelwright.forge.plan import plan_run

    made = plan_run(preset_of(preset), gpus, kind, tokens=tokens, context=context, batch_tokens=batch, price=price)
    typer.echo(made.to_json() if as_json else made.to_text(preset))


@app.command()
def tokenizer(
    source: Annotated[str, typer.Argument(help="primer, stdlib, a file, a folder, or hf:<dataset>.")],
    out: Annotated[Path, typer.Option(help="Folder for tokenizer.json.")] = Path("tokenizer"),
    vocab: Annotated[int, typer.Option(help="How many tokens.")] = 4096,
    field: Annotated[str, typer.Option(help="The column or key that holds the text.")] = "text",
    limit_mb: Annotated[float, typer.Option(help="Learn from the first so many megabytes.")] = 50.0,
) -> None:
    """Learn a tokenizer."""
    from modelwright.forge.data.shards import train_tokenizer
    from modelwright.forge.data.sources import open_source

    made = train_tokenizer(open_source(source, field), vocab, int(limit_mb * 1e6))
    typer.echo(f"{made.save(out)}: {made.size:,} tokens")


@app.command()
def prepare(
    source: Annotated[str, typer.Argument(help="primer, stdlib, a file, a folder, or hf:<dataset>.")],
    out: Annotated[Path, typer.Option(help="Folder for the shards.")] = Path("data"),
    tokenizer: Annotated[Path, typer.Option(help="A tokenizer.json or its folder.")] = Path("tokenizer"),
    field: Annotated[str, typer.Option(help="The column or key that holds the text.")] = "text",
    validation: Annotated[float, typer.Option(min=0, max=0.5, help="Part of the documents to hold out.")] = 0.02,
    near: Annotated[bool, typer.Option("--near/--exact", help="Drop near duplicates too, or exact ones only.")] = True,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 is one for each core.")] = 0,
) -> None:
    """Make token shards; run again to go on after a stop."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from modelwright.forge.data.shards import Progress as Made
    from modelwright.forge.data.shards import prepare as run
    from modelwright.forge.data.sources import open_source
    from modelwright.forge.tokenizer import Tokenizer

    opened = open_source(source, field)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("MB"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        job = bar.add_task("0 tokens", total=None if opened.bytes is None else opened.bytes // 10**6)

        def on_progress(made: Made) -> None:
            bar.update(job, completed=made.bytes // 10**6, description=f"{made.tokens:,} tokens")

        made = run(
            opened,
            out,
            Tokenizer.load(tokenizer),
            validation=validation,
            near=near,
            workers=workers or os.cpu_count() or 1,
            on_progress=on_progress,
        )
    dropped = f"{made.exact_duplicates:,} exact and {made.near_duplicates_found:,} near duplicates dropped"
    typer.echo(f"{out}: {made.documents:,} documents, of which {dropped}")
    typer.echo(f"{made.tokens('train'):,} tokens to train on, {made.tokens('val'):,} held out, in {len(made.shards)} shards")


@app.command()
def parts(
    context: typer.Context,
    slug: Annotated[str | None, typer.Argument(help="Check this part of yours and say how it does.")] = None,
    folder: FromOption = None,
    measure: Annotated[
        bool, typer.Option("--cost", help="Train a small model with your parts and without, and say what they cost.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """The parts of the forge, which lab makes each, and whose is installed."""
    from modelwright.forge.errors import PartError
    from modelwright.forge.parts import PARTS, Check, Checked, Parts, check, cost, part

    resolver, lab_of = _resolver(context, folder), getattr(context.obj, "lab_of", None)
    found: dict[str, Any] = {}
    results: dict[str, Checked] = {}
    for name in [part(slug).slug] if slug else PARTS:
        try:
            found[name] = resolver(name) if resolver else None
        except PartError as error:  # one file that cannot be read hides no other
            results[name] = Checked(name, (Check("it loads", False, str(error)),), None)
            continue
        if found[name] is not None:
            results[name] = check(name, found[name])
    labs = {name: lab_of(name) for name in PARTS} if lab_of else {}
    if slug and slug not in results:
        lab = f"; its lab is {labs[slug]}" if labs.get(slug) else "; no lab makes it yet" if lab_of else ""
        raise PartError(f"there is no part '{slug}' of yours; it needs {', '.join(part(slug).functions)}{lab}")
    if as_json:
        rows = [
            {"part": p.slug, "title": p.title, "functions": p.functions, "used_in": p.used_in, "lab": labs.get(p.slug),
             "whose": "mine" if p.slug in results else "reference",
             "passed": results[p.slug].passed if p.slug in results else None}
            for p in PARTS.values() if not slug or p.slug == slug
        ]  # fmt: skip
        typer.echo(json.dumps(rows))
    elif slug:
        for one in results[slug].checks:
            typer.echo(f"{'passed' if one.passed else 'FAILED'}  {one.name}" + ("" if one.passed else f": {one.message}"))
        if results[slug].time_ratio is not None:
            typer.echo(f"It takes {results[slug].time_ratio:.2f} times as long as the reference.")
    else:
        told = {name: f"yours, refused at '{r.failure.name}'" if r.failure else "yours" for name, r in results.items()}
        if lab_of:
            _table(
                ("part", "what", "whose", "its lab"),
                [(p.slug, p.title, told.get(p.slug, "reference"), labs[p.slug] or "to come") for p in PARTS.values()],
            )
            made, ours = sum(lab is not None for lab in labs.values()), sum(r.passed for r in results.values())
            typer.echo(f"{made} of the {len(PARTS)} parts have a lab; {ours} of them {'is' if ours == 1 else 'are'} yours.")
            typer.echo("Pass a part's lab, and `modelwright forge run evening --parts mine` trains with your code.")
        else:
            _table(
                ("part", "what", "functions", "whose"),
                [(p.slug, p.title, ", ".join(p.functions), told.get(p.slug, "reference")) for p in PARTS.values()],
            )
    if measure:
        mine = Parts({name: found[name] for name, r in results.items() if r.passed}, tuple(r for r in results.values() if r.passed))
        price = cost(mine)
        number = "1 part" if len(mine.mine) == 1 else f"{len(mine.mine)} parts"
        typer.echo(f"With {number} of yours a step takes {price.speed:.2f} times as long;")
        typer.echo(f"the loss after {price.steps} steps differs by {price.loss:+.4f}.")
    if any(not r.passed for r in results.values()):
        raise typer.Exit(1)


@app.command()
def recipes() -> None:
    """The recipes that come with the forge."""
    from modelwright.forge.recipe import load
    from modelwright.forge.recipe import recipes as known

    _table(("recipe", "stages", "about"), [(name, ", ".join(load(name).stages), load(name).about) for name in known()])


@app.command()
def run(
    context: typer.Context,
    recipe: Annotated[str, typer.Argument(help="A recipe's name or a .toml file.")],
    folder: FolderOption = None,
    stage: Annotated[list[str] | None, typer.Option(help="Only this stage; may be given again.")] = None,
    override: SetOption = None,
    whose: PartsOption = "reference",
    parts_from: FromOption = None,
    tensorboard: TensorboardOption = False,
    chat: Annotated[
        bool | None,
        typer.Option("--chat/--no-chat", help="End with the chat page; default: if the recipe has [chat] and this is a terminal."),
    ] = None,
) -> None:
    """Carry out a recipe, to the chat page. A run that was stopped goes on where it was."""
    from modelwright.forge import cli_tune
    from modelwright.forge.recipe import Run, changes, load
    from modelwright.forge.screen import Screen

    made = load(recipe, changes(override or []))
    chosen = _choose(context, whose, parts_from)
    where = folder or Path("runs") / made.name
    with Screen(where if tensorboard else None) as screen:
        screen.say(f"{made.name}: {made.about}")
        for checked in chosen.checked:
            ratio = "" if checked.time_ratio is None else f", {checked.time_ratio:.2f} times the reference's time"
            screen.say(f"your {checked.part} keeps its contract{ratio}")
        if "mine" in whose and not chosen.mine:
            screen.say("no part is yours yet, so the forge's own are used; `modelwright forge parts` says which lab makes which")
        going = Run.open(where, made, chosen, say=screen.say, on_event=screen.event, extras={"run_python": cli_tune.runner_of(context)})
        if chosen.mine and "cost_of_parts" not in going.record:  # before the stages: the last of them writes the report
            from modelwright.forge.parts import cost

            price = cost(chosen)
            going.record["cost_of_parts"] = {"speed": round(price.speed, 3), "loss": round(price.loss, 5), "steps": price.steps}
            going.write()
            screen.say(f"your parts: {price.speed:.2f} times the reference's time a step, loss {price.loss:+.4f} after {price.steps} steps")
        going.carry_out(tuple(stage) if stage else None)
        screen.say(f"everything is in {where}")
    ends = "chat" in made.tables and not stage
    if chat or (chat is None and ends and sys.stdout.isatty()):
        from modelwright.forge.cli_serve import chat_page

        chat_page(where, chosen, made.name)
    elif ends:
        typer.echo(f"Talk to it: `modelwright forge serve {where}` gives a page, `modelwright forge chat {where}` stays in the terminal")


@app.command()
def train(
    context: typer.Context,
    recipe: Annotated[str, typer.Argument(help="A recipe's name or a .toml file.")] = "evening",
    folder: FolderOption = None,
    override: SetOption = None,
    whose: PartsOption = "reference",
    parts_from: FromOption = None,
    tensorboard: TensorboardOption = False,
) -> None:
    """Tokenizer, data and pretraining of a recipe. Under `torchrun` it trains on all processes."""
    if "RANK" in os.environ:
        from modelwright.forge.distributed import train_recipe
        from modelwright.forge.recipe import changes

        train_recipe(recipe, folder, changes(override or []), _choose(context, whose, parts_from))
        return
    run(context, recipe, folder, ["tokenizer", "data", "pretrain"], override, whose, parts_from, tensorboard, False)


@app.command()
def watch(
    folder: Annotated[Path, typer.Argument(help="A run folder.")],
    port: Annotated[int, typer.Option(help="Where to serve the page.")] = 8765,
) -> None:
    """A live page of a run: its curves, its samples, its router."""
    from modelwright.forge.live import serve

    serve(folder, port, lambda address: typer.echo(f"The run is at {address} (Ctrl-C ends the page, not the run)"))


def _table(heads: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for head in heads:
        numbers = all(str(row[heads.index(head)]).replace(",", "").isdigit() for row in rows)
        table.add_column(head, justify="right" if numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row))
    Console().print(table)


def _more() -> None:
    """Tuning, evaluation, generation, serving and export add their own commands."""
    import importlib.util

    from modelwright.forge import cli_tune

    cli_tune.add(app)
    if importlib.util.find_spec("modelwright.forge.cli_serve") is not None:
        from modelwright.forge.cli_serve import add

        add(app)


_more()
