"""The module as it is in the build directory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from hotreload_build.errors import ModuleError
from hotreload_build.identity import module_identity

from .errors import BuildError


@dataclass(frozen=True)
class Module:
    data: bytes
    firmware: str  # the identity of the firmware that it belongs to, as /status has it

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @staticmethod
    def read(path: Path) -> Module:
        try:
            data = path.read_bytes()
            return Module(data, module_identity(data).hex())
        except OSError as error:
            raise BuildError(f"cannot read the module {path}: {error.strerror}") from error
        except ModuleError as error:
            raise BuildError(f"{path} is not a module: {error}") from error
