"""Chat tuning: only what the assistant says is learned, conversations do not see each other, and nothing goes wrong unnoticed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.forge import fast, lora, prefer, references, template
from modelwright.forge.checkpoint import load_model, save_model
from modelwright.forge.config import ModelConfig
from modelwright.forge.conversations import Conversation, Example, check_mask, encode, lay, open_conversations, pack
from modelwright.forge.errors import CheckpointError, ConfigError, DataError, TrainingError
from modelwright.forge.fingerprint import fingerprint
from modelwright.forge.model import Grok
from modelwright.forge.template import Message
from modelwright.forge.tokenizer import ASSISTANT, END, PAD, START, TURN, USER, Tokenizer
from modelwright.forge.tune import TuneConfig, TuneEvaluation, TuneStep, masked_loss, step_gradients, tune, tune_folder

pytestmark = pytest.mark.usefixtures("one_thread")

TOKENIZER = Tokenizer.from_merges([(b"t", b"h"), (b"th", b"e"), (b" ", b"the"), (b"o", b"n")])
CONFIG = ModelConfig(
    vocab=TOKENIZER.size, width=32, layers=2, query_heads=4, key_heads=2, head_size=8, context=64, experts=4, expert_size=24
)
TALKS = [
    Conversation((Message("user", f"What is {i}?"), Message("assistant", "one" if i % 2 else "two", think="odd?" if i % 3 == 0 else None)))
    for i in range(24)
]


def model(seed: int = 0, config: ModelConfig = CONFIG) -> Grok:
    torch.manual_seed(seed)
    return Grok(config, fast.ops())


def examples(talks=TALKS, context: int = 64) -> tuple[Example, ...]:
    return encode(talks, TOKENIZER, context).examples


def weights(of: Grok) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in of.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


# Tuning.


def test_tuning_teaches_the_answers_and_leaves_the_rest_of_the_loss_alone():
    learner = model()
    events: list = []
    result = tune(learner, examples(), TuneConfig(steps=40, batch=4, lr=1e-2, validation=0.25, eval_every=20), on_event=events.append)
    assert result.val_loss < 0.4 * result.val_loss_before
    assert [e.step for e in events if isinstance(e, TuneEvaluation)] == [0, 20, 40]
    assert sum(isinstance(e, TuneStep) for e in events) == 40
    assert result.left_out == 0


def test_the_same_seed_tunes_to_the_same_bits():
    config = TuneConfig(steps=4, batch=4, accumulation=2)
    first, second = model(), model()
    tune(first, examples(), config)
    tune(second, examples(), config)
    assert same(weights(first), weights(second))


def test_the_users_words_are_never_targets():
    one = examples([Conversation((Message("user", "the one"), Message("assistant", "the two")))])[0]
    rows = lay([[one]])
    a, b = model(), model()
    masked_loss(a, rows).total.backward()
    changed = rows.tokens_bt.clone()
    changed[0, -1] = 40  # the target behind the last counted one
    b.loss(changed[:, :-1], changed[:, 1:], rows.mask_bt[:, 1:], visible_bts=template_mask(rows.tokens_bt)).total.backward()
    assert torch.equal(a.embedding.grad, b.embedding.grad)
    assert rows.counted == len(TOKENIZER.encode("the two")) + 1


def template_mask(tokens_bt: torch.Tensor) -> torch.Tensor:
    from modelwright.forge.model import document_mask

    return document_mask(tokens_bt[:, :-1], END)


def test_packed_conversations_are_computed_as_if_each_were_alone():
    some = examples()[:3]
    learner = model()
    packed = lay(pack(some, 200))
    assert len(packed.tokens_bt) == 1
    together = masked_loss(learner, packed).cross_entropy * packed.counted
    alone = [lay([[one]]) for one in some]
    apart = sum(masked_loss(learner, rows).cross_entropy * rows.counted for rows in alone)
    assert torch.allclose(together, apart, rtol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(8, 40), min_size=1, max_size=30))
def test_packing_keeps_every_conversation_whole_and_once(sizes):
    some = [Example((START, *[20 + i] * (size - 2), END), (True,) * size) for i, size in enumerate(sizes)]
    rows = pack(some, 40)
    assert sorted(e.tokens[1] for row in rows for e in row) == sorted(e.tokens[1] for e in some)
    assert all(sum(len(e.tokens) for e in row) <= 40 for row in rows)


def test_cutting_a_step_into_micro_batches_changes_its_gradient_by_rounding_only():
    rows = [[one] for one in examples()[:6]]
    whole, cut = model(), model()
    assert step_gradients(whole, rows, 1, 0.0)[1] == step_gradients(cut, rows, 3, 0.0)[1]
    for a, b in zip(whole.parameters(), cut.parameters(), strict=True):
        assert torch.allclose(a.grad, b.grad, atol=1e-6)


# Guards.


def test_a_micro_batch_with_every_target_masked_gives_no_nan_and_no_step():
    silent = [Example((START, USER, 30, TURN, END), (False,) * 5)] * 4
    learner = model()
    before = weights(learner)
    events: list = []
    result = tune(learner, silent, TuneConfig(steps=2, batch=2, validation=0.0, weight_decay=0.1), on_event=events.append)
    assert result.left_out == 2
    assert all(event.counted == 0 and event.loss == 0.0 for event in events if isinstance(event, TuneStep))
    assert same(before, weights(learner))
    assert float(masked_loss(learner, lay([silent[:1]])).cross_entropy) == 0.0


def test_one_masked_micro_batch_among_others_weighs_nothing():
    silent, spoken = Example((START, USER, 30, TURN, END), (False,) * 5), examples()[0]
    a, b = model(), model()
    step_gradients(a, [[spoken], [silent]], 2, 0.01)
    step_gradients(b, [[spoken]], 1, 0.01)
    assert all(torch.equal(p.grad, q.grad) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def test_a_dropped_mask_is_noticed_and_refused():
    def careless(turns, ids):
        tokens, mask = template.render_turns(turns, ids)
        return tokens, [True] * len(mask)

    with pytest.raises(DataError, match="the loss mask of conversation 1 counts every token"):
        encode(TALKS, TOKENIZER, 64, part=careless)


def test_a_mask_that_is_shifted_or_short_is_refused():
    whole = examples()[0]
    with pytest.raises(DataError, match="that are not the assistant's"):
        check_mask(Example(whole.tokens, (*whole.mask[1:], False)), "it")
    with pytest.raises(DataError, match="must give one for each"):
        check_mask(Example(whole.tokens, whole.mask[:-1]), "it")


def test_a_conversation_over_the_context_loses_its_oldest_exchanges_and_is_counted():
    long = [Message("system", "Short.")]
    for i in range(6):
        long += [Message("user", f"say {i}"), Message("assistant", f"it is {i}")]
    found = encode([Conversation(tuple(long)), TALKS[1]], TOKENIZER, 60)
    assert (found.shortened, found.dropped, len(found.examples)) == (1, 0, 2)
    kept = TOKENIZER.decode(found.examples[0].tokens, specials=True)
    assert kept.startswith("<|start|><|system|>Short.<|turn|><|user|>say ")
    assert kept.endswith("it is 5<|turn|><|end|>")
    assert "it is 0" not in kept


def test_a_single_exchange_over_the_context_is_left_out_or_refused():
    huge = Conversation((Message("user", "why " * 40), Message("assistant", "so")))
    assert encode([huge, TALKS[0]], TOKENIZER, 60).dropped == 1
    with pytest.raises(DataError, match="conversation 1 has .* tokens, but the context is 60"):
        encode([huge], TOKENIZER, 60, too_long="refuse")
    with pytest.raises(DataError, match="nothing is left to tune on"):
        encode([huge], TOKENIZER, 60)


def test_a_rate_that_is_too_high_ends_tuning_in_one_sentence():
    learner = model()
    with torch.no_grad():
        learner.final_norm.fill_(math.inf)
    with pytest.raises(TrainingError, match="not a number at step 1 of tuning"):
        tune(learner, examples(), TuneConfig(steps=3, batch=2, validation=0.0))


def test_settings_that_cannot_work_get_one_sentence():
    with pytest.raises(ConfigError, match="cannot be cut into 3 equal"):
        TuneConfig(batch=4, accumulation=3)
    with pytest.raises(ConfigError, match="a rank of 99"):
        lora.adapt(model(), 99, 16.0)


# The same format in training and serving.


def test_a_tuned_model_is_refused_with_another_tokenizer_or_template(tmp_path: Path):
    save_model(tmp_path / "base", model(), TOKENIZER, {})
    talks = tmp_path / "talks.jsonl"
    talks.write_text("\n".join(json.dumps({"question": f"{i}?", "answer": "one"}) for i in range(8)))
    gave = tune_folder(tmp_path / "base", tmp_path / "tuned", TuneConfig(source=str(talks), steps=2, batch=2))
    assert gave["conversations"] == 8
    assert load_model(tmp_path / "tuned").meta["chat"] == fingerprint(TOKENIZER)

    config = tmp_path / "tuned" / "model" / "config.json"
    values = json.loads(config.read_text())
    values["meta"]["chat"]["template"] = "0" * 64
    config.write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match="was tuned with another template"):
        load_model(tmp_path / "tuned")

    Tokenizer.from_merges([(b"o", b"n"), (b"t", b"h"), (b"th", b"e"), (b" ", b"the")]).save(tmp_path / "tuned" / "model")
    with pytest.raises(CheckpointError, match="was tuned with another tokenizer"):
        load_model(tmp_path / "tuned")


def test_a_run_folder_is_its_last_taught_model(tmp_path: Path):
    for stage in ("pretrain", "tune"):
        save_model(tmp_path / stage / "model", model(), TOKENIZER, {"stage": stage})
    assert load_model(tmp_path).meta["stage"] == "tune"


# Sources.


def test_files_of_instructions_questions_and_messages_are_read(tmp_path: Path):
    file = tmp_path / "a.json"
    file.write_text(
        json.dumps(
            [
                {"instruction": "Add.", "input": "1 2", "output": "3"},
                {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho", "think": "hm"}]},
            ]
        )
    )
    one, two = open_conversations(str(file))
    assert one.messages == (Message("user", "Add.\n1 2"), Message("assistant", "3"))
    assert two.messages[1].think == "hm"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is not JSON"),
        ("[]", "holds no conversation"),
        ('{"a": 1}', "row 1 has none of messages"),
        ('{"messages": [1]}', "row 1 has messages that are not"),
    ],
)
def test_a_file_that_holds_no_conversation_gets_one_sentence(tmp_path: Path, content: str, sentence: str):
    file = tmp_path / "a.jsonl"
    file.write_text(content)
    with pytest.raises(DataError, match=sentence):
        open_conversations(str(file))


def test_the_primers_conversations_think_aloud_and_in_silence():
    talks = open_conversations("primer:200", 3)
    replies = [m for t in talks for m in t.messages if m.role == "assistant"]
    silent = [m for m in replies if m.think]
    assert len(talks) == 200
    assert silent
    assert all("=" in m.think and "=" in m.content for m in silent)
    assert open_conversations("primer:200", 3) == talks


# LoRA.


def test_an_adapted_model_starts_as_it_was_and_only_the_adapters_learn():
    plain, adapted = model(), model()
    lora.adapt(adapted, 4, 8.0)
    tokens = torch.randint(20, CONFIG.vocab, (2, 9))
    assert torch.equal(plain(tokens), adapted(tokens))
    learns = {name for name, p in adapted.named_parameters() if p.requires_grad}
    assert learns == set(lora.adapters(adapted))
    assert len(learns) == 2 * 4 * CONFIG.layers


def test_a_merged_model_computes_what_the_adapted_one_did():
    adapted = model()
    lora.adapt(adapted, 4, 8.0)
    with torch.no_grad():
        for name, p in adapted.named_parameters():
            if name.endswith("b_rb"):
                p.normal_(std=0.1)
    tokens = torch.randint(20, CONFIG.vocab, (2, 9))
    with torch.no_grad():
        before = adapted(tokens)
        after = lora.merge(adapted)(tokens)
    assert not torch.allclose(before, model()(tokens))
    assert torch.allclose(before, after, atol=2e-5)
    assert set(adapted.state_dict()) == set(model().state_dict())


def test_tuning_by_lora_learns_and_touches_only_attention():
    learner = model()
    before = weights(learner)
    result = tune(learner, examples(), TuneConfig(steps=30, batch=4, lr=2e-2, lora_rank=4, validation=0.25))
    after = weights(learner)
    assert result.val_loss < 0.8 * result.val_loss_before
    moved = {name for name in after if not torch.equal(before[name], after[name])}
    assert moved
    assert all(".attention." in name for name in moved)


# DPO.


def test_the_dpo_loss_is_equation_seven():
    chosen, rejected, ref_chosen, ref_rejected = torch.tensor([[-1.0], [-3.0], [-2.0], [-2.5]])
    margin = 0.5 * ((-1.0 + 2.0) - (-3.0 + 2.5))
    assert float(references.dpo_loss(chosen, rejected, ref_chosen, ref_rejected, 0.5)) == pytest.approx(math.log(1 + math.exp(-margin)))


def test_preferences_make_the_better_answer_likelier():
    learner = model()
    pairs = [prefer.render_pair(prefer.Preference((Message("user", f"{i}?"),), "yes", "no"), TOKENIZER) for i in range(6)]
    steps: list[prefer.PreferStep] = []
    result = prefer.prefer(learner, pairs, prefer.PreferConfig(steps=12, batch=4, lr=3e-3, beta=0.5), on_event=steps.append)
    assert steps[0].loss == pytest.approx(math.log(2), abs=1e-4)
    assert result.last_loss < 0.3
    assert result.preferred == 1.0


def test_only_the_answers_own_tokens_are_compared():
    talk = (Message("user", "a"), Message("assistant", "earlier"), Message("user", "b"))
    chosen, _ = prefer.render_pair(prefer.Preference(talk, "the", "no"), TOKENIZER)
    assert [t for t, counted in zip(chosen.tokens, chosen.mask, strict=True) if counted] == [*TOKENIZER.encode("the"), TURN]


def test_the_log_probability_of_an_answer_is_the_sum_over_its_tokens():
    learner = model()
    short, long = (e for e in prefer.render_pair(prefer.Preference((Message("user", "a"),), "the", "none at all"), TOKENIZER))
    rows = lay([[short], [long]])
    assert PAD in rows.tokens_bt[0]
    with torch.no_grad():
        both = prefer.answer_log_probs(learner, rows)
        log_probs_v = learner(torch.tensor([short.tokens])).log_softmax(-1)[0]
    at = short.tokens.index(ASSISTANT)
    assert float(both[0]) == pytest.approx(
        sum(float(log_probs_v[i, short.tokens[i + 1]]) for i in range(at, at + len(TOKENIZER.encode("the")) + 1)), abs=1e-4
    )


def test_the_primers_preferences_differ_in_what_is_true():
    pairs = list(prefer.primer(60, 1))
    assert all(pair.chosen != pair.rejected for pair in pairs)
    sums = [pair for pair in pairs if pair.messages[0].content.startswith("What is ") and "=" in pair.chosen]
    assert all(references.reward(pair.rejected, pair.chosen) == 0.0 for pair in sums)
    assert sums
