"""Where training text comes from: sources of documents, their duplicates, and the token shards that training reads."""
