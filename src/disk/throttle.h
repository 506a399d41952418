/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * How much a disk may do: a token bucket for operations and one for bytes. Both
 * are full at the start and refill at their rate up to their burst. A request
 * goes ahead once both hold what it costs, and pays then; one that costs more
 * than a bucket can ever hold waits for a full bucket and leaves it in debt, so
 * that the rate is kept over time.
 *
 * Pure: the caller says what time it is, in nanoseconds of a clock that does
 * not go backwards (one that does stands still here). Not locked.
 */

#include <stdint.h>

struct kt_throttle_limits {
	uint64_t iops;        /* operations a second; 0: no limit */
	uint64_t bytes_per_s; /* 0: no limit */
	uint64_t iops_burst;  /* operations; 0: what one second brings */
	uint64_t bytes_burst; /* bytes; 0: likewise */
};

/* Tokens are counted in billionths: a rate of r brings r of those each ns. */
__extension__ typedef __int128 kt_throttle_level;

struct kt_bucket {
	uint64_t rate; /* tokens a second; 0: never empty */
	uint64_t burst;
	kt_throttle_level level; /* may be negative */
	uint64_t at_ns;          /* when it was so */
};

struct kt_throttle {
	struct kt_bucket operations;
	struct kt_bucket bytes;
};

void kt_throttle_init(struct kt_throttle *throttle,
		      const struct kt_throttle_limits *limits, uint64_t now_ns);

/*
 * 0: one operation of `bytes` bytes goes ahead and was paid for. Otherwise
 * nothing was, and it is worth asking again after so many nanoseconds.
 */
uint64_t kt_throttle_take(struct kt_throttle *throttle, uint64_t bytes,
			  uint64_t now_ns);
