/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What the host says that it stole of each vCPU: the records that init appends
 * to KT_GUEST_STEAL while a test runs, each, in little-endian u64,
 *
 *	| CLOCK_MONOTONIC ns | n | stolen ns of CPU 0 | ... | of CPU n - 1 |
 */

#include <ktstr/check.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "wire/guest_files.h"

/* Owns the samples. */
struct kt_steal_file {
	struct ktstr_steal steal;
	uint64_t last_ns; /* time of the last record; 0: there is none */
};

/*
 * Parses the bytes. A record that is cut off ends it in silence. -EBADMSG for a
 * number of CPUs that is none, or not that of the record before.
 */
int kt_steal_file_parse(const void *data, size_t length,
			struct kt_steal_file *ret, struct ktstr_error *err);

/*
 * Reads the file once a record tells of `until_ns` or later, or after
 * `timeout_ms` as it is then. -ENOENT, without a message: there is no host
 * below that could say.
 */
int kt_steal_file_read(const char *path, uint64_t until_ns, int timeout_ms,
		       struct kt_steal_file *ret, struct ktstr_error *err);
void kt_steal_file_deinit(struct kt_steal_file *file);
#define _cleanup_steal_file_ _cleanup_(kt_steal_file_deinit)
