/* SPDX-License-Identifier: MIT */
#pragma once

#define SOC_CPU_CORES_NUM 1
#define SOC_UART_NUM 1
#define SOC_EMAC_SUPPORTED 1
