# mypy: ignore-errors
"""Configuration of a Grok made with Modelwright, for `transformers`. It travels with the weights and needs nothing but `transformers`."""

from transformers import PretrainedConfig


class ModelwrightGrokConfig(PretrainedConfig):
    model_type = "modelwright_grok"
    keys_to_ignore_at_inference = ["past_key_values"]

    def __init__(
        self,
        vocab_size=512,
        hidden_size=96,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=24,
        max_position_embeddings=128,
        intermediate_size=128,
        num_experts=8,
        num_experts_per_tok=2,
        rotary_base=10000.0,
        rms_norm_eps=1e-5,
        attention_multiplier=None,
        attention_cap=30.0,
        embedding_multiplier=None,
        output_multiplier=0.5773502691896257,
        residual_size=0,
        router_cap=0.0,
        final_cap=0.0,
        temperature_start=0,
        masked_token=0,
        tie_word_embeddings=True,
        use_cache=True,
        **kwargs,
    ):
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.num_key_value_heads = num_key_value_heads
        self.head_dim = head_dim
        self.max_position_embeddings = max_position_embeddings
        self.intermediate_size = intermediate_size
        self.num_experts = num_experts
        self.num_experts_per_tok = num_experts_per_tok
        self.rotary_base = rotary_base
        self.rms_norm_eps = rms_norm_eps
        self.attention_multiplier = attention_multiplier
        self.attention_cap = attention_cap
        self.embedding_multiplier = embedding_multiplier
        self.output_multiplier = output_multiplier
        self.residual_size = residual_size
        self.router_cap = router_cap
        self.final_cap = final_cap
        self.temperature_start = temperature_start
        self.masked_token = masked_token
        self.use_cache = use_cache
        super().__init__(tie_word_embeddings=tie_word_embeddings, **kwargs)
