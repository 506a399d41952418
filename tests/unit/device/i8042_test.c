// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include "device/i8042.h"

static int resets;

static void note_reset(void *userdata)
{
	assert_ptr_equal(userdata, &resets);
	resets++;
}

static int setup(void **state)
{
	struct kt_i8042 *controller;

	resets = 0;
	assert_int_equal(kt_i8042_create(note_reset, &resets, &controller), 0);
	*state = controller;
	return 0;
}

static int teardown(void **state)
{
	kt_i8042_destroy(*state);
	return 0;
}

static uint8_t in(struct kt_i8042 *controller, uint16_t port)
{
	uint8_t value = 0x5a;

	kt_i8042_ops.read(controller, port - 0x60, &value, 1);
	return value;
}

static void out(struct kt_i8042 *controller, uint16_t port, uint8_t value)
{
	kt_i8042_ops.write(controller, port - 0x60, &value, 1);
}

/* A command's answer; fails when none is there. */
static uint8_t answer(struct kt_i8042 *controller)
{
	uint8_t value;

	assert_int_equal(in(controller, 0x64) & 0x01, 0x01);
	value = in(controller, 0x60);
	assert_int_equal(in(controller, 0x64) & 0x01, 0);
	return value;
}

/* What mach_reboot does with reboot=k: wait for room, then pulse. */
static void a_pulse_of_the_reset_line_resets(void **state)
{
	assert_int_equal(in(*state, 0x64) & 0x02, 0);
	out(*state, 0x64, 0xfe);
	assert_int_equal(resets, 1);
	out(*state, 0x64, 0xfe);
	assert_int_equal(resets, 2);
}

static void a_pulse_of_other_lines_does_not(void **state)
{
	out(*state, 0x64, 0xff);
	out(*state, 0x64, 0xfd);
	assert_int_equal(resets, 0);
	out(*state, 0x64, 0xf0);
	assert_int_equal(resets, 1);
}

static void the_output_port_resets_too(void **state)
{
	out(*state, 0x64, 0xd1);
	out(*state, 0x60, 0xdf);
	assert_int_equal(resets, 0);
	out(*state, 0x64, 0xd1);
	out(*state, 0x60, 0xfe);
	assert_int_equal(resets, 1);
}

static void the_same_byte_as_data_resets_nothing(void **state)
{
	out(*state, 0x60, 0xfe);
	assert_int_equal(in(*state, 0x64) & 0x01, 0);
	assert_int_equal(resets, 0);
}

static void a_new_command_cancels_the_byte_of_the_old(void **state)
{
	out(*state, 0x64, 0xd1);
	out(*state, 0x64, 0xae);
	out(*state, 0x60, 0xfe);
	assert_int_equal(resets, 0);
}

static void the_output_port_keeps_the_cpu_running(void **state)
{
	out(*state, 0x64, 0xd0);
	assert_int_equal(answer(*state) & 0x03, 0x03);
}

/* The order in which Linux' i8042 driver looks for a controller. */
static void linux_finds_a_controller_and_no_mouse(void **state)
{
	uint8_t config;

	/* Flush: nothing waits. */
	assert_int_equal(in(*state, 0x64) & 0x01, 0);
	/* The configuration reads the same twice. */
	out(*state, 0x64, 0x20);
	config = answer(*state);
	out(*state, 0x64, 0x20);
	assert_int_equal(answer(*state), config);
	out(*state, 0x64, 0x60);
	out(*state, 0x60, config | 0x10);
	out(*state, 0x64, 0x20);
	assert_int_equal(answer(*state), config | 0x10);
	out(*state, 0x64, 0xaa);
	assert_int_equal(answer(*state), 0x55);
	out(*state, 0x64, 0xab);
	assert_int_equal(answer(*state), 0x00);
	/* The byte sent through the mouse port comes back as a keyboard's. */
	out(*state, 0x64, 0xd3);
	out(*state, 0x60, 0x5a);
	assert_int_equal(in(*state, 0x64) & 0x20, 0);
	assert_int_equal(answer(*state), 0x5a);
	out(*state, 0x64, 0xa9);
	assert_int_not_equal(answer(*state), 0x00);
	assert_int_equal(resets, 0);
}

static void interfaces_are_switched_by_command(void **state)
{
	out(*state, 0x64, 0xa7);
	out(*state, 0x64, 0xad);
	out(*state, 0x64, 0x20);
	assert_int_equal(answer(*state) & 0x30, 0x30);
	out(*state, 0x64, 0xa8);
	out(*state, 0x64, 0xae);
	out(*state, 0x64, 0x20);
	assert_int_equal(answer(*state) & 0x30, 0);
}

static void the_keyboards_buffer_can_be_filled(void **state)
{
	out(*state, 0x64, 0xd2);
	out(*state, 0x60, 0x42);
	assert_int_equal(answer(*state), 0x42);
}

static void the_status_tells_command_from_data(void **state)
{
	out(*state, 0x64, 0xae);
	assert_int_equal(in(*state, 0x64), 0x1c);
	out(*state, 0x60, 0x00);
	assert_int_equal(in(*state, 0x64), 0x14);
}

static void the_ports_between_float(void **state)
{
	uint8_t value[5];

	kt_i8042_ops.read(*state, 0, value, 5);
	assert_int_equal(value[1], 0xff);
	assert_int_equal(value[2], 0xff);
	assert_int_equal(value[3], 0xff);
	assert_int_equal(value[4], 0x14);
	out(*state, 0x61, 0xfe);
	assert_int_equal(resets, 0);
}

#define I8042_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		I8042_TEST(a_pulse_of_the_reset_line_resets),
		I8042_TEST(a_pulse_of_other_lines_does_not),
		I8042_TEST(the_output_port_resets_too),
		I8042_TEST(the_same_byte_as_data_resets_nothing),
		I8042_TEST(a_new_command_cancels_the_byte_of_the_old),
		I8042_TEST(the_output_port_keeps_the_cpu_running),
		I8042_TEST(linux_finds_a_controller_and_no_mouse),
		I8042_TEST(interfaces_are_switched_by_command),
		I8042_TEST(the_keyboards_buffer_can_be_filled),
		I8042_TEST(the_status_tells_command_from_data),
		I8042_TEST(the_ports_between_float),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
