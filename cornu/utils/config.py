"""A dict whose entries are attributes, too."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from typing import Any

from cornu.errors import explain, nearest


class Config(MutableMapping):
    """Named values, reached as entries or as attributes; it can be frozen, and written as JSON.

    Raises ValueError for a change of a frozen one, AttributeError or KeyError for unknown names.

    >>> config = Config(learning_rate=0.1)
    >>> config.momentum = 0.9
    >>> config["momentum"], config.to_json()
    (0.9, '{"learning_rate": 0.1, "momentum": 0.9}')
    """

    def __init__(self, **kwargs: Any) -> None:
        vars(self).update(_values=kwargs, _frozen=False)

    @property
    def frozen(self) -> bool:
        """Whether it can't be changed."""
        return vars(self)["_frozen"]

    def freeze(self) -> None:
        """Forbids changes."""
        vars(self)["_frozen"] = True

    def unfreeze(self) -> None:
        """Allows changes again."""
        vars(self)["_frozen"] = False

    def as_dict(self) -> dict[str, Any]:
        """A dict of the values."""
        return dict(vars(self)["_values"])

    def to_json(self) -> str:
        """The values as JSON."""
        return json.dumps(self.as_dict())

    def _changing(self) -> dict[str, Any]:
        if self.frozen:
            raise ValueError(explain("This config is frozen.", fix="Call unfreeze() on it first."))
        return vars(self)["_values"]

    def __getitem__(self, name: str) -> Any:
        return vars(self)["_values"][name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._changing()[name] = value

    def __delitem__(self, name: str) -> None:
        del self._changing()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(vars(self)["_values"])

    def __len__(self) -> int:
        return len(vars(self)["_values"])

    def __getattr__(self, name: str) -> Any:
        values = vars(self).get("_values", {})
        if name not in values:
            raise AttributeError(f"This config has no entry {name!r}.{nearest(name, values)}")
        return values[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __repr__(self) -> str:
        return f"<Config {self.as_dict()}>"
