/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/*
 * Bytes that a tree or a file occupies on its file system, links not followed;
 * 0 for what is not there. What cannot be read is not counted.
 */
uint64_t kt_disk_usage(const char *path);
