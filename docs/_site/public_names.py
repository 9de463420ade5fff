"""The public names: sections of the reference made from `__all__`, and the check that all of them are documented."""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import TypedDict

from numpydoc.docscrape import ClassDoc
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

import fastgd


class Contents(TypedDict):
    """What a module's `__all__` holds: modules, also those inside of them, and other names by what they are."""

    modules: list[str]
    names: dict[str, list[str]]


def contents(module: ModuleType) -> Contents:
    modules: list[str] = []
    names: dict[str, list[str]] = {"Classes": [], "Functions": [], "Data": []}
    for name in sorted(module.__all__, key=str.lower):
        value = getattr(module, name)
        if inspect.ismodule(value):
            inside = pkgutil.iter_modules(getattr(value, "__path__", ()))
            modules += [value.__name__, *(f"{value.__name__}.{i.name}" for i in inside if i.name[0] != "_")]
        elif inspect.isclass(value):
            names["Classes"].append(name)
        elif callable(value):
            names["Functions"].append(name)
        elif not name.startswith("__"):
            names["Data"].append(name)
    return {"modules": modules, "names": {title: found for title, found in names.items() if found}}


def public_modules(package: ModuleType = fastgd) -> Iterator[ModuleType]:
    """The package and all modules in it that have an `__all__` and no underscore in their path."""
    if hasattr(package, "__all__"):
        yield package
    for info in pkgutil.iter_modules(getattr(package, "__path__", ())):
        if not info.name.startswith("_"):
            yield from public_modules(import_module(f"{package.__name__}.{info.name}"))


def undocumented(app: Sphinx) -> Iterator[str]:
    """Public names that the reference does not have, or whose docstring is missing."""
    documented = {id(value) for name in app.env.domains.python_domain.objects for value in resolved(name)}
    for module in public_modules():
        for name in module.__all__:
            value = getattr(module, name)
            full = f"{module.__name__}.{name}"
            # Dataclasses and named tuples are given their signature for one.
            said = value.__doc__ or ""
            if (inspect.ismodule(value) or callable(value)) and (not said or said.startswith(f"{name}(")):
                yield f"{full} has no docstring"
            if inspect.isclass(value):
                yield from (f"{full}.{member} has no docstring" for member in undocumented_members(value))
            if id(value) not in documented and name != "__version__":
                yield f"{full} is on no page"


def undocumented_members(of: type) -> Iterator[str]:
    """Methods and properties that neither have a docstring nor stand in the class's."""
    in_class = {field.name for field in ClassDoc(of, config={"show_class_members": False})["Attributes"]}
    for name, member in inspect.getmembers(of):
        if name.startswith("_") or name in in_class or inspect.getdoc(member):
            continue
        ours = any(name in vars(base) for base in of.__mro__ if base.__module__.startswith("fastgd."))
        if ours and (callable(member) or inspect.isdatadescriptor(member)):
            yield name


def resolved(name: str) -> Iterator[object]:
    """The object of a full name, where it is a module or directly in one."""
    try:
        yield import_module(name)
    except ImportError:
        module, _, attribute = name.rpartition(".")
        try:
            yield getattr(import_module(module), attribute)
        except (ImportError, AttributeError):
            return


def check(app: Sphinx, _env: object) -> None:
    missing = sorted(undocumented(app))
    if missing:
        raise ExtensionError("public names that are not documented:\n" + "\n".join(missing))


def only_ours(_app: Sphinx, _what: str, _name: str, member: object, _skip: bool, _options: object) -> bool | None:
    """Leave out what classes inherit from other packages, such as scikit-learn, which document it themselves."""
    module = getattr(member, "__module__", None) or getattr(getattr(member, "fget", None), "__module__", None)
    return None if module is None or module.startswith("fastgd") else True


def for_templates(_app: Sphinx, config: Config) -> None:
    config.autosummary_context = {"reference": {module.__name__: contents(module) for module in public_modules()}}


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", for_templates)
    app.connect("env-check-consistency", check)
    app.connect("autodoc-skip-member", only_ours)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
