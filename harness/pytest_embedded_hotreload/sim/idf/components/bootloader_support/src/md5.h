/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MD5_DIGEST_BYTES 16

/* RFC 1321, for the checksum row of the partition table */
void md5_digest(const uint8_t *data, size_t size, uint8_t digest[MD5_DIGEST_BYTES]);
