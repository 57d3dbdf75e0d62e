"""Models on disk: a folder with `config.json`, `model.safetensors` and `tokenizer.json`, and beside them what a run needs to go on.

A folder is written under another name and renamed when it is whole, so that a kill or a full disk leaves the last good one as it was.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from modelwright.forge.config import ModelConfig
from modelwright.forge.errors import CheckpointError
from modelwright.forge.model import PLAIN, Grok, Ops
from modelwright.forge.tokenizer import Tokenizer

FORMAT = 1


class Loaded(NamedTuple):
    model: Grok
    tokenizer: Tokenizer | None
    config: ModelConfig
    meta: dict[str, Any]


def write_folder(folder: Path, fill: Callable[[Path], None]) -> None:
    """Fill a new folder and put it in the place of the old one; a full disk is said, and leaves the old one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir()
        fill(fresh)
        for file in fresh.iterdir():
            with file.open("rb") as handle:
                os.fsync(handle.fileno())
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)
    except (OSError, SafetensorError, RuntimeError) as error:
        shutil.rmtree(fresh, ignore_errors=True)
        full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "o space left" in str(error)
        reason = "the disk is full; free some space and resume" if full else f"it could not be written ({error})"
        raise CheckpointError(f"the checkpoint {folder.name} was not saved: {reason}; the last good one is kept") from error


def write_model(folder: Path, model: Grok, tokenizer: Tokenizer | None, meta: dict[str, Any] | None = None) -> None:
    """The files of a model into an existing folder."""
    (folder / "config.json").write_text(
        json.dumps({"format": FORMAT, "model": model.config.to_dict(), "meta": meta or {}}, indent=2), encoding="utf-8"
    )
    save_file({name: tensor.detach().contiguous().cpu() for name, tensor in model.state_dict().items()}, folder / "model.safetensors")
    if tokenizer is not None:
        tokenizer.save(folder)


def save_model(folder: Path, model: Grok, tokenizer: Tokenizer | None, meta: dict[str, Any] | None = None) -> None:
    """A model folder, whole or not at all."""
    write_folder(folder, lambda fresh: write_model(fresh, model, tokenizer, meta))


def read_config(folder: Path) -> tuple[ModelConfig, dict[str, Any]]:
    file = folder / "config.json"
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        meta = values.get("meta", {})
        if not isinstance(meta, dict):
            raise TypeError("its meta is not an object")
        return ModelConfig.from_dict(values["model"]), meta
    except FileNotFoundError:
        raise CheckpointError(f"there is no model at {folder}: it has no config.json") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        raise CheckpointError(f"{file} is damaged or not the forge's ({error})") from error


def load_weights(folder: Path, model: Grok) -> None:
    """Weights into a model of the same configuration; another one is refused by name of the field that differs."""
    config, _ = read_config(folder)
    theirs, ours = config.to_dict(), model.config.to_dict()
    different = [name for name in ours if ours[name] != theirs[name] and name != "context"]
    if different:
        name = different[0]
        raise CheckpointError(
            f"the checkpoint {folder.name} is of another model: its {name} is {theirs[name]}, this one's is {ours[name]}; "
            "use its own configuration, or start a new run"
        )
    try:
        model.load_state_dict(load_file(folder / "model.safetensors"))
    except FileNotFoundError:
        raise CheckpointError(f"the checkpoint {folder} has no model.safetensors") from None
    except (SafetensorError, RuntimeError, KeyError, OSError) as error:
        raise CheckpointError(f"the weights in {folder} are damaged ({str(error).splitlines()[0]})") from error


def load_model(folder: Path, ops: Ops = PLAIN, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Loaded:
    """A model folder back, tokenizer included; ready for use, in evaluation mode."""
    folder = newest(folder)
    config, meta = read_config(folder)
    model = Grok(config, ops)
    load_weights(folder, model)
    tokenizer = Tokenizer.load(folder) if (folder / "tokenizer.json").exists() else None
    if "chat" in meta:  # tuned for conversation: with this tokenizer and this template, or not at all
        from modelwright.forge.fingerprint import check_fingerprint

        check_fingerprint(meta, tokenizer, str(folder))
    return Loaded(model.to(device=device, dtype=dtype).eval(), tokenizer, config, meta)


def model_sha256(folder: Path) -> str:
    """Of the weights of a model folder or of the newest model of a run."""
    with (newest(folder) / "model.safetensors").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def checkpoints(folder: Path) -> list[Path]:
    """Whole checkpoints of a run's folder, oldest first."""
    return sorted(folder.glob("step-*")) if folder.is_dir() else []


def newest(folder: Path) -> Path:
    """A model folder itself; or the newest model in a run folder (of its last stage that made one, else its last checkpoint)."""
    if (folder / "config.json").exists():
        return folder
    for place in (folder, *(folder / stage for stage in ("reinforce", "prefer", "tune", "pretrain"))):
        if (place / "model" / "config.json").exists():
            return place / "model"
    for place in (folder / "checkpoints", folder):
        if found := checkpoints(place):
            return found[-1]
    raise CheckpointError(f"there is no model in {folder}; give a model folder or a run folder that has trained one")
