/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What a test printed, as much of it as is told. */

#include <ktstr/vm.h>

#include "base/strbuf.h"

/* Of more than both together, so much of its beginning and of its end. */
#define KT_OUTPUT_FIRST_BYTES (256u * 1024)
#define KT_OUTPUT_LAST_BYTES  (768u * 1024)

/* Borrows from the result; both parts may hold any byte. */
struct kt_output {
	const char *first;
	size_t first_bytes;
	const char *last; /* 0 bytes where `first` is all */
	size_t last_bytes;
	uint64_t lost_bytes; /* between the two */
};

/* Characters of UTF-8 are kept whole. */
struct kt_output kt_output_of(const struct ktstr_vm_result *result);

/*
 * Appends the last `max_bytes` at most, in whole lines where there are any, with
 * '?' for each NUL.
 */
void kt_output_add_end(struct kt_strbuf *sb,
		       const struct ktstr_vm_result *result, size_t max_bytes);
