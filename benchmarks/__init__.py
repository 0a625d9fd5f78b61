"""Benchmarks: one module for each question, the peer or the limit beside ours in the same run."""
