"""The download mode of an ESP32's ROM, for a chip whose emulator has no such ROM.

The protocol is that of "Serial Protocol" in esptool's documentation: packets in SLIP frames, a
command each. It has what esptool needs without its stub to know the chip and its flash, to compare
and to write; everything else is refused as the ROM refuses it.
"""

import hashlib
import struct
from collections.abc import Callable
from pathlib import Path

END, ESCAPE = b"\xc0", b"\xdb"
ESCAPED_END, ESCAPED_ESCAPE = b"\xdb\xdc", b"\xdb\xdd"

_PACKET = struct.Struct("<BBHI")
_CHECKSUM_SEED = 0xEF
SECTOR = 4096

FLASH_BEGIN, FLASH_DATA, FLASH_END = 0x02, 0x03, 0x04
SYNC, WRITE_REG, READ_REG = 0x08, 0x09, 0x0A
SPI_SET_PARAMS, SPI_ATTACH, CHANGE_BAUDRATE = 0x0B, 0x0D, 0x0F
READ_FLASH_SLOW, SPI_FLASH_MD5 = 0x0E, 0x13

BAD_CHECKSUM, REFUSED = 0x07, 0x05

#: words that tell the chip and its flash: the value by which an ESP32 is known, and the answer of a
#: 4 MB flash chip to the command for its identity, in the first data register of SPI1
ID_REGISTER, FLASH_DATA_REGISTER, FLASH_COMMAND_REGISTER = 0x40001000, 0x3FF42080, 0x3FF42000
ESP32_ID, FLASH_ID = 0x00F01D83, 0x1640C8

#: the strapping pins as the ROM tells them, with IO0 (0x10) low and high
GREETING = b"rst:0x1 (POWERON_RESET),boot:0x3 (DOWNLOAD_BOOT)\r\nwaiting for download\r\n"
FLASH_BOOT = b"rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"


class DownloadMode:
    """One stay in download mode; the flash is a file."""

    def __init__(self, flash: Path, answer: Callable[[bytes], None]) -> None:
        self._flash = flash
        self._answer = answer
        self._received = b""
        self._registers: dict[int, int] = {}
        self._start = 0
        self._block_size = 0
        answer(GREETING)

    def receive(self, data: bytes) -> None:
        """Carry out the commands that are complete now."""
        *frames, self._received = (self._received + data).split(END)
        for frame in frames:
            packet = frame.replace(ESCAPED_END, END).replace(ESCAPED_ESCAPE, ESCAPE)
            if len(packet) >= _PACKET.size and packet[0] == 0:
                _, command, size, checksum = _PACKET.unpack_from(packet)
                body = packet[_PACKET.size :]
                if len(body) == size:
                    self._carry_out(command, body, checksum)

    def _carry_out(self, command: int, body: bytes, checksum: int) -> None:
        words = struct.unpack_from(f"<{min(len(body) // 4, 4)}I", body)
        if command == SYNC:
            for _ in range(8):
                self._reply(command, value=0x20120707)
        elif command == READ_REG:
            self._reply(command, value=self._register(words[0]))
        elif command == WRITE_REG:
            self._registers[words[0]] = words[1]
            self._reply(command)
        elif command == FLASH_BEGIN:
            size, _, self._block_size, self._start = words
            self._erase(self._start, size)
            self._reply(command)
        elif command == FLASH_DATA:
            data = body[16:]
            expected = _CHECKSUM_SEED
            for byte in data:
                expected ^= byte
            if expected == checksum & 0xFF:
                self._program(self._start + words[1] * self._block_size, data)
            self._reply(command, error=0 if expected == checksum & 0xFF else BAD_CHECKSUM)
        elif command == SPI_FLASH_MD5:
            digest = hashlib.md5(self._read(words[0], words[1])).hexdigest()
            self._reply(command, data=digest.encode())
        elif command == READ_FLASH_SLOW:
            self._reply(command, data=self._read(words[0], words[1]).ljust(64, b"\0"))
        elif command in (FLASH_END, SPI_SET_PARAMS, SPI_ATTACH, CHANGE_BAUDRATE):
            self._reply(command)
        else:
            self._reply(command, error=REFUSED)

    def _register(self, address: int) -> int:
        known = {
            ID_REGISTER: ESP32_ID,
            FLASH_DATA_REGISTER: FLASH_ID,
            FLASH_COMMAND_REGISTER: 0,  # no command is under way
        }
        return known.get(address, self._registers.get(address, 0))

    def _reply(self, command: int, value: int = 0, data: bytes = b"", error: int = 0) -> None:
        body = data + bytes([error != 0, error, 0, 0])
        packet = _PACKET.pack(1, command, len(body), value) + body
        escaped = packet.replace(ESCAPE, ESCAPED_ESCAPE).replace(END, ESCAPED_END)
        self._answer(END + escaped + END)

    def _read(self, offset: int, size: int) -> bytes:
        with self._flash.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def _erase(self, offset: int, size: int) -> None:
        first, end = offset // SECTOR * SECTOR, -(-(offset + size) // SECTOR) * SECTOR
        self._write(first, b"\xff" * (end - first))

    def _program(self, offset: int, data: bytes) -> None:
        # flash only clears bits
        old = self._read(offset, len(data))
        both = int.from_bytes(old, "little") & int.from_bytes(data, "little")
        self._write(offset, both.to_bytes(len(data), "little"))

    def _write(self, offset: int, data: bytes) -> None:
        with self._flash.open("r+b") as file:
            file.seek(offset)
            file.write(data)
