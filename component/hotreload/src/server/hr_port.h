/* SPDX-License-Identifier: MIT */
/* Ports of the device: which is in use, and which is free. */
#pragma once

#include <stdint.h>

#include "esp_err.h"
#include "port/hr_report.h"

/* For a server that is about to listen on it: HOTRELOAD_ERR_PORT when it is in use, ESP_ERR_NO_MEM
   when there is no socket to find out. */
esp_err_t hr_port_check_tcp(uint16_t port, hr_report_t *report);

/* The same for a UDP port of the loopback interface; 0 becomes one that is free. */
esp_err_t hr_port_find_udp(uint16_t *port, hr_report_t *report);
