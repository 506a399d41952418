// SPDX-License-Identifier: GPL-2.0-only
#include "nest/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

#define SLOTS_KIB_PER_MIB 1024

int kt_nest_slots(const struct kt_nest_shape *shape, const char *wish,
		  uint32_t host_cpus, uint32_t *ret, struct ktstr_error *err)
{
	unsigned long number;
	uint32_t fit;
	char *end;

	if (!wish || !*wish) {
		fit = KT_MIN(host_cpus / shape->cpus,
			     (uint32_t)KT_NEST_SLOTS_DEFAULT_MAX);
		*ret = fit ? fit : 1;
		return 0;
	}
	errno = 0;
	number = strtoul(wish, &end, 10);
	if (errno || *end || *wish < '0' || *wish > '9' || number < 1 ||
	    number > KT_NEST_SLOTS_MAX)
		return kt_err(err, -EINVAL,
			      "KTSTR_NEST_MACHINES must be a number from 1 to "
			      "%d, not \"%s\"",
			      KT_NEST_SLOTS_MAX, wish);
	*ret = (uint32_t)number;
	return 0;
}

bool kt_nest_slots_fit(const struct kt_nest_shape *shape, const char *meminfo)
{
	static const char key[] = "MemAvailable:";
	const char *line = strstr(meminfo, key);

	return line &&
	       strtoull(line + strlen(key), NULL, 10) / SLOTS_KIB_PER_MIB >=
		       2ULL * shape->memory_mib;
}
