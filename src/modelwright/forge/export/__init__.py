"""A model to and from formats that others read: a Hugging Face folder (`huggingface`), GGUF (`gguf_file`), and its card (`card`)."""
