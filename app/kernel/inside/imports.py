"""Make `import torch`, and every `torch.x.y`, the engine: the same module objects by both names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

#: Packages that need PyTorch's C++ core; a real installation of them would load the real PyTorch.
COMPANIONS = frozenset(
    ("torchvision", "torchaudio", "torchtext", "torchdata", "torchao", "functorch", "torchgen")
)
#: Modules of the engine that are no part of PyTorch's names.
OURS = frozenset(
    ("absent", "later", "meta", "missing", "places", "recording", "spectrogram", "tape", "warning")
)
#: Those of them that the engine's modules import late.
LATE = ("absent", "meta", "places", "warning")
#: Modules that keep their own names.
UNNAMED = OURS | {"ops"}
#: What messages name of PyTorch's modules, as far as the engine has it.
NAMED = (
    "accelerator", "autograd", "autograd.functional", "distributions", "func", "linalg", "nn",
    "nn.functional", "nn.init", "nn.utils", "optim", "optim.lr_scheduler", "random", "special",
    "testing", "utils", "utils.benchmark", "utils.data",
)  # fmt: skip


class EngineFinder(MetaPathFinder):
    """Answers for `torch` and the packages built on it, before anything that is installed."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the engine module's spec under the name `fullname`; None for other packages.

        Raises ModuleNotFoundError, saying what there is, for what the engine lacks.
        """
        package, _, rest = fullname.partition(".")
        if package == "engine":
            return _named_spec(fullname, path, target)
        if package in COMPANIONS:
            raise ModuleNotFoundError(_companion_message(fullname, package), name=fullname)
        if package != "torch":
            return None
        if rest.partition(".")[0] in OURS or _is_taken(fullname):
            raise _lacking(fullname)
        module = _engine_module(fullname, f"engine.{rest}" if rest else "engine")
        is_package = hasattr(module, "__path__")
        return ModuleSpec(fullname, _Alias(module), is_package=is_package)


def _named_spec(
    fullname: str, path: Sequence[str] | None, target: ModuleType | None
) -> ModuleSpec | None:
    """Return the spec of a module of the engine, which will go by PyTorch's name.

    What Python says of a name that a module lacks is told by the module's `__name__`.
    """
    rest = fullname.partition(".")[2]
    spec = PathFinder.find_spec(fullname, path, target)
    if spec is None and rest and "." not in rest:  # `from torch import x`, which has no x
        if _words(rest):
            raise _lacking(f"torch.{rest}")
        raise ImportError(f"cannot import name {rest!r} from 'torch'", name=fullname)
    if spec is not None and spec.loader is not None and _is_named(rest):
        spec.loader = _Named(spec.loader, f"torch.{rest}".rstrip("."))
    return spec


def _is_named(rest: str) -> bool:
    """Return whether `engine.<rest>` goes by PyTorch's name.

    The package itself does too, once it is loaded.
    """
    return rest.partition(".")[0] not in UNNAMED


def _words(rest: str) -> str:
    words: str = importlib.import_module("engine.missing").module_words(rest)
    return words


class _Named(Loader):
    """Loads as another loader does, then gives the module its name."""

    def __init__(self, loader: Loader, name: str) -> None:
        self._loader = loader
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)  # its source, for tracebacks and `inspect`

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        rename(module, self._name)


def rename(module: ModuleType, name: str) -> None:
    """Give a module of the engine PyTorch's name.

    What the engine imports late from its own package, under names that PyTorch has not, must be
    loaded by then: Python would look for it under the package's new name.
    """
    if name == "torch":
        for late in LATE:
            importlib.import_module(f"engine.{late}")
    module.__name__ = name


class _Alias(Loader):
    """Loads a name by handing out a module that already exists, as it is."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        # The import system wrote the alias's spec into the module; its own belongs there.
        module.__spec__ = self._spec


def _is_taken(fullname: str) -> bool:
    """Return whether the name is a function or class, like `torch.tensor`, which an import of the
    engine's module of that name would replace."""
    parent, _, child = fullname.rpartition(".")
    value = getattr(sys.modules.get(parent), child, None)
    return value is not None and not isinstance(value, ModuleType)


def _engine_module(fullname: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the engine's module is there and misses something of its own
        made: ModuleType | None = importlib.import_module("engine.places").module(fullname)
        if made is None:
            raise _lacking(fullname) from None
        return made


def _lacking(fullname: str) -> ModuleNotFoundError:
    """Return the error for a module that the engine lacks.

    `from torch import x` passes over an error that is named `torch.x` and then says little; so what
    PyTorch is known to have is named without it.
    """
    words = _words(fullname.removeprefix("torch."))
    reason = f"{words}; " if words else ""
    return ModuleNotFoundError(
        f"No module named {fullname!r}: {reason}torch is Tapedeck's own engine here, "
        f"which has {', '.join(engine_modules())}",
        name="torch" if words else fullname,
    )


def _companion_message(fullname: str, package: str) -> str:
    return (
        f"No module named {fullname!r}: {package} builds on PyTorch's C++ core, which is not "
        f"loaded here; torch is Tapedeck's own engine, and it does not ship {package}. "
        f"It has {', '.join(engine_modules())}"
    )


def engine_modules() -> list[str]:
    """Return the engine's modules by the names a person imports: ["torch", "torch.nn", ...]."""
    return ["torch", *(f"torch.{name}" for name in NAMED if _exists(f"engine.{name}"))]


def _exists(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:  # not even its package
        return False


def install() -> None:
    """Put the finder first, and give what is imported already the names that it gives.

    The engine is loaded before: were it loaded while Python looks for `torch`, its modules would
    import `torch` in turn, and Python would run the package twice.
    """
    importlib.import_module("engine")
    sys.meta_path.insert(0, EngineFinder())
    for name, module in list(sys.modules.items()):
        package, _, rest = name.partition(".")
        if package == "engine" and _is_named(rest):
            rename(module, f"torch.{rest}".rstrip("."))


def is_engine(module: str) -> bool:
    """Return whether a module name is the engine's, under either name."""
    return module.partition(".")[0] in ("torch", "engine")
