// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>

#include "base/macro.h"
#include "test.h"
#include "vmm/bus.h"

/* Remembers the last access and answers reads with offset and length. */
struct probe {
	int reads;
	int writes;
	uint64_t offset;
	uint32_t length;
	uint8_t data[8];
};

static void probe_read(void *device, uint64_t offset, void *data, uint32_t length)
{
	struct probe *probe = device;

	probe->reads++;
	probe->offset = offset;
	probe->length = length;
	for (uint32_t i = 0; i < length; i++)
		((uint8_t *)data)[i] = (uint8_t)(offset + i);
}

static void probe_write(void *device, uint64_t offset, const void *data,
			uint32_t length)
{
	struct probe *probe = device;

	probe->writes++;
	probe->offset = offset;
	probe->length = length;
	memcpy(probe->data, data, length);
}

static const struct kt_device_ops probe_ops = {
	.name = "probe",
	.read = probe_read,
	.write = probe_write,
};

static void an_access_reaches_its_device_with_an_offset(void **state)
{
	struct probe low = {}, high = {};
	struct kt_bus bus = {};
	uint32_t value = 0xa1b2c3d4;

	(void)state;
	assert_int_equal(kt_bus_add(&bus, 0x100, 0x10, &probe_ops, &low), 0);
	assert_int_equal(kt_bus_add(&bus, 0x110, 0x10, &probe_ops, &high), 0);

	kt_bus_write(&bus, 0x114, &value, 4);
	assert_int_equal(low.writes, 0);
	assert_int_equal(high.writes, 1);
	assert_int_equal(high.offset, 4);
	assert_int_equal(high.length, 4);
	assert_memory_equal(high.data, &value, 4);

	kt_bus_read(&bus, 0x10e, &value, 2);
	assert_int_equal(low.reads, 1);
	assert_int_equal(low.length, 2);
	assert_int_equal(value & 0xffff, 0x0f0e);
}

static void what_nobody_claims_floats(void **state)
{
	struct probe probe = {};
	struct kt_bus bus = {};
	uint64_t value = 0;

	(void)state;
	assert_int_equal(kt_bus_add(&bus, 0x100, 8, &probe_ops, &probe), 0);
	kt_bus_read(&bus, 0xf8, &value, 8);
	assert_true(value == UINT64_MAX);
	kt_bus_write(&bus, 0x108, &value, 8);
	assert_int_equal(probe.writes, 0);
	/* The very top of the address space is an address like any other. */
	value = 0;
	kt_bus_read(&bus, UINT64_MAX - 3, &value, 8);
	assert_int_equal(value & 0xff, 0xff);
}

static void an_access_across_a_border_is_done_by_bytes(void **state)
{
	struct probe probe = {};
	struct kt_bus bus = {};
	uint32_t value = 0;

	(void)state;
	assert_int_equal(kt_bus_add(&bus, 0x100, 2, &probe_ops, &probe), 0);
	kt_bus_read(&bus, 0xff, &value, 4);
	assert_int_equal(probe.reads, 2);
	assert_int_equal(probe.length, 1);
	assert_int_equal(value, 0xff0100ff);
	kt_bus_write(&bus, 0xff, &value, 4);
	assert_int_equal(probe.writes, 2);
}

static void an_odd_length_is_done_by_bytes(void **state)
{
	struct probe probe = {};
	struct kt_bus bus = {};
	uint8_t bytes[7];

	(void)state;
	assert_int_equal(kt_bus_add(&bus, 0, 16, &probe_ops, &probe), 0);
	for (uint32_t length = 1; length <= 7; length++) {
		probe.reads = 0;
		kt_bus_read(&bus, 1, bytes, length);
		if (length == 1 || length == 2 || length == 4)
			assert_int_equal(probe.reads, 1);
		else
			assert_int_equal(probe.reads, length);
		assert_int_equal(bytes[length - 1], length);
	}
}

static void ranges_may_touch_but_not_overlap(void **state)
{
	struct kt_bus bus = {};

	(void)state;
	assert_int_equal(kt_bus_add(&bus, 0x100, 0x10, &probe_ops, NULL), 0);
	assert_int_equal(kt_bus_add(&bus, 0xf0, 0x10, &probe_ops, NULL), 0);
	assert_int_equal(kt_bus_add(&bus, 0x10f, 1, &probe_ops, NULL), -EEXIST);
	assert_int_equal(kt_bus_add(&bus, 0x80, 0x200, &probe_ops, NULL),
			 -EEXIST);
	assert_int_equal(kt_bus_add(&bus, 0x200, 0, &probe_ops, NULL), -EINVAL);
	assert_int_equal(kt_bus_add(&bus, UINT64_MAX, 2, &probe_ops, NULL),
			 -EINVAL);
	assert_int_equal(kt_bus_add(&bus, UINT64_MAX, 1, &probe_ops, NULL), 0);
}

static void a_full_bus_takes_no_more(void **state)
{
	struct kt_bus bus = {};

	(void)state;
	for (uint64_t i = 0; i < KT_BUS_MAX_RANGES; i++)
		assert_int_equal(kt_bus_add(&bus, i, 1, &probe_ops, NULL), 0);
	assert_int_equal(kt_bus_add(&bus, 0x1000, 1, &probe_ops, NULL), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_access_reaches_its_device_with_an_offset),
		cmocka_unit_test(what_nobody_claims_floats),
		cmocka_unit_test(an_access_across_a_border_is_done_by_bytes),
		cmocka_unit_test(an_odd_length_is_done_by_bytes),
		cmocka_unit_test(ranges_may_touch_but_not_overlap),
		cmocka_unit_test(a_full_bus_takes_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
