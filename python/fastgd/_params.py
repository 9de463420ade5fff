"""Objects that are their parameters: optimisers and schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from typing_extensions import Self


class Parametrised:
    """Base of objects that are defined by a few named parameters.

    They are equal when their types and parameters are, print as the call that makes them, can be pickled, and have
    ``get_params`` and ``set_params`` as scikit-learn's estimators do, so that its ``clone`` and searches work on them.
    """

    _names: ClassVar[tuple[str, ...]] = ()

    def _check(self) -> None:
        """Raise where a parameter is not allowed."""
        raise NotImplementedError

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name.

        Parameters
        ----------
        deep : bool
            Whether the parameters of a parameter are listed too, as ``name__inner``.

        Returns
        -------
        dict
            Parameters.
        """
        params: dict[str, Any] = {}
        for name in self._names:
            value = params[name] = getattr(self, name)
            if deep and isinstance(value, Parametrised):
                params.update({f"{name}__{inner}": v for inner, v in value.get_params().items()})
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, all of them or, where one is not allowed, none.

        Parameters
        ----------
        **params
            Names and values as `get_params` lists them.

        Returns
        -------
        object
            This object.

        Raises
        ------
        ValueError, TypeError
            A name is unknown, or a value not allowed.
        """
        own = {name: value for name, value in params.items() if "__" not in name}
        trial = type(self)(**{**self.get_params(deep=False), **self._known(own)})
        inner: dict[str, dict[str, Any]] = {}
        for path in params.keys() - own.keys():
            name, _, rest = path.partition("__")
            self._known({name: None})
            inner.setdefault(name, {})[rest] = params[path]
        changed: dict[str, Any] = dict(own)
        for name, values in inner.items():
            target = getattr(trial, name)
            if not isinstance(target, Parametrised):
                raise ValueError(f"{name} of {trial!r} has no parameters of its own, got {', '.join(sorted(values))}")
            # A copy: the object may be shared with others, and nothing may change when a later value is refused.
            changed[name] = type(target)(**target.get_params(deep=False)).set_params(**values)
        vars(self).update(changed)
        return self

    def _known(self, params: dict[str, Any]) -> dict[str, Any]:
        for name in params:
            if name not in self._names:
                raise ValueError(f"{type(self).__name__} takes {', '.join(self._names)}, got {name!r}")
        return params

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parametrised) or type(self) is not type(other):
            return NotImplemented
        return self.get_params(deep=False) == other.get_params(deep=False)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._names)})"
