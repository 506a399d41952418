// SPDX-License-Identifier: GPL-2.0-only
#include "runner/devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/macro.h"

struct number {
	const char *key;
	uint64_t min;
	uint64_t max;
	uint64_t value;
};

/* What is absent is 0, or refused where that is too little. */
static int take_number(const json_t *object, const char *what,
		       struct number *number, struct ktstr_error *err)
{
	const json_t *value = json_object_get(object, number->key);
	json_int_t n = json_integer_value(value);

	if (value && !json_is_integer(value))
		return kt_err(err, -EINVAL, "%s.%s is no number", what,
			      number->key);
	if (n < 0 || (uint64_t)n < number->min || (uint64_t)n > number->max)
		return kt_err(err, -EINVAL,
			      "%s.%s must be from %llu to %llu, not %lld", what,
			      number->key, (unsigned long long)number->min,
			      (unsigned long long)number->max, (long long)n);
	number->value = (uint64_t)n;
	return 0;
}

static int take_disk_name(const json_t *object, struct ktstr_disk *disk,
			  struct ktstr_error *err)
{
	const json_t *name = json_object_get(object, "name");

	if (!name || json_is_null(name))
		return 0;
	if (!json_is_string(name))
		return kt_err(err, -EINVAL, "disk.name is no text");
	if (json_string_length(name) > KTSTR_DISK_NAME_MAX)
		return kt_err(err, -EINVAL,
			      "disk.name \"%s\" is longer than %d bytes",
			      json_string_value(name), KTSTR_DISK_NAME_MAX);
	disk->name = strdup(json_string_value(name));
	return disk->name ? 0 : kt_err(err, -ENOMEM, "no memory for a disk");
}

static int take_disk(const json_t *object, struct ktstr_disk *disk,
		     struct ktstr_error *err)
{
	const json_t *read_only = json_object_get(object, "read_only");
	enum { SIZE, IOPS, BYTES, IOPS_BURST, BYTES_BURST };
	struct number numbers[] = {
		[SIZE] = { "size_mib", 1, UINT32_MAX, 0 },
		[IOPS] = { "iops", 0, INT64_MAX, 0 },
		[BYTES] = { "bytes_per_s", 0, INT64_MAX, 0 },
		[IOPS_BURST] = { "iops_burst", 0, INT64_MAX, 0 },
		[BYTES_BURST] = { "bytes_burst", 0, INT64_MAX, 0 },
	};

	if (!json_is_object(object))
		return kt_err(err, -EINVAL, "\"disk\" is no object");
	for (size_t i = 0; i < KT_ARRAY_SIZE(numbers); i++) {
		int r = take_number(object, "disk", &numbers[i], err);

		if (r)
			return r;
	}
	if (read_only && !json_is_boolean(read_only))
		return kt_err(err, -EINVAL,
			      "disk.read_only is neither true nor false");
	*disk = (struct ktstr_disk){
		.size_mib = (uint32_t)numbers[SIZE].value,
		.read_only = json_is_true(read_only),
		.iops = numbers[IOPS].value,
		.bytes_per_s = numbers[BYTES].value,
		.iops_burst = numbers[IOPS_BURST].value,
		.bytes_burst = numbers[BYTES_BURST].value,
	};
	return take_disk_name(object, disk, err);
}

static int take_network(const json_t *object, struct ktstr_network *network,
			struct ktstr_error *err)
{
	struct number pairs = { "queue_pairs", 0, KTSTR_NETWORK_MAX_PAIRS, 0 };
	int r;

	if (!json_is_object(object))
		return kt_err(err, -EINVAL, "\"network\" is no object");
	r = take_number(object, "network", &pairs, err);
	network->queue_pairs = (uint32_t)pairs.value;
	return r;
}

int kt_devices_take(const json_t *entry, struct kt_devices *ret,
		    struct ktstr_error *err)
{
	const json_t *disk = json_object_get(entry, "disk");
	const json_t *network = json_object_get(entry, "network");
	int r = 0;

	ret->has_disk = disk && !json_is_null(disk);
	ret->has_network = network && !json_is_null(network);
	if (ret->has_disk)
		r = take_disk(disk, &ret->disk, err);
	if (!r && ret->has_network)
		r = take_network(network, &ret->network, err);
	return r;
}

void kt_devices_deinit(struct kt_devices *devices)
{
	free((char *)devices->disk.name);
	*devices = (struct kt_devices){ .has_disk = false };
}
