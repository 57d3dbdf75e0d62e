"""Many processes, one run: started by `torchrun`, sharded by FSDP2, with experts spread over processes if asked.

`fully_shard` (arXiv 2304.11277; PyTorch's FSDP2) keeps of each parameter, gradient and optimiser state only this process's part, and
gathers a layer's weights just before they are needed. Checkpoints are written by all processes at once (`torch.distributed.checkpoint`)
and can be read by another number of them. With `expert_parallel`, each process holds whole experts instead of slices of all, and tokens
travel to them.

A run on n processes takes the same batches as one on a single process, each process its rows, so its loss curve is the same up to the
order of summation; the auxiliary balancing loss is the mean over the processes' own rows, which differs a little more.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from modelwright.forge import optim
from modelwright.forge.autograd import Function
from modelwright.forge.errors import CheckpointError, ConfigError
from modelwright.forge.model import Experts, Grok


@dataclass(frozen=True)
class World:
    """This process among all of them."""

    rank: int
    size: int
    device: torch.device
    expert_parallel: bool = False
    reduce: Callable[..., np.ndarray] | None = None
    """A learner's all-reduce, which then sums what is told of each step over the processes."""

    @property
    def main(self) -> bool:
        return self.rank == 0

    def rows(self, part: slice) -> slice:
        """This process's share of a range of rows."""
        each = (part.stop - part.start) // self.size
        return slice(part.start + self.rank * each, part.start + (self.rank + 1) * each)

    def mean(self, value: Tensor) -> Tensor:
        if self.size == 1 or not value.numel():
            return value
        if self.reduce is not None and value.device.type == "cpu":
            return self._ring(value) / self.size
        value = value.clone()
        dist.all_reduce(value)
        return value / self.size

    def _ring(self, value: Tensor) -> Tensor:
        """By the learner's function, over messages to the next process and from the one before; each is preceded by its length."""
        assert self.reduce is not None
        after, before = (self.rank + 1) % self.size, (self.rank - 1) % self.size
        waiting: list[Any] = []

        def send(array: np.ndarray) -> None:
            message = torch.from_numpy(np.array(array, dtype=np.float64))
            waiting.extend((message, dist.isend(torch.tensor([len(message)]), after), dist.isend(message, after)))

        def receive() -> np.ndarray:
            size = torch.zeros(1, dtype=torch.long)
            dist.recv(size, before)
            message = torch.empty(int(size), dtype=torch.float64)
            dist.recv(message, before)
            return message.numpy()

        total = self.reduce(self.rank, self.size, value.double().numpy(), send, receive)
        for job in waiting:
            if hasattr(job, "wait"):
                job.wait()
        return torch.from_numpy(np.asarray(total)).to(value.dtype).view(value.shape)

    def whole(self, value: Tensor) -> Tensor:
        """A value that is sharded, gathered."""
        return value.full_tensor() if hasattr(value, "full_tensor") else value

    def clip(self, model: nn.Module, limit: float) -> Tensor:
        """Scale all gradients so that their joint norm, over all processes, is at most `limit`; the norm before."""
        if self.size == 1:
            return optim.clip(model.parameters(), limit)
        gradients = [p.grad.to_local() if hasattr(p.grad, "to_local") else p.grad for p in model.parameters() if p.grad is not None]
        squares = torch.stack([gradient.float().square().sum() for gradient in gradients]).sum()
        dist.all_reduce(squares)  # each process holds another part of every tensor
        norm = squares.sqrt()
        for gradient in gradients:
            gradient.mul_((limit / (norm + 1e-6)).clamp(max=1.0))
        return norm

    def shard(self, model: Grok) -> nn.Module:
        """The model with each process holding its part; on a single process the model itself."""
        if self.size == 1:
            return model
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method

        for parameter in model.parameters():  # every process drew the same seed; this makes sure of it
            dist.broadcast(parameter.data, src=0)
        mesh = init_device_mesh(self.device.type, (self.size,))
        ignored: set[nn.Parameter] = set()
        if self.expert_parallel:
            for layer in model.layers:
                if isinstance(layer.experts, Experts):
                    ignored |= spread_experts(layer.experts, self, mesh)
        for layer in model.layers:
            fully_shard(layer, mesh=mesh, ignored_params=ignored or None)
        fully_shard(model, mesh=mesh, ignored_params=ignored or None)
        register_fsdp_forward_method(model, "loss")
        return model

    def sync(self, net: nn.Module, last: bool) -> None:
        """Gradients are exchanged only after a step's last micro-batch."""
        if self.size > 1:
            net.set_requires_gradient_sync(last)  # type: ignore[operator]


def single(device: str = "cpu") -> World:
    return World(0, 1, torch.device(device))


def join(device: str = "cpu", expert_parallel: bool = False) -> World:
    """This process's place as `torchrun` gives it; a single process where there is no torchrun."""
    if "RANK" not in os.environ:
        return single(device)
    rank, size, local = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    place = torch.device("cuda", local) if device == "cuda" else torch.device(device)
    if not dist.is_initialized():
        if place.type == "cuda":
            torch.cuda.set_device(place)
        dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
    return World(rank, size, place, expert_parallel)


def leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


# Checkpoints that every process writes its part of.


def _state(model: Grok, optimisers: list[torch.optim.Optimizer]) -> dict[str, Any]:
    from torch.distributed.checkpoint.state_dict import get_state_dict

    weights, states = get_state_dict(model, optimisers)
    return {"model": weights, "optimisers": states}


def save_sharded(where: Path, model: Grok, optimisers: list[torch.optim.Optimizer], state: dict[str, Any], world: World) -> None:
    from torch.distributed.checkpoint import state_dict_saver

    fresh = where.with_name(f".{where.name}")
    try:
        state_dict_saver.save({**_state(model, optimisers), "run": state}, checkpoint_id=fresh)
    except Exception as error:
        raise CheckpointError(f"the checkpoint {where.name} was not saved ({error}); the last good one is kept") from error
    if world.main:
        fresh.rename(where)
    dist.barrier()


def load_sharded(where: Path, model: Grok, optimisers: list[torch.optim.Optimizer], world: World) -> dict[str, Any]:
    from torch.distributed.checkpoint import state_dict_loader
    from torch.distributed.checkpoint.state_dict import set_state_dict

    held = {**_state(model, optimisers), "run": {"step": 0, "config": ""}}
    try:
        state_dict_loader.load(held, checkpoint_id=where)
    except Exception as error:
        raise CheckpointError(f"the checkpoint {where} cannot be read by this run ({str(error).splitlines()[0]})") from error
    set_state_dict(model, optimisers, model_state_dict=held["model"], optim_state_dict=held["optimisers"])
    run: dict[str, Any] = held["run"]
    return run


# Expert parallelism: process r holds experts r * e / size … ; tokens travel to their experts and back.


class _Travel(Function):
    """Rows to other processes; in the backward pass their gradients travel the same road back."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, send: list[int], receive: list[int]) -> Tensor:
        ctx.counts = (send, receive)
        out = rows.new_empty(sum(receive), *rows.shape[1:])
        _all_to_all(out, rows.contiguous(), receive, send)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        send, receive = ctx.counts
        out = grad.new_empty(sum(send), *grad.shape[1:])
        _all_to_all(out, grad.contiguous(), send, receive)
        return out, None, None


def _all_to_all(out: Tensor, rows: Tensor, receive: list[int], send: list[int]) -> None:
    if dist.get_backend() != "gloo":
        dist.all_to_all_single(out, rows, receive, send)
        return
    # gloo has no all-to-all of uneven parts: each pair of processes exchanges its own.
    rank, size = dist.get_rank(), dist.get_world_size()
    outs, parts = list(out.split(receive)), list(rows.split(send))
    outs[rank].copy_(parts[rank])
    waiting = []
    for other in range(size):
        if other != rank:
            if send[other]:
                waiting.append(dist.isend(parts[other].contiguous(), other))
            if receive[other]:
                waiting.append(dist.irecv(outs[other], other))
    for job in waiting:
        if job is not None:
            job.wait()


def spread_experts(experts: Experts, world: World, mesh: Any) -> set[nn.Parameter]:
    """Keep this process's experts only, and send tokens to where theirs are. Returns the parameters that are not to be sharded again."""
    from torch.distributed.tensor import Shard, distribute_tensor

    e = experts.config.experts
    if e % world.size:
        raise ConfigError(f"{e} experts cannot be spread evenly over {world.size} processes")
    each = e // world.size
    mine = slice(world.rank * each, (world.rank + 1) * each)
    for name in ("linear", "linear_v", "linear_1"):
        # Cut along the axis of experts: optimisers and checkpoints see one large tensor, the arithmetic below this process's part.
        setattr(experts, name, nn.Parameter(distribute_tensor(getattr(experts, name).data, mesh, [Shard(0)])))
    inner, size = experts.ops.grouped_experts, world.size

    def travelling(x_nm: Tensor, chosen_nc: Tensor, gates_nc: Tensor, w: Any, v: Any, w1: Any, expert: Any) -> Tensor:
        n, c = chosen_nc.shape
        w, v, w1 = (weight.to_local() for weight in (w, v, w1))
        flat_r = chosen_nc.reshape(-1)
        order_r = flat_r.argsort(stable=True)
        send = torch.bincount(flat_r // each, minlength=size)
        receive = torch.empty_like(send)
        dist.all_to_all_single(receive, send) if dist.get_backend() != "gloo" else _all_to_all(receive, send, [1] * size, [1] * size)
        counts = (send.tolist(), receive.tolist())
        there_rm = _Travel.apply(x_nm[order_r // c], *counts)
        expert_r = _Travel.apply(flat_r[order_r], *counts)
        one = torch.ones(len(expert_r), 1, dtype=gates_nc.dtype, device=x_nm.device)
        done_rm = inner(there_rm, expert_r[:, None] - mine.start, one, w, v, w1, expert) if len(there_rm) else there_rm
        # A process without tokens still takes part in the backward pass, with gradients of zero.
        done_rm = done_rm + 0.0 * (w.sum() + v.sum() + w1.sum()) if not len(there_rm) else done_rm
        back_rm = _Travel.apply(done_rm, counts[1], counts[0])
        inverse_r = torch.empty_like(order_r).scatter_(0, order_r, torch.arange(n * c, device=order_r.device))
        return torch.einsum("ncm,nc->nm", back_rm[inverse_r].view(n, c, -1), gates_nc.to(back_rm.dtype))

    import dataclasses

    experts.ops = dataclasses.replace(experts.ops, grouped_experts=travelling)
    held = {experts.linear, experts.linear_v, experts.linear_1}
    for parameter in held:
        # The loss is a mean over processes, so each expert's gradient, which sums over all processes' tokens, is divided likewise.
        parameter.register_hook(lambda grad: grad / size)
    return held


def train_recipe(name: str, folder: Path | None, overrides: dict[str, str], parts: Any) -> None:
    """What each process of `torchrun -m modelwright forge train RECIPE` does: the first makes the data, all train."""
    from modelwright.forge.checkpoint import save_model
    from modelwright.forge.recipe import Run, fused_for, load, model_config, peak_mb, train_config, what_pretraining_gave
    from modelwright.forge.train import Evaluation, Step, build, train

    recipe = load(name, overrides)
    config = train_config(recipe)
    world = join(config.device, expert_parallel=bool(recipe.table("model").get("expert_parallel", False)))
    world = replace(world, reduce=parts.all_reduce())
    where = folder or Path("runs") / recipe.name
    try:
        if world.main:
            Run.open(where, recipe, parts, say=print).carry_out(("tokenizer", "data"))
        dist.barrier()
        run = Run.open(where, recipe, parts)
        tokenizer = run.tokenizer()
        sizes = model_config(recipe, tokenizer.size)
        model = build(sizes, config.seed, parts.ops(config.compile, fused_for(config, sizes)))

        def show(event: Any) -> None:
            if isinstance(event, Evaluation) or (isinstance(event, Step) and event.step % 10 == 0):
                print(event, flush=True)

        began = time.perf_counter()
        result = train(where / "pretrain", model, config, where / "data", tokenizer, parts=parts.training(), world=world, on_event=show)
        whole = gather(model, world)
        if world.main:
            fresh = build(model.config, config.seed)
            fresh.load_state_dict(whole)
            save_model(where / "pretrain" / "model", fresh, tokenizer, {"stage": "pretrain", "recipe": recipe.name})
            gave = {**what_pretraining_gave(where / "pretrain", model.config, result), "processes": world.size}
            seconds = round(time.perf_counter() - began, 2)
            run.record["stages"]["pretrain"] = {"status": "done", "seconds": seconds, "peak_mb": peak_mb(), "gave": gave}
            run.write()
    finally:
        leave()


def gather(model: Grok, world: World) -> dict[str, Tensor]:
    """All weights, whole, on every process."""
    found: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        found[name] = world.whole(value).detach().cpu().clone()
    return found
