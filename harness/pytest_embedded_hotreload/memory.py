"""The device's RAM and flash, as a lane lets the host see them."""

from typing import Protocol

from pytest_embedded_hotreload.errors import UnknownNameError
from pytest_embedded_hotreload.flashimage import (
    PARTITION_TABLE_OFFSET,
    PARTITION_TABLE_SIZE,
    Partition,
    read_partitions,
)


class Memory(Protocol):
    """Reads any address of the device."""

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes from `address` on."""


class FlashAccess(Protocol):
    """Reads the flash behind the firmware's back; writes it while the device is off."""

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` on."""

    def write(self, offset: int, data: bytes) -> None:
        """Replace bytes from `offset` on."""


class Flash:
    """The flash by offset or by partition."""

    def __init__(self, access: FlashAccess) -> None:
        self._access = access

    def read(self, offset: int, size: int) -> bytes:
        """`size` bytes from `offset` of the flash on."""
        return self._access.read(offset, size)

    def write(self, offset: int, data: bytes) -> None:
        """Replace bytes from `offset` of the flash on; the device has to be off."""
        self._access.write(offset, data)

    def partition(self, label: str) -> Partition:
        """The partition `label`, from the table in the flash."""
        partitions = read_partitions(self.read(PARTITION_TABLE_OFFSET, PARTITION_TABLE_SIZE))
        if label not in partitions:
            known = ", ".join(partitions) or "none"
            raise UnknownNameError(f"the flash has no partition {label!r}: it has {known}")
        return partitions[label]

    def read_partition(self, label: str) -> bytes:
        """All bytes of the partition `label`."""
        partition = self.partition(label)
        return self.read(partition.offset, partition.size)
