"""The compiled engine: decodes summaries on a processor, without torch, by weights that do not change."""
