/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * CRC-32 of IEEE 802.3 (reflected polynomial 0xEDB88320, all ones before and
 * after), the one of gzip and Ethernet. "123456789" gives 0xCBF43926.
 */
uint32_t kt_crc32(const void *data, size_t length);
