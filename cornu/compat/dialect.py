"""The dialect in force: which era's Keras a program was written for, and what that era left to its version.

Eras: "keras1" (2015-16), "keras2" (2017-19), "tf.keras" (2019-23), "keras3".
"""

from __future__ import annotations

from dataclasses import dataclass, field

ERAS = ("keras1", "keras2", "tf.keras", "keras3")


@dataclass(frozen=True)
class Dialect:
    """What one program takes for granted.

    Args:
        era: one of `ERAS`.
        accuracy: the name under which `metrics=["accuracy"]` reports: "acc" or "accuracy".
        image_data_format: "channels_last" or "channels_first", where the program says nothing.
        reasons: why the era was chosen: what stands in the program.

    >>> Dialect("keras1").before("keras2"), Dialect("keras3").before("keras2")
    (True, False)
    """

    era: str = "keras3"
    accuracy: str = "accuracy"
    image_data_format: str = "channels_last"
    reasons: tuple[str, ...] = field(default=(), compare=False)

    def before(self, era: str) -> bool:
        """Whether this dialect's era is older than another."""
        return ERAS.index(self.era) < ERAS.index(era)


_current = Dialect()


def current() -> Dialect:
    """The dialect in force."""
    return _current


def use(dialect: Dialect) -> None:
    """Puts a dialect in force, for the whole process."""
    global _current
    _current = dialect
