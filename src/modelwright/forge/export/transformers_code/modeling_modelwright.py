# mypy: ignore-errors
"""Grok, as Modelwright trains it, for `transformers`: soft-capped grouped-query attention, four norms a layer, top-k experts.

It travels with the weights (`trust_remote_code=True`) and needs nothing but `torch` and `transformers`. The arithmetic follows xAI's
release of Grok-1 (https://github.com/xai-org/grok-1); what is Grok-2's is off unless the configuration turns it on. Without a mask every
earlier token is seen, except for `masked_token` where the whole text is given at once, as in training.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F
from transformers import GenerationMixin, PreTrainedModel
from transformers.cache_utils import DynamicCache
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast

from .configuration_modelwright import ModelwrightGrokConfig


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x):
        x32 = x.float()
        return (x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + self.eps) * self.weight.float()).to(x.dtype)


def rotate(x, cos, sin):
    a, b = x.float().chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1).to(x.dtype)


class Attention(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        self.config, self.layer = config, layer
        c = config
        self.q_proj = nn.Linear(c.hidden_size, c.num_attention_heads * c.head_dim, bias=False)
        self.k_proj = nn.Linear(c.hidden_size, c.num_key_value_heads * c.head_dim, bias=False)
        self.v_proj = nn.Linear(c.hidden_size, c.num_key_value_heads * c.head_dim, bias=False)
        self.o_proj = nn.Linear(c.num_attention_heads * c.head_dim, c.hidden_size, bias=False)
        self.scale = c.head_dim**-0.5 if c.attention_multiplier is None else c.attention_multiplier

    def forward(self, x, cos, sin, visible, temperature, cache):
        c, (b, t, _) = self.config, x.shape
        q = rotate(self.q_proj(x).view(b, t, -1, c.head_dim).transpose(1, 2), cos, sin)
        k = rotate(self.k_proj(x).view(b, t, -1, c.head_dim).transpose(1, 2), cos, sin)
        v = self.v_proj(x).view(b, t, -1, c.head_dim).transpose(1, 2)
        if cache is not None:
            k, v = cache.update(k, v, self.layer)
        groups = c.num_attention_heads // c.num_key_value_heads
        q = q.reshape(b, c.num_key_value_heads, groups, t, c.head_dim)
        logits = q.float() @ k.float()[:, :, None].transpose(-1, -2) * self.scale
        if c.attention_cap:
            logits = c.attention_cap * torch.tanh(logits / c.attention_cap)
        if temperature is not None:
            logits = logits * temperature[:, None, None, :, None]
        weights = logits.masked_fill(~visible[:, None, None], -1e30).softmax(-1)
        out = (weights @ v.float()[:, :, None]).to(x.dtype)
        return self.o_proj(out.reshape(b, -1, t, c.head_dim).transpose(1, 2).reshape(b, t, -1)), weights


class Mlp(nn.Module):
    def __init__(self, width, size):
        super().__init__()
        self.gate_proj = nn.Linear(width, size, bias=False)
        self.up_proj = nn.Linear(width, size, bias=False)
        self.down_proj = nn.Linear(size, width, bias=False)

    def forward(self, x):
        return self.down_proj(F.gelu(self.gate_proj(x), approximate="tanh") * self.up_proj(x))


class Experts(nn.Module):
    """Softmax over all experts, then the best few, not renormalised."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.router = nn.Linear(config.hidden_size, config.num_experts, bias=False)
        self.experts = nn.ModuleList(Mlp(config.hidden_size, config.intermediate_size) for _ in range(config.num_experts))
        self.register_buffer("choice_bias", torch.zeros(config.num_experts))

    def forward(self, x):
        c, flat = self.config, x.reshape(-1, x.shape[-1])
        logits = F.linear(flat.float(), self.router.weight.float())
        if c.router_cap:
            logits = c.router_cap * torch.tanh(logits / c.router_cap)
        probs = logits.softmax(-1)
        chosen = (probs + self.choice_bias).topk(c.num_experts_per_tok, dim=-1).indices
        gates = probs.gather(-1, chosen)
        out = torch.zeros_like(flat)
        for e in chosen.unique().tolist():
            token, place = (chosen == e).nonzero(as_tuple=True)
            out.index_add_(0, token, self.experts[e](flat[token]) * gates[token, place, None].to(flat.dtype))
        return out.view_as(x)


class Layer(nn.Module):
    def __init__(self, config, layer):
        super().__init__()
        c = config
        self.self_attn = Attention(c, layer)
        self.mlp = Experts(c) if c.num_experts > 1 else Mlp(c.hidden_size, c.intermediate_size)
        self.residual_mlp = Mlp(c.hidden_size, c.residual_size) if c.residual_size else None
        self.pre_attn_norm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.post_attn_norm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.pre_moe_norm = RMSNorm(c.hidden_size, c.rms_norm_eps)
        self.post_moe_norm = RMSNorm(c.hidden_size, c.rms_norm_eps)

    def forward(self, h, cos, sin, visible, temperature, cache):
        out, weights = self.self_attn(self.pre_attn_norm(h), cos, sin, visible, temperature, cache)
        h = h + self.post_attn_norm(out)
        x = self.pre_moe_norm(h)
        out = self.mlp(x)
        if self.residual_mlp is not None:
            out = (out + self.residual_mlp(x)) * 0.5**0.5
        return h + self.post_moe_norm(out), weights


class ModelwrightGrokPreTrainedModel(PreTrainedModel):
    config_class = ModelwrightGrokConfig
    base_model_prefix = "model"
    _no_split_modules = ["Layer"]

    def _init_weights(self, module):
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=module.weight.shape[-1] ** -0.5)
        elif isinstance(module, RMSNorm):
            nn.init.ones_(module.weight)
        elif isinstance(module, Experts):
            nn.init.zeros_(module.choice_bias)


class ModelwrightGrokModel(ModelwrightGrokPreTrainedModel):
    def __init__(self, config):
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, i) for i in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.post_init()

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        past_key_values=None,
        inputs_embeds=None,
        use_cache=None,
        output_attentions=None,
        output_hidden_states=None,
        **kwargs,
    ):
        c = self.config
        h = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        h = h * (math.sqrt(c.hidden_size) if c.embedding_multiplier is None else c.embedding_multiplier)
        b, t = h.shape[:2]
        if past_key_values is None and (c.use_cache if use_cache is None else use_cache):
            past_key_values = DynamicCache()
        past = 0 if past_key_values is None else past_key_values.get_seq_length()
        places = torch.arange(past, past + t, device=h.device)
        if position_ids is None:
            position_ids = places[None]
        visible = torch.arange(past + t, device=h.device)[None, None] <= places[None, :, None]
        if attention_mask is not None:
            visible = visible & attention_mask[:, None, : past + t].bool()
        elif c.masked_token is not None and input_ids is not None and past == 0:
            visible = visible & (input_ids != c.masked_token)[:, None]
        visible = visible.expand(b, t, past + t)

        j = torch.arange(0, c.head_dim, 2, device=h.device, dtype=torch.float32)
        angles = position_ids[..., None].float() * c.rotary_base ** (-j / c.head_dim)
        cos, sin = angles.cos()[:, None], angles.sin()[:, None]
        temperature = None
        if c.temperature_start:
            temperature = (position_ids.float().clamp(min=c.temperature_start).log() / math.log(c.temperature_start)).expand(b, t)

        hidden, attentions = [], []
        for layer in self.layers:
            if output_hidden_states:
                hidden.append(h)
            h, weights = layer(h, cos, sin, visible, temperature, past_key_values)
            if output_attentions:
                attentions.append(weights.flatten(1, 2))
        h = self.norm(h)
        return BaseModelOutputWithPast(
            last_hidden_state=h,
            past_key_values=past_key_values,
            hidden_states=(*hidden, h) if output_hidden_states else None,
            attentions=tuple(attentions) if output_attentions else None,
        )


class ModelwrightGrokForCausalLM(ModelwrightGrokPreTrainedModel, GenerationMixin):
    _tied_weights_keys = {"lm_head.weight": "model.embed_tokens.weight"}

    def __init__(self, config):
        super().__init__(config)
        self.model = ModelwrightGrokModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def forward(
        self,
        input_ids=None,
        attention_mask=None,
        position_ids=None,
        past_key_values=None,
        inputs_embeds=None,
        labels=None,
        use_cache=None,
        logits_to_keep=0,
        **kwargs,
    ):
        c = self.config
        out = self.model(input_ids, attention_mask, position_ids, past_key_values, inputs_embeds, use_cache, **kwargs)
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits = self.lm_head(out.last_hidden_state[:, kept]).float() * c.output_multiplier
        if c.final_cap:
            logits = c.final_cap * torch.tanh(logits / c.final_cap)
        loss = None
        if labels is not None:
            loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100)
        return CausalLMOutputWithPast(
            loss=loss, logits=logits, past_key_values=out.past_key_values, hidden_states=out.hidden_states, attentions=out.attentions
        )
