"""Batched tensors: what `torch.func.vmap` computes with, once for all examples."""
