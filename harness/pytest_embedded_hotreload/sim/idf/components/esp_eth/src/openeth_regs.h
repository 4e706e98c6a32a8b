// Registers and descriptors of the OpenCores 10/100 Ethernet MAC (its specification, chapters 3 and 4), as far
// as QEMU has them.
// SPDX-License-Identifier: MIT
#pragma once

#include <stdint.h>

#include "soc/sim_board.h"

enum {
    OPENETH_MODER = 0x00,
    OPENETH_INT_SOURCE = 0x04,
    OPENETH_INT_MASK = 0x08,
    OPENETH_TX_BD_NUM = 0x20,
    OPENETH_MII_COMMAND = 0x2c,
    OPENETH_MII_ADDRESS = 0x30,
    OPENETH_MII_TX_DATA = 0x34,
    OPENETH_MII_RX_DATA = 0x38,
    OPENETH_MAC_ADDR0 = 0x40,
    OPENETH_MAC_ADDR1 = 0x44,
    OPENETH_DESCRIPTORS = 0x400,
};

enum {
    OPENETH_MODER_RXEN = 1 << 0,
    OPENETH_MODER_TXEN = 1 << 1,
    OPENETH_MODER_PRO = 1 << 5,
    OPENETH_MODER_LOOPBACK = 1 << 7,
    OPENETH_MODER_RST = 1 << 11,
    OPENETH_MODER_CRCEN = 1 << 13,
    OPENETH_MODER_PAD = 1 << 15,
};

enum {
    OPENETH_INT_TXB = 1 << 0,
    OPENETH_INT_RXB = 1 << 2,
    OPENETH_INT_BUSY = 1 << 4,
    OPENETH_INT_ALL = 0x7f,
};

enum {
    OPENETH_MII_READ = 1 << 1,
    OPENETH_MII_WRITE = 1 << 2,
};

// first word of a descriptor: flags, and the length in the upper half
enum {
    OPENETH_TX_READY = 1 << 15,
    OPENETH_TX_IRQ = 1 << 14,
    OPENETH_TX_WRAP = 1 << 13,
    OPENETH_TX_PAD = 1 << 12,
    OPENETH_TX_CRC = 1 << 11,
    OPENETH_RX_EMPTY = 1 << 15,
    OPENETH_RX_IRQ = 1 << 14,
    OPENETH_RX_WRAP = 1 << 13,
};

#define OPENETH_LENGTH_SHIFT 16

static inline uint32_t openeth_read(uint32_t offset)
{
    return SIM_REG32(SIM_ETH_BASE + offset);
}

static inline void openeth_write(uint32_t offset, uint32_t value)
{
    SIM_REG32(SIM_ETH_BASE + offset) = value;
}

// transmit descriptors come first, receive descriptors behind them
static inline uint32_t openeth_descriptor(uint32_t index)
{
    return OPENETH_DESCRIPTORS + index * 8;
}
