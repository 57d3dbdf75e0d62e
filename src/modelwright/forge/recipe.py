"""Recipes and runs: one readable TOML says what a model is made of; a run folder holds everything that came of it.

A recipe names its stages in order; each stage is one function, found by name in `STAGES`, and can be run alone. A run folder holds the
recipe as it was, `run.json` (versions, seeds, hashes, what each stage took and gave), and a folder a stage. A stage that is done is not
done again, so an interrupted run goes on where it stopped. The same recipe on the same CPU with the same number of threads gives the same
model to the bit."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import importlib
import json
import os
import platform
import re
import sys
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from modelwright.forge.config import ModelConfig, preset
from modelwright.forge.data.lines import finite
from modelwright.forge.errors import ConfigError, ForgeError

if TYPE_CHECKING:
    from modelwright.forge.parts import Parts
    from modelwright.forge.tokenizer import Tokenizer
    from modelwright.forge.train import Result, TrainConfig

Settings = TypeVar("Settings")

STAGES: dict[str, str] = {
    "tokenizer": "modelwright.forge.recipe:make_tokenizer",
    "data": "modelwright.forge.recipe:make_data",
    "pretrain": "modelwright.forge.recipe:pretrain",
    "tune": "modelwright.forge.tune:stage",
    "prefer": "modelwright.forge.prefer:stage",
    "reinforce": "modelwright.forge.reinforce:stage",
    "evaluate": "modelwright.forge.evaluate:stage",
    "report": "modelwright.forge.report:stage",
}
"""Each is a function (run, settings) where settings are the recipe's table of that name. A stage that trains leaves a model folder."""


def forget_peak() -> None:
    """Let `peak_mb` count from here; where the system cannot (it is Linux's), it counts from the start of the process."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_mb() -> int:
    """The most memory that this process held at once, in megabytes; its workers have their own."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (1 << 20 if sys.platform == "darwin" else 1 << 10))


@dataclass(frozen=True)
class Recipe:
    name: str
    about: str
    seed: int
    stages: tuple[str, ...]
    tables: Mapping[str, Mapping[str, Any]]
    """The TOML's other tables, by name; a stage reads its own."""
    text: str

    def table(self, name: str) -> dict[str, Any]:
        return dict(self.tables.get(name, {}))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def parse(text: str, where: str = "the recipe") -> Recipe:
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not TOML: {error}") from None
    head = values.pop("recipe", None)
    if not isinstance(head, dict) or "name" not in head:
        raise ConfigError(f'{where} has no [recipe] table with a name; begin it with [recipe] and name = "…"')
    if unknown := sorted(set(head) - {"name", "about", "seed", "stages"}):
        raise ConfigError(f"{where}: [recipe] knows name, about, seed and stages, but not '{unknown[0]}'")
    stages = tuple(head.get("stages", ("tokenizer", "data", "pretrain")))
    for stage in stages:
        if stage not in STAGES:
            raise ConfigError(f"{where} names a stage '{stage}'; there are {', '.join(STAGES)}")
    if unknown := sorted(set(values) - set(STAGES) - {"model", "chat", "serve", "parts"}):
        raise ConfigError(f"{where} has a table [{unknown[0]}] that no stage reads; there are {', '.join((*STAGES, 'model', 'chat'))}")
    return Recipe(head["name"], head.get("about", ""), int(head.get("seed", 0)), stages, values, text)


def recipes() -> dict[str, Path]:
    """The recipes that come with the forge."""
    return {file.stem: file for file in sorted((Path(__file__).parent / "recipes").glob("*.toml"))}


def load(name: str | Path, overrides: Mapping[str, str] | None = None) -> Recipe:
    """A recipe by its name or its file; `overrides` are `table.key` -> value (TOML, or plain text), and become part of its text."""
    path = Path(name)
    if path.suffix != ".toml":
        known = recipes()
        if str(name) not in known:
            raise ConfigError(f"there is no recipe '{name}'; there are {', '.join(known)}, or give a .toml file")
        path = known[str(name)]
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"there is no recipe at {path}") from None
    return parse(_override(text, overrides) if overrides else text, str(path))


def changes(words: Iterable[str]) -> dict[str, str]:
    """What `--set table.key=value` words change, for `load`."""
    values = {}
    for word in words:
        dotted, equals, value = word.partition("=")
        if not equals or not re.fullmatch(r"[\w-]+\.[\w-]+", dotted.strip(), re.ASCII):
            raise ConfigError(f"--set {word}: write table.key=value, such as pretrain.steps=100 or data.source=file.txt")
        values[dotted.strip()] = value.strip()
    return values


def _as_toml(value: str) -> str:
    """A value as TOML: what is TOML as it stands, any other text as a string, so that a file's name needs no quotes."""
    try:
        if "\n" not in value and list(tomllib.loads(f"value = {value}")) == ["value"]:
            return value
    except tomllib.TOMLDecodeError:
        pass
    return json.dumps(value)


def _override(text: str, overrides: Mapping[str, str]) -> str:
    """Put each value into its table's text: replaced where it stands, else added below the table's head."""
    for dotted, given in overrides.items():
        table, _, key = dotted.partition(".")
        if not key:
            raise ConfigError(f"'{dotted}' does not say which table it is in; write table.key=value, such as train.steps=100")
        value = _as_toml(given)
        lines, inside, done = text.splitlines(), False, False
        for i, line in enumerate(lines):
            if line.strip().startswith("["):
                inside = line.strip() == f"[{table}]"
            elif inside and line.split("=")[0].strip() == key:
                lines[i], done = f"{key} = {value}", True
                break
        if not done:
            try:
                at = [line.strip() for line in lines].index(f"[{table}]") + 1
            except ValueError:
                lines.append(f"\n[{table}]")
                at = len(lines)
            lines.insert(at, f"{key} = {value}")
        text = "\n".join(lines) + "\n"
    return text


@dataclass
class Run:
    """A recipe being carried out in a folder. Stages get one, and use what is here instead of the clock, the screen or the environment."""

    folder: Path
    recipe: Recipe
    parts: Parts
    say: Callable[[str], None] = lambda line: None
    """One line for a person."""
    on_event: Callable[[Any], None] = lambda event: None
    """Every measurement, as the dataclasses of the stages."""
    extras: Mapping[str, Any] = field(default_factory=dict)
    """What rooms above hand in: `run_python`, an isolated runner for rewards, for one."""
    record: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def open(cls, folder: Path, recipe: Recipe, parts: Parts, **rest: Any) -> Run:
        """Begin a run in a folder, or go on with the one that is there; another recipe's run is refused."""
        folder.mkdir(parents=True, exist_ok=True)
        run = cls(folder, recipe, parts, **rest)
        file = folder / "run.json"
        if file.exists():
            try:
                run.record = json.loads(file.read_text(encoding="utf-8"))
            except (ValueError, RecursionError):
                run.record = {}
            if not isinstance(run.record, dict) or not isinstance(run.record.get("stages"), dict):
                raise ForgeError(f"{file} is damaged; use another run folder")
            if run.record.get("recipe_sha256") != recipe.sha256 or run.record.get("parts") != parts.whose():
                raise ConfigError(f"{folder} holds a run of another recipe or of other parts; use another folder, or remove that one")
        else:
            (folder / "recipe.toml").write_text(recipe.text, encoding="utf-8")
            run.record = {
                "recipe": recipe.name,
                "recipe_sha256": recipe.sha256,
                "seed": recipe.seed,
                "parts": parts.whose(),
                "versions": versions(),
                "machine": {
                    "processor": platform.processor() or platform.machine(),
                    "cores": os.cpu_count(),
                    "system": platform.platform(),
                },
                "stages": {},
            }
            run.write()
        return run

    def write(self) -> None:
        fresh = self.folder / ".run.json"
        fresh.write_text(json.dumps(finite(self.record), indent=2), encoding="utf-8")
        fresh.replace(self.folder / "run.json")

    def done(self, stage: str) -> bool:
        return bool(self.record["stages"].get(stage, {}).get("status") == "done")

    def place(self, stage: str) -> Path:
        return self.folder / stage

    def carry_out(self, only: tuple[str, ...] | None = None, again: bool = False) -> None:
        """All stages that are not done, in order; or those named, even if they are done."""
        for stage in only or self.recipe.stages:
            if stage not in STAGES:
                raise ConfigError(f"there is no stage '{stage}'; there are {', '.join(STAGES)}")
            if self.done(stage) and not (only or again):
                continue
            self.say(f"{stage}: begun")
            began = time.perf_counter()
            forget_peak()
            module, _, name = STAGES[stage].partition(":")
            try:
                function = getattr(importlib.import_module(module), name)
            except ImportError as error:
                raise ForgeError(f"the stage '{stage}' cannot be loaded: {error}") from error
            gave = function(self, self.recipe.table(stage)) or {}
            seconds = time.perf_counter() - began
            self.record["stages"][stage] = {"status": "done", "seconds": round(seconds, 2), "peak_mb": peak_mb(), "gave": gave}
            self.write()
            self.say(f"{stage}: done in {seconds:.0f} s, {peak_mb()} MB at the most")

    # What earlier stages left.

    def tokenizer(self) -> Tokenizer:
        from modelwright.forge.tokenizer import Tokenizer

        return self.parts.wrap_tokenizer(Tokenizer.load(self.place("tokenizer")))

    def model_folder(self) -> Path:
        """The model of the last stage that trained one."""
        for stage in ("reinforce", "prefer", "tune", "pretrain"):
            if (self.place(stage) / "model" / "config.json").exists() and self.done(stage):
                return self.place(stage) / "model"
        raise ForgeError(f"the run {self.folder} has not trained a model yet; run its pretrain stage first")


def versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for name in ("modelwright", "torch", "tokenizers", "numpy", "safetensors"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def settings_of(cls: type[Settings], values: Mapping[str, Any], table: str) -> Settings:
    """A recipe's table as the dataclass it is for; a key that the dataclass lacks is an error that lists those it has."""
    names = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - set(names)):
        raise ConfigError(f"[{table}] has no setting '{unknown[0]}'; it has {', '.join(names)}")
    fixed = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    try:
        return cls(**fixed)
    except TypeError as error:
        raise ConfigError(f"[{table}]: {error}") from None


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# The first three stages.


@dataclass(frozen=True, kw_only=True)
class TokenizerSettings:
    source: str = "primer"
    field: str = "text"
    vocab: int = 1024
    limit_mb: float = 10.0
    """Text that the merges are learned from."""


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    source: str = "primer"
    field: str = "text"
    validation: float = 0.02
    near_duplicates: bool = False
    """Generated text resembles itself: leave this off for `primer`."""
    workers: int = 1


def make_tokenizer(run: Run, values: dict[str, Any]) -> dict[str, Any]:
    from modelwright.forge.data.shards import train_tokenizer
    from modelwright.forge.data.sources import open_source

    settings = settings_of(TokenizerSettings, values, "tokenizer")
    source = open_source(settings.source, settings.field, run.recipe.seed)
    limit = int(settings.limit_mb * 1e6)
    trained = run.parts.train_tokenizer(source, settings.vocab, limit) or train_tokenizer(source, settings.vocab, limit)
    trained.save(run.place("tokenizer"))
    return {"vocab": trained.size, "sha256": file_sha256(run.place("tokenizer") / "tokenizer.json")}


def make_data(run: Run, values: dict[str, Any]) -> dict[str, Any]:
    from modelwright.forge.data.shards import prepare
    from modelwright.forge.data.sources import open_source

    settings = settings_of(DataSettings, values, "data")
    manifest = prepare(
        open_source(settings.source, settings.field, run.recipe.seed),
        run.place("data"),
        run.tokenizer(),
        validation=settings.validation,
        near=settings.near_duplicates,
        workers=settings.workers,
        on_progress=run.on_event,
    )
    return {
        "documents": manifest.documents,
        "train_tokens": manifest.tokens("train"),
        "val_tokens": manifest.tokens("val"),
        "duplicates": manifest.exact_duplicates + manifest.near_duplicates_found,
        "shards": {shard.file: shard.sha256 for shard in manifest.shards},
    }


def model_config(recipe: Recipe, vocab: int) -> ModelConfig:
    """[model]: a preset, `dense = true` for its dense twin, and any field of ModelConfig."""
    values = recipe.table("model")
    base = preset(values.pop("preset", "nano"))
    dense = values.pop("dense", False)
    values.pop("expert_parallel", None)  # how processes share the experts, not a size: `distributed.train_recipe` reads it
    names = {f.name for f in dataclasses.fields(ModelConfig)}
    if unknown := sorted(set(values) - names):
        raise ConfigError(f"[model] has no setting '{unknown[0]}'; it has preset, dense, {', '.join(sorted(names))}")
    config = base.replace(**values).replace(vocab=vocab)
    return config.dense_twin() if dense else config


def train_config(recipe: Recipe) -> TrainConfig:
    from modelwright.forge.train import TrainConfig

    return settings_of(TrainConfig, {"seed": recipe.seed, **recipe.table("pretrain")}, "pretrain")


def fused_for(config: TrainConfig, sizes: ModelConfig) -> tuple[int, float, bool] | None:
    """On a graphics card with a compiler: the length and the cap that its fused attention is made for, and whether products are grouped."""
    if not (config.compile and config.device == "cuda"):
        return None
    return config.context or sizes.context, sizes.attention_cap, config.dtype == "bfloat16"


def pretrain(run: Run, values: dict[str, Any]) -> dict[str, Any]:
    """[pretrain] is a TrainConfig."""
    from modelwright.forge.checkpoint import save_model
    from modelwright.forge.train import build, train

    config = train_config(run.recipe)
    tokenizer = run.tokenizer()
    folder = run.place("pretrain")
    sizes = model_config(run.recipe, tokenizer.size)
    model = build(sizes, config.seed, run.parts.ops(config.compile, fused_for(config, sizes)))
    result = train(folder, model, config, run.place("data"), tokenizer, parts=run.parts.training(), on_event=run.on_event)
    save_model(folder / "model", model, tokenizer, {"stage": "pretrain", "recipe": run.recipe.name, "tokens": result.tokens})
    return what_pretraining_gave(folder, sizes, result)


def what_pretraining_gave(folder: Path, sizes: ModelConfig, result: Result) -> dict[str, Any]:
    return {
        "parameters": sizes.parameters,
        "active_parameters": sizes.active_parameters,
        "tokens": result.tokens,
        "train_loss": result.train_loss,
        "val_loss": result.val_loss,
        "bits_per_byte": result.bits_per_byte,
        "model_sha256": file_sha256(folder / "model" / "model.safetensors"),
    }
