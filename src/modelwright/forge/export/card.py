"""The model card: what a model is, what it was made of, what it cost, how it was measured, and what it cannot do.

Everything in it is read from the model and from what its run wrote down; what was not written down is said to be unknown, never guessed.
The sections follow Mitchell and others, Model Cards for Model Reporting (arXiv 1810.03993).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modelwright.forge.checkpoint import Loaded


def run_of(folder: Path) -> Path | None:
    """The run that a model folder lies in, if it does."""
    for place in (folder, *folder.resolve().parents[:3]):
        if (place / "run.json").exists():
            return place
    return None


def record_of(run: Path | None) -> dict[str, Any]:
    if run is None:
        return {}
    try:
        record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def measured(run: Path | None) -> list[tuple[str, str, str]]:
    """(what, value, interval) of every measurement that the run's evaluation left as JSON."""
    if run is None:
        return []
    rows: list[tuple[str, str, str]] = []
    for stage, entry in record_of(run).get("stages", {}).items():
        for name, value in (entry.get("gave") or {}).items():
            if isinstance(value, float):
                rows.append((f"{stage}: {name.replace('_', ' ')}", f"{value:.4g}", ""))
            elif isinstance(value, dict) and "value" in value:
                low, high = value.get("low"), value.get("high")
                rows.append(
                    (f"{stage}: {name.replace('_', ' ')}", f"{value['value']:.4g}", f"{low:.4g} to {high:.4g}" if low is not None else "")
                )
    return rows


def card(name: str, loaded: Loaded, folder: Path | None = None, formats: str = "safetensors") -> str:
    c, run = loaded.config, None if folder is None else run_of(folder)
    record = record_of(run)
    stages = record.get("stages", {})
    kind = f"a mixture of {c.experts} experts, {c.chosen} for each token" if c.routed else "a dense model"
    lines = [
        "---", "library_name: transformers", "pipeline_tag: text-generation", "tags: [modelwright, grok]", "---", "",
        f"# {name}", "",
        f"A language model of Grok-1's architecture: {kind}; {c.parameters:,} parameters, of which a token uses {c.active_parameters:,}; "
        f"{c.layers} layers, width {c.width}, {c.query_heads} query and {c.key_heads} key heads of {c.head_size}, "
        f"vocabulary {c.vocab:,}, context {c.context}. Made with Modelwright.", "",
        "```python",
        "from transformers import AutoModelForCausalLM, AutoTokenizer",
        'model = AutoModelForCausalLM.from_pretrained("path/to/this/folder", trust_remote_code=True)',
        'tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")',
        "```", "",
        f"Weights: {formats}. The code that computes it is in this folder and short; read it before you trust it.", "",
    ]  # fmt: skip
    lines += ["## Data", ""]
    data = stages.get("data", {}).get("gave", {})
    if data:
        recipe = (run / "recipe.toml").read_text(encoding="utf-8") if run and (run / "recipe.toml").exists() else ""
        sources = [line.split("=", 1)[1].strip().strip('"') for line in recipe.splitlines() if line.strip().startswith("source")]
        lines += [
            f"- Source: {', '.join(dict.fromkeys(sources)) or 'not recorded'}",
            f"- Documents: {data.get('documents', 'not recorded')}, duplicates removed: {data.get('duplicates', 'not recorded')}",
            f"- Tokens: {data.get('train_tokens', '?')} for training, {data.get('val_tokens', '?')} held out, by document",
        ]
    else:
        lines.append("Not recorded: the model came without its run.")
    lines += ["", "## Training and compute", ""]
    if stages:
        seconds = sum(entry.get("seconds", 0) for entry in stages.values())
        tokens = stages.get("pretrain", {}).get("gave", {}).get("tokens") or loaded.meta.get("tokens")
        machine = record.get("machine", {})
        lines.append("- Stages: " + ", ".join(f"{stage} ({entry.get('seconds', 0):.0f} s)" for stage, entry in stages.items()))
        lines.append(f"- In all {seconds:.0f} s on {machine.get('cores', '?')} cores of {machine.get('processor', 'an unknown processor')}")
        if tokens:
            flops = c.training_flops_per_token() * tokens
            lines.append(
                f"- Pretraining tokens: {tokens:,}; about {flops:.2e} floating-point operations (6 a weight and token, and attention)"
            )
        lines.append(f"- Seed {record.get('seed')}, recipe '{record.get('recipe')}' (sha256 {str(record.get('recipe_sha256'))[:16]}…)")
        mine = [part for part, whose in record.get("parts", {}).items() if whose == "mine"]
        lines.append(f"- Parts written by the learner: {', '.join(mine) or 'none'}")
    else:
        lines.append(f"Not recorded. Steps: {loaded.meta.get('step', 'unknown')}; tokens: {loaded.meta.get('tokens', 'unknown')}.")
    lines += ["", "## Evaluation", ""]
    rows = measured(run)
    if rows:
        lines += ["| measure | value | interval |", "|---|---|---|", *(f"| {a} | {b} | {d} |" for a, b, d in rows)]
    else:
        lines.append("No measurement was recorded with this model.")
    lines += [
        "", "## Limits", "",
        f"- It has {c.active_parameters:,} active parameters: it makes things up, loses the thread, and knows only what its corpus said.",
        f"- It was trained on texts of up to {c.context} tokens; beyond that, nothing is promised.",
        "- It has not been made safe for anyone to rely on. Use it to learn how such models work, not to decide anything.",
        "- The chat template marks turns by special tokens. Encode the text of strangers without special tokens, or it can forge marks.",
        "", "## Licence", "",
        "Whoever trained it decides; the data's licence binds too. The code in this folder is under Apache-2.0.", "",
    ]  # fmt: skip
    return "\n".join(lines)
