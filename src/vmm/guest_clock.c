// SPDX-License-Identifier: GPL-2.0-only
#include "vmm/guest_clock.h"

uint64_t kt_guest_clock_ask(struct kt_guest_clock *clock, uint64_t now_ns)
{
	clock->open = true;
	clock->asked_ns = now_ns;
	return ++clock->n_asked;
}

uint64_t kt_guest_clock_error(const struct kt_guest_clock *clock, uint64_t host_ns)
{
	uint64_t age;

	if (!clock->known)
		return UINT64_MAX;
	age = host_ns > clock->at_ns ? host_ns - clock->at_ns :
				       clock->at_ns - host_ns;
	return clock->error_ns + age / KT_GUEST_CLOCK_DRIFT_DIVISOR;
}

bool kt_guest_clock_answer(struct kt_guest_clock *clock, uint64_t number,
			   uint64_t guest_ns, uint64_t now_ns)
{
	uint64_t half, error_ns;

	if (!clock->open || number != clock->n_asked || guest_ns > INT64_MAX ||
	    now_ns < clock->asked_ns)
		return false;
	clock->open = false;
	clock->n_answers++;
	half = (now_ns - clock->asked_ns) / 2;
	error_ns = now_ns - clock->asked_ns - half;
	if (error_ns <= kt_guest_clock_error(clock, now_ns)) {
		clock->known = true;
		clock->offset_ns = guest_ns - (clock->asked_ns + half);
		clock->error_ns = error_ns;
		clock->at_ns = now_ns;
	}
	return true;
}

bool kt_guest_clock_to_guest(const struct kt_guest_clock *clock,
			     uint64_t host_ns, uint64_t *ret)
{
	uint64_t guest_ns = host_ns + clock->offset_ns;

	if (!clock->known || guest_ns > INT64_MAX)
		return false;
	*ret = guest_ns;
	return true;
}

bool kt_guest_clock_to_host(const struct kt_guest_clock *clock,
			    uint64_t guest_ns, uint64_t *ret)
{
	uint64_t host_ns = guest_ns - clock->offset_ns;

	if (!clock->known || host_ns > INT64_MAX)
		return false;
	*ret = host_ns;
	return true;
}
