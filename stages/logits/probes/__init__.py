"""Probes, one file each, listed here by import."""

from stages.logits.probes import augmentation_kl, curvature, gradient_norm, recall, repetition, sampling

__all__ = ["augmentation_kl", "curvature", "gradient_norm", "recall", "repetition", "sampling"]
