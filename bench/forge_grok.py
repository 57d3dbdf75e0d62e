"""What Grok's choices and its ports' changes do to the logits, on the golden model and on one trained for a minute.

    python bench/forge_grok.py [--golden FILE] [--steps 150]

For each change: the mean and the largest difference of a logit, the difference of the loss, and how many positions would say another token.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from modelwright.forge import optim
from modelwright.forge.config import preset
from modelwright.forge.experts import router
from modelwright.forge.model import PLAIN, Grok, Ops, attention, rope
from modelwright.forge.verify import GOLDEN, load_golden


def capped_router(x: Tensor, w: Tensor, chosen: int, bias: Tensor | None = None, cap: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    return router(x, w, chosen, bias, 30.0)


def renormalised(x: Tensor, w: Tensor, chosen: int, bias: Tensor | None = None, cap: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    gates, places, probs = router(x, w, chosen, bias, cap)
    return gates / gates.sum(-1, keepdim=True), places, probs


def uncapped(q: Tensor, k: Tensor, v: Tensor, cap: float, *rest: Tensor | None) -> Tensor:
    return attention(q, k, v, 0.0, *rest)


def neighbours(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary positions that turn channel 2j with 2j + 1, as the paper draws them: wrong for these weights."""
    y = rope(torch.cat((x[..., 0::2], x[..., 1::2]), -1), cos, sin)
    a, b = y.chunk(2, -1)
    return torch.stack((a, b), -1).flatten(-2)


CHANGES: dict[str, Callable[[Ops], Ops]] = {
    "router logits capped at 30 (sglang, vLLM)": lambda ops: dataclasses.replace(ops, router=capped_router),
    "gates renormalised (vLLM, llama.cpp)": lambda ops: dataclasses.replace(ops, router=renormalised),
    "no cap in attention": lambda ops: dataclasses.replace(ops, attention=uncapped),
    "no norm after attention and experts": lambda ops: dataclasses.replace(
        ops, residual=lambda h, before, work, after: h + work(before(h))
    ),
    "rotation of neighbours, not halves": lambda ops: dataclasses.replace(ops, rope=neighbours),
}


def rebuilt(model: Grok, ops: Ops) -> Grok:
    other = Grok(model.config, ops)
    other.load_state_dict(model.state_dict())
    return other.eval()


@torch.no_grad()
def table(name: str, model: Grok, tokens: Tensor) -> None:
    plain = rebuilt(model, PLAIN)
    logits = plain(tokens)
    loss = lambda x: torch.nn.functional.cross_entropy(x[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()).item()
    print(f"\n{name} (largest logit {logits.abs().max().item():.1f}, loss {loss(logits):.4f})")
    print(f"{'change':<44}{'mean |d|':>10}{'max |d|':>10}{'d loss':>10}{'other token':>13}")

    def row(what: str, other: Tensor) -> None:
        d = (other - logits).abs()
        said = (other.argmax(-1) != logits.argmax(-1)).float().mean().item()
        print(f"{what:<44}{d.mean().item():>10.2g}{d.max().item():>10.2g}{loss(other) - loss(logits):>+10.4f}{said:>13.1%}")

    for what, change in CHANGES.items():
        row(what, rebuilt(model, change(PLAIN))(tokens))
    both = dataclasses.replace(
        PLAIN,
        router=renormalised,
        residual=CHANGES["no norm after attention and experts"](PLAIN).residual,
    )
    bare = rebuilt(model, CHANGES["no norm after attention and experts"](PLAIN))(tokens)
    without = rebuilt(model, both)(tokens)
    d = (without - bare).abs()
    name = "renormalised gates where no norm follows"
    print(f"{name:<44}{d.mean().item():>10.2g}{d.max().item():>10.2g}{loss(without) - loss(bare):>+10.4f}")


def trained(steps: int) -> tuple[Grok, Tensor]:
    """A small mixture that has learned the primer's bytes for a while."""
    from modelwright.forge.data import primer

    torch.manual_seed(0)
    text = torch.tensor(list("\n\n".join(primer.documents(600)).encode()), dtype=torch.long)
    model = Grok(preset("nano").replace(vocab=256, context=64, pad=None))
    found = optim.optimisers(model, 3e-3)
    for step in range(steps):
        starts = torch.randint(len(text) - 65, (16,))
        x = text[starts[:, None] + torch.arange(65)]
        optim.set_rate(found, optim.learning_rate(step, steps, 3e-3, 5, steps // 2))
        model.loss(x[:, :-1], x[:, 1:], balance=0.01).total.backward()
        for one in found:
            one.step()
        model.zero_grad(set_to_none=True)
    starts = torch.randint(len(text) - 64, (16,))
    return model, text[starts[:, None] + torch.arange(64)]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--golden", type=Path, default=GOLDEN)
    options.add_argument("--steps", type=int, default=150)
    given = options.parse_args()
    model, arrays, _ = load_golden(given.golden)
    table("The golden model, random weights", model, torch.from_numpy(arrays["tokens"]).long())
    table(f"After {given.steps} steps on the primer's bytes", *trained(given.steps))


if __name__ == "__main__":
    main()
