// SPDX-License-Identifier: MIT
#pragma once

typedef enum { ETH_LINK_UP, ETH_LINK_DOWN } eth_link_t;
typedef enum { ETH_SPEED_10M, ETH_SPEED_100M, ETH_SPEED_MAX } eth_speed_t;
typedef enum { ETH_DUPLEX_HALF, ETH_DUPLEX_FULL } eth_duplex_t;
