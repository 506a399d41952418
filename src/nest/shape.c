// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "nest/nest.h"

#define SHAPE_HUGEPAGES_MAX 65536
#define SHAPE_HUGEPAGE_MIB  2
/* What the machine's own kernel and programs want beside the hugepages. */
#define SHAPE_OWN_MIB       384

int kt_accel_parse(const char *text, enum kt_accel *ret, struct ktstr_error *err)
{
	static const char *const names[] = {
		[KT_ACCEL_AUTO] = "auto",
		[KT_ACCEL_KVM] = "kvm",
		[KT_ACCEL_NESTED] = "nested",
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(names); i++) {
		if (strcmp(text, names[i]) == 0) {
			*ret = (enum kt_accel)i;
			return 0;
		}
	}
	return kt_err(err, -EINVAL,
		      "accel must be auto, kvm or nested, not \"%s\"", text);
}

void kt_nest_shape_default(struct kt_nest_shape *shape)
{
	*shape = (struct kt_nest_shape){
		.cpus = 1,
		.sockets = 1,
		.numa_nodes = 1,
		.memory_mib = 2048,
		.distance = KT_NEST_DISTANCE_FAR,
	};
}

static int shape_check(const struct kt_nest_shape *shape, struct ktstr_error *err)
{
	const uint32_t huge_mib = shape->hugepages * SHAPE_HUGEPAGE_MIB;

	if (shape->cpus % shape->sockets)
		return kt_err(err, -EINVAL,
			      "%u cpus cannot be split evenly over %u sockets",
			      shape->cpus, shape->sockets);
	if (shape->sockets % shape->numa_nodes)
		return kt_err(err, -EINVAL,
			      "%u sockets cannot be split evenly over %u nodes",
			      shape->sockets, shape->numa_nodes);
	if (shape->memory_mib % shape->numa_nodes)
		return kt_err(err, -EINVAL,
			      "%u MiB cannot be split evenly over %u nodes",
			      shape->memory_mib, shape->numa_nodes);
	if (shape->memory_mib < huge_mib + SHAPE_OWN_MIB)
		return kt_err(err, -EINVAL,
			      "%u hugepages need memory=%u or more, not %u",
			      shape->hugepages, huge_mib + SHAPE_OWN_MIB,
			      shape->memory_mib);
	return 0;
}

static int shape_field(struct kt_nest_shape *shape, const char *key,
		       const char *value, struct ktstr_error *err)
{
	const struct {
		const char *key;
		uint32_t *field;
		uint32_t min;
		uint32_t max;
	} fields[] = {
		{ "cpus", &shape->cpus, 1, KT_NEST_CPUS_MAX },
		{ "sockets", &shape->sockets, 1, KT_NEST_CPUS_MAX },
		{ "nodes", &shape->numa_nodes, 1, KT_NEST_NODES_MAX },
		{ "hugepages", &shape->hugepages, 0, SHAPE_HUGEPAGES_MAX },
		{ "memory", &shape->memory_mib, KT_NEST_MEMORY_MIN,
		  KT_NEST_MEMORY_MAX },
		{ "distance", &shape->distance, 11, 254 },
	};

	for (size_t i = 0; i < KT_ARRAY_SIZE(fields); i++) {
		unsigned long number;
		char *end;

		if (strcmp(key, fields[i].key) != 0)
			continue;
		errno = 0;
		number = strtoul(value, &end, 10);
		if (errno || *end || *value < '0' || *value > '9' ||
		    number < fields[i].min || number > fields[i].max)
			return kt_err(err, -EINVAL,
				      "%s must be a number from %u to %u, "
				      "not \"%s\"",
				      key, fields[i].min, fields[i].max, value);
		*fields[i].field = (uint32_t)number;
		return 0;
	}
	return kt_err(err, -EINVAL,
		      "unknown key \"%s\": cpus, sockets, nodes, hugepages, "
		      "memory and distance are known",
		      key);
}

int kt_nest_shape_parse(const char *text, struct kt_nest_shape *ret,
			struct ktstr_error *err)
{
	_cleanup_free_ char *copy = strdup(text);
	struct kt_nest_shape shape;
	char *rest = copy, *item;
	int r;

	if (!copy)
		return kt_err(err, -ENOMEM, "no memory for a shape");
	kt_nest_shape_default(&shape);
	shape.sockets = 0;
	while (rest && *rest && (item = strsep(&rest, ","))) {
		char *value = strchr(item, '=');

		if (!value)
			return kt_err(err, -EINVAL,
				      "nest shape \"%s\": \"%s\" is not of the "
				      "form KEY=NUMBER",
				      text, item);
		*value++ = '\0';
		r = shape_field(&shape, item, value, err);
		if (r < 0)
			return kt_err_context(err, r, "nest shape \"%s\"", text);
	}
	if (shape.sockets == 0)
		shape.sockets = shape.numa_nodes;
	r = shape_check(&shape, err);
	if (r < 0)
		return kt_err_context(err, r, "nest shape \"%s\"", text);
	*ret = shape;
	return 0;
}

void kt_nest_shape_format(const struct kt_nest_shape *shape, char *text)
{
	snprintf(text, KT_NEST_SHAPE_TEXT_BYTES,
		 "cpus=%u,sockets=%u,nodes=%u,hugepages=%u,memory=%u,"
		 "distance=%u",
		 shape->cpus, shape->sockets, shape->numa_nodes,
		 shape->hugepages, shape->memory_mib, shape->distance);
}
