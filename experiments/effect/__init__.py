"""The experiment behind docs/effect.md; CRITERIA.md was written first."""
