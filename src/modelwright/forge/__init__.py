"""The forge: a Grok-style language model end to end, from bytes to a model that chats; knows nothing of the rooms above it.

Read it in this order: `config`, `model`, `experts`, `fast`, `tokenizer`, `data/`, `optim`, `train`, `parts`, `recipe`.
`docs/forge.md` walks the same road with the shapes. Nothing is imported here, so that `import modelwright.forge` costs nothing.
"""
