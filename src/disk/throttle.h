/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * Token buckets, one for operations and one for bytes, that say when a request
 * may go ahead. Each fills at its rate up to its burst and starts full. Time is
 * handed in and nothing waits here; nothing is locked either.
 *
 * A request that costs more than a bucket holds goes ahead when that bucket is
 * full and leaves it in debt, so the rate is kept over time whatever the
 * requests' sizes.
 */

#include <stdint.h>

struct kt_throttle_limits {
	uint64_t iops;        /* operations a second; 0: no limit */
	uint64_t bytes_per_s; /* 0: no limit */
	uint64_t iops_burst;  /* 0: as many as a second brings */
	uint64_t bytes_burst; /* likewise */
};

struct kt_token_bucket {
	uint64_t rate;     /* tokens a second; 0: no limit */
	__int128 capacity; /* in 1e-9 tokens, as what a nanosecond brings is */
	__int128 level;    /* likewise; below zero it is debt */
};

struct kt_throttle {
	struct kt_token_bucket operations;
	struct kt_token_bucket bytes;
	uint64_t at_ns; /* up to when the buckets were filled */
};

void kt_throttle_init(struct kt_throttle *throttle,
		      const struct kt_throttle_limits *limits, uint64_t now_ns);

/*
 * Takes one operation and `bytes` out of the buckets and returns 0, or takes
 * nothing and returns in how many nanoseconds it is worth asking again. Asked
 * then, by nobody else meanwhile, it returns 0. A `now_ns` that lies before the
 * last one counts as that.
 */
uint64_t kt_throttle_admit(struct kt_throttle *throttle, uint64_t bytes,
			   uint64_t now_ns);
