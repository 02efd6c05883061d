"""Selective Self-to-Supervised Fine-Tuning (Gupta et al., Findings of NAACL 2025, arXiv 2502.08130)."""
