"""The form of the tables' rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from numbers import Integral
from typing import Any, NamedTuple


class Word(NamedTuple):
    """One argument: the old names (several, where they are one argument now), and today's name ("": nothing now)."""

    old: tuple[str, ...]
    new: str


@dataclass(frozen=True)
class Call:
    """How an era called a class or a function.

    Args:
        words: the era's arguments in their order, each "old:new", or one name where it hasn't changed; "a+b:c": several
            arguments that are one tuple now; "a:": an argument that means nothing any more.
        target: what is called today, as "layers.Conv2D", where that isn't the row's own key.
        defaults: the values that the era gave to arguments left out, by today's names, where today's are different.
        note: what else is different, for the report.
        earlier: other orders of the first arguments by position, each under the names of those that tell it: in their
            places in `words`, the call has whole numbers (or a shape, in the first place).

    >>> Call("nb_filter:filters nb_row+nb_col:kernel_size activation").words_of["nb_col"]
    Word(old=('nb_row', 'nb_col'), new='kernel_size')
    """

    words: str = ""
    target: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    earlier: Mapping[str, str] = field(default_factory=dict)

    def given(self, args: Sequence[Any]) -> Call:
        """The row for a call with these arguments by position: itself, or one in an earlier order.

        >>> Call("output_dim init", earlier={"init": "input_dim output_dim"}).given((784, 128)).positions
        ['input_dim', 'output_dim', 'init']
        """
        for telling, words in self.earlier.items():
            places = [self.positions.index(name) for name in telling.split()]
            if all(place < len(args) and _is_size(args[place], place) for place in places):
                first = Call(words).words_of
                rest = [word for word in self.words.split() if not first.keys() & set(_word(word).old)]
                return replace(self, words=" ".join([words, *rest]), earlier={})
        return self

    @cached_property
    def order(self) -> list[Word]:
        """The arguments in their order."""
        return [_word(text) for text in self.words.split()]

    @cached_property
    def words_of(self) -> dict[str, Word]:
        """The arguments by their old names."""
        return {old: word for word in self.order for old in word.old}

    @property
    def positions(self) -> list[str]:
        """The old names, in the order in which they are given by position."""
        return [old for word in self.order for old in word.old]


def _is_size(value: Any, place: int) -> bool:
    if isinstance(value, (tuple, list)):
        return place == 0
    return isinstance(value, Integral) and not isinstance(value, bool)


def _word(text: str) -> Word:
    old, colon, new = text.partition(":")
    return Word(tuple(old.split("+")), new if colon else old)
