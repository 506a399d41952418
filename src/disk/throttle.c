// SPDX-License-Identifier: GPL-2.0-only
#include "base/macro.h"
#include "disk/throttle.h"

#define UNIT 1000000000ULL /* of a bucket's level, to a token */

static void bucket_init(struct kt_token_bucket *bucket, uint64_t rate,
			uint64_t burst)
{
	*bucket = (struct kt_token_bucket){
		.rate = rate,
		.capacity = (__int128)(burst ?: rate) * UNIT,
	};
	bucket->level = bucket->capacity;
}

static void bucket_fill(struct kt_token_bucket *bucket, uint64_t ns)
{
	__int128 missing = bucket->capacity - bucket->level;

	if (!bucket->rate)
		return;
	if (ns > missing / bucket->rate)
		bucket->level = bucket->capacity;
	else
		bucket->level += (__int128)bucket->rate * ns;
}

/* How long until a request of that cost may pass; 0: now. */
static uint64_t bucket_wait_ns(const struct kt_token_bucket *bucket,
			       uint64_t tokens)
{
	__int128 wanted = KT_MIN((__int128)tokens * UNIT, bucket->capacity);
	__int128 wait;

	if (!bucket->rate || bucket->level >= wanted)
		return 0;
	wait = (wanted - bucket->level + bucket->rate - 1) / bucket->rate;
	return wait > UINT64_MAX ? UINT64_MAX : (uint64_t)wait;
}

static void bucket_take(struct kt_token_bucket *bucket, uint64_t tokens)
{
	if (bucket->rate)
		bucket->level -= (__int128)tokens * UNIT;
}

void kt_throttle_init(struct kt_throttle *throttle,
		      const struct kt_throttle_limits *limits, uint64_t now_ns)
{
	bucket_init(&throttle->operations, limits->iops, limits->iops_burst);
	bucket_init(&throttle->bytes, limits->bytes_per_s, limits->bytes_burst);
	throttle->at_ns = now_ns;
}

uint64_t kt_throttle_admit(struct kt_throttle *throttle, uint64_t bytes,
			   uint64_t now_ns)
{
	uint64_t wait_ns;

	if (now_ns > throttle->at_ns) {
		bucket_fill(&throttle->operations, now_ns - throttle->at_ns);
		bucket_fill(&throttle->bytes, now_ns - throttle->at_ns);
		throttle->at_ns = now_ns;
	}
	/* What costs no bytes does not wait for those that others owe. */
	wait_ns = bucket_wait_ns(&throttle->operations, 1);
	if (bytes)
		wait_ns =
			KT_MAX(wait_ns, bucket_wait_ns(&throttle->bytes, bytes));
	if (wait_ns)
		return wait_ns;
	bucket_take(&throttle->operations, 1);
	bucket_take(&throttle->bytes, bytes);
	return 0;
}
