"""Make `import torch`, and every `torch.x.y`, the engine: the same module objects by both names."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

#: Packages that need PyTorch's C++ core; a real installation of them would load the real PyTorch.
COMPANIONS = frozenset(
    ("torchvision", "torchaudio", "torchtext", "torchdata", "torchao", "functorch", "torchgen")
)
#: Modules of the engine that are no part of PyTorch's names.
OURS = frozenset(("later", "meta", "places", "recording", "tape"))
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
        if package in COMPANIONS:
            raise ModuleNotFoundError(_companion_message(fullname, package), name=fullname)
        if package != "torch":
            return None
        if rest.partition(".")[0] in OURS or _is_taken(fullname):
            raise ModuleNotFoundError(_lacking_message(fullname), name=fullname)
        module = _engine_module(fullname, f"engine.{rest}" if rest else "engine")
        is_package = hasattr(module, "__path__")
        return ModuleSpec(fullname, _Alias(module), is_package=is_package)


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
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the engine's module is there and misses something of its own
        made: ModuleType | None = importlib.import_module("engine.places").module(fullname)
        if made is None:
            raise ModuleNotFoundError(_lacking_message(fullname), name=fullname) from None
        return made


def _lacking_message(fullname: str) -> str:
    return (
        f"No module named {fullname!r}: torch is Tapedeck's own engine here, "
        f"which has {', '.join(engine_modules())}"
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
    except ModuleNotFoundError:  # not even its package
        return False


def install() -> None:
    """Put the finder first."""
    sys.meta_path.insert(0, EngineFinder())


def is_engine(module: str) -> bool:
    """Return whether a module name is the engine's, under either name."""
    return module.partition(".")[0] in ("torch", "engine")
