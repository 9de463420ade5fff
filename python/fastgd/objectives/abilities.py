"""What a descent may ask of an objective beside value and gradient."""

from __future__ import annotations


class Abilities:
    """The answers of an objective that has nothing special; others say more."""

    @property
    def _has_gap(self) -> bool:
        """Whether it bounds how far it is above its minimum."""
        return False

    @property
    def _has_random_steps(self) -> bool:
        """Whether the gradients of a descent depend on a seed and the step, too, which its values do not."""
        return False

    def _moves_some(self, batch_size: int) -> bool:
        """Whether a batch of so many rows, 0 for all, may leave coefficients as they are."""
        return False
