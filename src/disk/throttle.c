// SPDX-License-Identifier: GPL-2.0-only
#include "base/macro.h"
#include "disk/throttle.h"

#define PER_TOKEN 1000000000ULL /* a level's units, and ns in a second */

static kt_throttle_level units(uint64_t tokens)
{
	return (kt_throttle_level)tokens * PER_TOKEN;
}

static void bucket_init(struct kt_bucket *bucket, uint64_t rate, uint64_t burst,
			uint64_t now_ns)
{
	*bucket = (struct kt_bucket){
		.rate = rate,
		.burst = burst ? burst : rate,
		.at_ns = now_ns,
	};
	bucket->level = units(bucket->burst);
}

void kt_throttle_init(struct kt_throttle *throttle,
		      const struct kt_throttle_limits *limits, uint64_t now_ns)
{
	bucket_init(&throttle->operations, limits->iops, limits->iops_burst,
		    now_ns);
	bucket_init(&throttle->bytes, limits->bytes_per_s, limits->bytes_burst,
		    now_ns);
}

static void bucket_refill(struct kt_bucket *bucket, uint64_t now_ns)
{
	if (now_ns <= bucket->at_ns)
		return;
	/* 64 bits each: the product has room to spare. */
	bucket->level +=
		(kt_throttle_level)bucket->rate * (now_ns - bucket->at_ns);
	bucket->level = KT_MIN(bucket->level, units(bucket->burst));
	bucket->at_ns = now_ns;
}

/* How long until the bucket holds `cost`, or all that it can hold. */
static uint64_t bucket_wait_ns(const struct kt_bucket *bucket, uint64_t cost)
{
	kt_throttle_level lacking =
		units(KT_MIN(cost, bucket->burst)) - bucket->level;
	kt_throttle_level wait;

	if (!bucket->rate || !cost || lacking <= 0)
		return 0;
	wait = (lacking + bucket->rate - 1) / bucket->rate;
	return wait > UINT64_MAX ? UINT64_MAX : (uint64_t)wait;
}

static void bucket_pay(struct kt_bucket *bucket, uint64_t cost)
{
	if (bucket->rate)
		bucket->level -= units(cost);
}

uint64_t kt_throttle_take(struct kt_throttle *throttle, uint64_t bytes,
			  uint64_t now_ns)
{
	uint64_t wait;

	bucket_refill(&throttle->operations, now_ns);
	bucket_refill(&throttle->bytes, now_ns);
	wait = KT_MAX(bucket_wait_ns(&throttle->operations, 1),
		      bucket_wait_ns(&throttle->bytes, bytes));
	if (wait)
		return wait;
	bucket_pay(&throttle->operations, 1);
	bucket_pay(&throttle->bytes, bytes);
	return 0;
}
