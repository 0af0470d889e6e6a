"""Find declarations by looking into a folder: one thing, one file, no list kept by hand."""

import importlib
import inspect
import pkgutil
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def classes(package: ModuleType, base: type[T]) -> list[type[T]]:
    """The final subclasses of `base` that the modules of `package` define, in order of module and
    definition.

    Classes whose name starts with an underscore or that are abstract are left out.
    """
    found: list[type[T]] = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for value in vars(module).values():
            if not inspect.isclass(value) or value.__module__ != module.__name__:
                continue
            if (
                issubclass(value, base)
                and not inspect.isabstract(value)
                and value.__name__[0] != "_"
            ):
                found.append(value)
    return found


def values(package: ModuleType, kind: type[T]) -> list[T]:
    """The module-level instances of `kind` (and those inside module-level tuples and lists) of
    `package`'s modules."""
    found: list[T] = []
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for value in vars(module).values():
            items = value if isinstance(value, list | tuple) else (value,)
            found.extend(
                item
                for item in items
                if isinstance(item, kind) and all(item is not f for f in found)
            )
    return found
