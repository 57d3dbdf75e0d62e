"""How fast the forge decodes: tokens a second against the exported model under `transformers.generate`, same machine, same run, in turns.

Both take the same prompts and give the same number of greedy tokens; what they give is compared first. The fraction of the memory bandwidth
is bytes of weights, keys and values that a step must read, times steps a second, over what as many threads read from a large array in this
same run. Where a model fits the processor's cache that fraction may pass 1. Eight-bit weights are measured beside it: speed, size, and how
far the next token's distribution moves.

    python bench/forge_decoding.py [--preset nano] [--tokens 64] [--rounds 5] [--model FOLDER]
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import tempfile
import time
from pathlib import Path

import torch

from modelwright.forge.checkpoint import load_model
from modelwright.forge.config import PRESETS, preset
from modelwright.forge.data.primer import documents
from modelwright.forge.engine import Engine, Request
from modelwright.forge.export import huggingface
from modelwright.forge.generate import Sampling
from modelwright.forge.model import Grok
from modelwright.forge.quantise import Int8Matrix, model_bytes, quantise_model
from modelwright.forge.tokenizer import Tokenizer

PROMPT = 32


def bandwidth() -> float:
    """Bytes a second that this machine's threads read from memory."""
    big = torch.ones(64 * 2**20)
    best = 1e9
    for _ in range(5):
        began = time.perf_counter()
        big.sum()
        best = min(best, time.perf_counter() - began)
    return big.numel() * 4 / best


def step_bytes(model: Grok, batch: int, positions: int) -> float:
    """What one step must read at least: every weight that some row uses, and every row's keys and values."""
    c = model.config
    size = lambda weight: weight.bytes if isinstance(weight, Int8Matrix) else weight.numel() * 4
    used = 1 - (1 - c.chosen / c.experts) ** batch if c.routed else 1.0  # of the experts, if rows choose alike and freely
    total = 4.0 * c.vocab * c.width + batch * positions * 2 * c.layers * c.key_heads * c.head_size * 4
    for layer in model.layers:
        a, e = layer.attention, layer.experts
        total += sum(size(w) for w in (a.query, a.key, a.value, a.out)) + used * sum(size(w) for w in (e.linear, e.linear_v, e.linear_1))
    return total


def ours(engine: Engine, prompts: list[list[int]], tokens: int) -> tuple[float, list[list[int]]]:
    want = Sampling(temperature=0, max_tokens=tokens, logit_bias={})
    # The end token is kept out as the peer's setting does it, so that both give the same number.
    requests = [Request(prompt=p, sampling=want, chat=True, tools=(), tool_choice="none") for p in prompts]
    replies = [engine.submit(request) for request in requests]
    for reply in replies:
        reply.marks = lambda: ()  # type: ignore[method-assign]
    began = time.perf_counter()
    while engine.busy:
        engine.step()
    seconds = time.perf_counter() - began
    return len(prompts) * tokens / seconds, [reply.tokens for reply in replies]


def theirs(model, prompts: list[list[int]], tokens: int, banned: list[int]) -> tuple[float, list[list[int]]]:
    ids = torch.tensor(prompts)
    from transformers import GenerationConfig

    how = GenerationConfig(
        do_sample=False, max_new_tokens=tokens, min_new_tokens=tokens, eos_token_id=None, pad_token_id=0, suppress_tokens=banned
    )
    began = time.perf_counter()
    with torch.inference_mode():
        out = model.generate(ids, attention_mask=torch.ones_like(ids), generation_config=how)
    seconds = time.perf_counter() - began
    return len(prompts) * tokens / seconds, out[:, ids.shape[1] :].tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="nano", choices=[name for name in PRESETS if not name.startswith("grok")])
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--model", type=Path, help="a trained model folder, instead of a preset with random weights")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    os.environ["HF_HUB_OFFLINE"] = "1"
    import transformers

    transformers.utils.logging.set_verbosity_error()

    text = list(documents(3000))
    if options.model:
        loaded = load_model(options.model)
        model, tokenizer = loaded.model, loaded.tokenizer
    else:
        torch.manual_seed(0)
        config = preset(options.preset)
        tokenizer = Tokenizer.train(text, min(config.vocab, 4096))
        model = Grok(config).eval()
    assert tokenizer is not None
    c = model.config
    ids = [i for i in tokenizer.encode("\n".join(text[:200])) if i >= 16]
    prompts = [ids[i * PROMPT : (i + 1) * PROMPT] for i in range(16)]
    eight = quantise_model(copy.deepcopy(model))
    banned = [*range(16), *range(tokenizer.size, c.vocab)]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HF_MODULES_CACHE"] = folder
        place = huggingface.export(Path(folder) / "out", model, tokenizer)
        peer = transformers.AutoModelForCausalLM.from_pretrained(place, trust_remote_code=True).eval()

        sizes = f"{c.parameters / 1e6:.1f} M parameters, {c.active_parameters / 1e6:.1f} M active"
        print(f"{options.model or options.preset}: {sizes}, {options.threads} threads")
        print(f"prompts of {PROMPT} tokens, {options.tokens} new tokens, greedy, float32; median of {options.rounds} rounds in turns")
        engine, engine8 = Engine(model, tokenizer, 16), Engine(eight, tokenizer, 16)
        rows = []
        for batch in (1, 16):
            speeds: dict[str, list[float]] = {"forge": [], "int8": [], "transformers": []}
            # Once to warm up, and to see that both say the same.
            a, b = ours(engine, prompts[:batch], options.tokens)[1], theirs(peer, prompts[:batch], options.tokens, banned)[1]
            same = sum(x == y for x, y in zip(a, b, strict=True))
            ours(engine8, prompts[:batch], options.tokens)
            reads = []
            for _ in range(options.rounds):
                reads.append(bandwidth())
                speeds["forge"].append(ours(engine, prompts[:batch], options.tokens)[0])
                speeds["transformers"].append(theirs(peer, prompts[:batch], options.tokens, banned)[0])
                speeds["int8"].append(ours(engine8, prompts[:batch], options.tokens)[0])
            read = statistics.median(reads)
            ratio = statistics.median(f / t for f, t in zip(speeds["forge"], speeds["transformers"], strict=True))
            for name, held in (("forge", model), ("int8", eight), ("transformers", model)):
                speed = statistics.median(speeds[name])
                fraction = step_bytes(held, batch, PROMPT + options.tokens // 2) * speed / batch / read
                rows.append((batch, name, speed, speed / statistics.median(speeds["transformers"]), fraction))
            print(f"batch {batch}: {same} of {batch} replies are the same token for token; ratio of each round, median: {ratio:.2f}")
            print(f"          memory: {read / 1e9:.1f} GB/s read by {options.threads} threads")
    print(f"\n{'batch':>5}  {'what':<14}{'tokens/s':>10}{'ratio':>8}{'of the bandwidth':>18}")
    for batch, name, speed, times, fraction in rows:
        print(f"{batch:>5}  {name:<14}{speed:>10.0f}{times:>8.2f}{fraction:>17.0%}")
    tokens_bt = torch.tensor([ids[: min(c.context, 128)]])
    with torch.no_grad():
        p, q = model(tokens_bt).log_softmax(-1), eight(tokens_bt).log_softmax(-1)
    kl = float((p.exp() * (p - q)).sum(-1).mean())
    agree = float((p.argmax(-1) == q.argmax(-1)).float().mean())
    loss = [float(-x[0, :-1].gather(-1, tokens_bt[0, 1:, None]).mean()) for x in (p, q)]
    size = model_bytes(eight) / model_bytes(model)
    print(f"\nint8: {size:.2f} of the size, {kl:.2e} nats of divergence, the likeliest token agrees {agree:.0%},")
    print(f"      loss {loss[0]:.4f} -> {loss[1]:.4f}" + ("" if options.model else " (of random weights)"))


if __name__ == "__main__":
    main()
