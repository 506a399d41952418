/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * A raw disk's backing: a sparse file without a name, which takes room only
 * for what was written to it and is gone with its last descriptor.
 */

#include <stdint.h>

#include "base/error.h"

/*
 * In $TMPDIR, else /var/tmp, else /tmp. `ret_fd` is open for reading and
 * writing, and reads as zeroes.
 */
int kt_raw_disk_create(uint64_t bytes, int *ret_fd, struct ktstr_error *err);
