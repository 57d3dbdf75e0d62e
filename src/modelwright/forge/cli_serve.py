"""Commands that use a trained model: generate, chat, serve, export, import. `cli.py` adds them; heavy modules load when one is used."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

ModelArgument = Annotated[Path, typer.Argument(help="A model folder, a run folder, an exported folder, or a .gguf file.")]
TemperatureOption = Annotated[float, typer.Option(help="0 takes the likeliest token.")]
TopKOption = Annotated[int, typer.Option(help="Keep so many of the likeliest; 0 keeps all.")]
TopPOption = Annotated[float, typer.Option(help="Keep the likeliest until their sum is this.")]
MinPOption = Annotated[float, typer.Option(help="Keep what is at least this fraction as likely as the likeliest.")]
PenaltyOption = Annotated[float, typer.Option("--repetition-penalty", help="More than 1 makes what was said less likely.")]
TokensOption = Annotated[int, typer.Option("--max-tokens", help="Most tokens of a reply.")]
SeedOption = Annotated[int | None, typer.Option(help="The same seed gives the same text.")]
Int8Option = Annotated[
    bool,
    typer.Option("--int8", help="Hold the large matrices in eight bits: a third of the memory; quicker with a C compiler, slower without."),
]
PartsOption = Annotated[str, typer.Option(help="Whose parts: reference, mine, or a list such as sampler=mine.")]
FromOption = Annotated[Path | None, typer.Option("--parts-from", help="A folder with your parts; default: your workshop.")]
SystemOption = Annotated[str, typer.Option(help="What the model is told before the conversation.")]


def add(app: typer.Typer) -> None:
    for command in (generate, chat, serve, export):
        app.command()(command)
    app.command("import")(import_)


def _open(model: Path, int8: bool = False, parts: Any = None) -> Any:
    """A model from whichever format, with a tokenizer."""
    from modelwright.forge.checkpoint import load_model
    from modelwright.forge.errors import CheckpointError
    from modelwright.forge.model import PLAIN

    loaded = load_model(trained(model), PLAIN if parts is None else parts.ops()) if not _foreign(model) else _import(model)
    if loaded.tokenizer is None:
        raise CheckpointError(f"{model} has no tokenizer, so it cannot read or write text; put its tokenizer.json beside the weights")
    if int8:
        from modelwright.forge.quantise import quantise_model

        quantise_model(loaded.model, **({"part": parts.mine["int8"].quantise} if parts is not None and "int8" in parts.mine else {}))
    return loaded


def trained(folder: Path) -> Path:
    """A run's best-taught model: the last stage that left one; else the folder itself."""
    stages = [
        folder / stage for stage in ("reinforce", "prefer", "tune", "pretrain") if (folder / stage / "model" / "config.json").exists()
    ]
    return stages[0] if stages else folder


def _foreign(model: Path) -> bool:
    if model.suffix == ".gguf":
        return True
    file = model / "config.json"
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        return isinstance(values, dict) and "model_type" in values
    except (OSError, ValueError, RecursionError):
        return False


def _import(model: Path) -> Any:
    from modelwright.forge.export import gguf_file, huggingface

    return gguf_file.import_(model) if model.suffix == ".gguf" else huggingface.import_(model)


def _parts(context: typer.Context, asked: str, folder: Path | None) -> Any:
    if asked == "reference":
        return None
    from modelwright.forge.cli import _choose

    return _choose(context, asked, folder)


def _engine(loaded: Any, slots: int, parts: Any) -> tuple[Any, Any]:
    """An engine, and the learner's chat template if it is in use."""
    from modelwright.forge.engine import Engine

    mine = {} if parts is None else parts.mine
    sampler = mine["sampler"].sample if "sampler" in mine else None
    cache = parts.cache if "kv-cache" in mine else None
    engine = Engine(loaded.model, loaded.tokenizer, slots, sampler=sampler, cache=cache)
    return engine, mine["chat-template"].render if "chat-template" in mine else None


def generate(
    context: typer.Context,
    model: ModelArgument,
    prompt: Annotated[str, typer.Option(help="What the text begins with; - reads it from the input.")] = "",
    temperature: TemperatureOption = 0.8,
    top_k: TopKOption = 0,
    top_p: TopPOption = 1.0,
    min_p: MinPOption = 0.0,
    repetition_penalty: PenaltyOption = 1.0,
    max_tokens: TokensOption = 128,
    stop: Annotated[list[str] | None, typer.Option(help="End before this text; may be given more than once.")] = None,
    seed: SeedOption = None,
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many texts.")] = 1,
    schema: Annotated[Path | None, typer.Option(help="A file with a JSON schema that the text must follow.")] = None,
    int8: Int8Option = False,
    parts: PartsOption = "reference",
    parts_from: FromOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a text, with its log-probabilities.")] = False,
) -> None:
    """Go on with a text."""
    from modelwright.forge.engine import Request
    from modelwright.forge.engine import generate as run
    from modelwright.forge.errors import ConfigError
    from modelwright.forge.generate import Sampling
    from modelwright.forge.tokenizer import END

    chosen = _parts(context, parts, parts_from)
    loaded = _open(model, int8, chosen)
    engine, _ = _engine(loaded, min(count, 16), chosen)
    document = None
    if schema is not None:
        try:
            document = engine.schema(json.loads(schema.read_text(encoding="utf-8-sig")))
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigError(f"{schema} is not a file of JSON ({error})") from None
    text = sys.stdin.read() if prompt == "-" else prompt

    def sampling(i: int) -> Sampling:
        return Sampling(
            temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p, repetition_penalty=repetition_penalty, max_tokens=max_tokens,
            stop=tuple(stop or ()), seed=None if seed is None else seed + i, logprobs=0 if as_json else None,
        )  # fmt: skip

    tokens = loaded.tokenizer.encode(text) or [END]
    for made in run(engine, [Request(prompt=tokens, sampling=sampling(i), schema=document) for i in range(count)]):
        if as_json:
            entry = {"text": made.text, "ending": made.ending, "tokens": made.tokens, "logprobs": [p.chosen for p in made.log_probs]}
            typer.echo(json.dumps(entry, ensure_ascii=False))
        else:
            typer.echo(text + made.text)


def chat(
    context: typer.Context,
    model: ModelArgument,
    system: SystemOption = "",
    think: Annotated[bool, typer.Option(help="Let it think before it answers.")] = False,
    temperature: TemperatureOption = 0.7,
    top_p: TopPOption = 0.95,
    max_tokens: TokensOption = 512,
    seed: SeedOption = None,
    int8: Int8Option = False,
    parts: PartsOption = "reference",
    parts_from: FromOption = None,
) -> None:
    """Talk to a model in the terminal."""
    from rich.console import Console

    from modelwright.forge.chat_cli import Chat, converse
    from modelwright.forge.generate import Sampling

    chosen = _parts(context, parts, parts_from)
    loaded = _open(model, int8, chosen)
    engine, render = _engine(loaded, 1, chosen)
    talk = Chat(engine, Sampling(temperature=temperature, top_p=top_p, max_tokens=max_tokens, seed=seed), system, think, render)
    console = Console(highlight=False)
    styles = {"think": "dim italic", "note": "dim"}

    # The model's text is printed as it is: brackets in it are not markup, control characters do not reach the terminal.
    def clean(text: str) -> str:
        return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)

    converse(
        talk,
        lambda: input("> "),
        lambda style, text: console.print(clean(text), style=styles.get(style), end="", markup=False, soft_wrap=True),
    )


def serve(
    context: typer.Context,
    model: ModelArgument,
    port: Annotated[int, typer.Option(help="Where to listen, on this machine only; 0 takes a free one.")] = 8000,
    name: Annotated[str, typer.Option(help="The model's name for clients.")] = "grok",
    slots: Annotated[int, typer.Option(min=1, max=256, help="Replies at the same time.")] = 16,
    queue: Annotated[int, typer.Option(min=0, help="Requests that may wait; one more is refused with 429.")] = 64,
    int8: Int8Option = False,
    parts: PartsOption = "reference",
    parts_from: FromOption = None,
) -> None:
    """Serve OpenAI's interface and a chat page, to this machine only."""
    from modelwright.forge.server import serve as run

    chosen = _parts(context, parts, parts_from)
    engine, render = _engine(_open(model, int8, chosen), slots, chosen)
    run(engine, name, port, max(queue, 1), render, _tell)


def _tell(url: str) -> None:
    typer.echo(f"The chat page is at {url} and OpenAI's interface at {url}v1 (Ctrl-C ends it)")


def chat_page(folder: Path, parts: Any, name: str) -> None:
    """What a run ends with: its model behind a page on port 8000 or a free one, opened in the browser unless NO_BROWSER says no."""
    import contextlib
    import socket
    import webbrowser

    from modelwright.forge.server import serve as run

    def tell(url: str) -> None:
        _tell(url)
        if os.environ.get("NO_BROWSER", "") in ("", "0"):
            with contextlib.suppress(webbrowser.Error, OSError):
                webbrowser.open(url)

    engine, render = _engine(_open(folder, parts=parts), 16, parts)
    with socket.socket() as trial:
        port = 0 if trial.connect_ex(("127.0.0.1", 8000)) == 0 else 8000
    run(engine, name, port, 64, render, tell)


def export(
    model: ModelArgument,
    out: Annotated[Path, typer.Argument(help="A folder for transformers, or a file that ends in .gguf for llama.cpp.")],
    kind: Annotated[str, typer.Option(help="Of a .gguf: f32, f16 or q8_0.")] = "f32",
    name: Annotated[str, typer.Option(help="The model's name on its card.")] = "Modelwright Grok",
) -> None:
    """Write a model for transformers (a folder, with card) or llama.cpp (a .gguf file)."""
    from modelwright.forge.errors import ConfigError
    from modelwright.forge.export import gguf_file, huggingface
    from modelwright.forge.export.card import card

    loaded = _open(model)
    if out.suffix == ".gguf":
        gguf_file.export(out, loaded.model, loaded.tokenizer, kind, name)
        typer.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB, architecture {gguf_file.ARCHITECTURE}, {kind}")
        return
    if out.exists() and any(out.iterdir()) and not _foreign(out):
        raise ConfigError(f"{out} is not empty and holds no export; give a new folder")
    huggingface.export(out, loaded.model, loaded.tokenizer, card(name, loaded, trained(model)))
    typer.echo(f"{out}: AutoModelForCausalLM.from_pretrained('{out}', trust_remote_code=True) loads it")


def import_(
    source: Annotated[Path, typer.Argument(help="An exported folder or a .gguf file.")],
    out: Annotated[Path, typer.Argument(help="A new model folder.")],
) -> None:
    """Make a model folder of an export."""
    from modelwright.forge.checkpoint import save_model
    from modelwright.forge.errors import ConfigError

    if out.exists():
        raise ConfigError(f"{out} is there already; give a new folder")
    loaded = _import(source)
    save_model(out, loaded.model, loaded.tokenizer, loaded.meta)
    typer.echo(f"{out}: {loaded.config.parameters:,} parameters, {loaded.config.layers} layers")
