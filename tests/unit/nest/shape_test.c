// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <errno.h>

#include "nest/nest.h"

static void an_empty_text_is_the_default_shape(void **state)
{
	struct kt_nest_shape shape;
	char text[KT_NEST_SHAPE_TEXT_BYTES];

	(void)state;
	assert_int_equal(kt_nest_shape_parse("", &shape, NULL), 0);
	kt_nest_shape_format(&shape, text);
	assert_string_equal(text, "cpus=1,sockets=1,nodes=1,hugepages=0,"
				  "memory=2048,distance=20");
}

static void every_shape_survives_printing_and_reading(void **state)
{
	static const char *const shapes[] = {
		"cpus=8,sockets=4,nodes=2,hugepages=128,memory=4096,distance="
		"21",
		"cpus=64,sockets=64,nodes=4,hugepages=0,memory=512,distance="
		"254",
		"cpus=1,sockets=1,nodes=1,hugepages=64,memory=512,distance=11",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct kt_nest_shape shape;
		char text[KT_NEST_SHAPE_TEXT_BYTES];

		assert_int_equal(kt_nest_shape_parse(shapes[i], &shape, NULL), 0);
		kt_nest_shape_format(&shape, text);
		assert_string_equal(text, shapes[i]);
	}
}

static void sockets_default_to_the_nodes(void **state)
{
	struct kt_nest_shape shape;

	(void)state;
	assert_int_equal(kt_nest_shape_parse("nodes=2,cpus=4", &shape, NULL), 0);
	assert_int_equal(shape.sockets, 2);
}

static void a_bad_shape_says_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "cpus", "\"cpus\" is not of the form KEY=NUMBER" },
		{ "cpus=1,", NULL },
		{ "cpus=1,,memory=512", "\"\" is not of the form KEY=NUMBER" },
		{ "cpu=1", "unknown key \"cpu\"" },
		{ "cpus=0", "cpus must be a number from 1 to 64, not \"0\"" },
		{ "cpus=-1", "from 1 to 64, not \"-1\"" },
		{ "cpus=4x", "not \"4x\"" },
		{ "cpus= 4", "not \" 4\"" },
		{ "memory=99999999999999999999", "memory must be a number" },
		{ "nodes=5", "nodes must be a number from 1 to 4" },
		{ "distance=10", "distance must be a number from 11 to 254" },
		{ "cpus=6,sockets=4",
		  "6 cpus cannot be split evenly over 4 sockets" },
		{ "cpus=2,sockets=1,nodes=2",
		  "1 sockets cannot be split evenly over 2 nodes" },
		{ "cpus=3,nodes=3",
		  "2048 MiB cannot be split evenly over 3 nodes" },
		{ "memory=512,hugepages=65",
		  "65 hugepages need memory=514 or more, not 512" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct kt_nest_shape shape;
		struct ktstr_error err = { 0 };
		int r = kt_nest_shape_parse(cases[i].text, &shape, &err);

		if (!cases[i].message) {
			assert_int_equal(r, 0);
			continue;
		}
		assert_int_equal(r, -EINVAL);
		assert_contains(err.message, cases[i].message);
		assert_contains(err.message, "nest shape \"");
		message_seen(err.message);
	}
}

static void an_accelerator_is_one_of_three_words(void **state)
{
	struct ktstr_error err = { 0 };
	enum kt_accel accel;

	(void)state;
	assert_int_equal(kt_accel_parse("nested", &accel, &err), 0);
	assert_int_equal(accel, KT_ACCEL_NESTED);
	assert_int_equal(kt_accel_parse("kvm", &accel, &err), 0);
	assert_int_equal(accel, KT_ACCEL_KVM);
	assert_int_equal(kt_accel_parse("auto", &accel, &err), 0);
	assert_int_equal(accel, KT_ACCEL_AUTO);
	assert_int_equal(kt_accel_parse("tcg", &accel, &err), -EINVAL);
	assert_contains(err.message, "auto, kvm or nested, not \"tcg\"");
	message_seen(err.message);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_text_is_the_default_shape),
		cmocka_unit_test(every_shape_survives_printing_and_reading),
		cmocka_unit_test(sockets_default_to_the_nodes),
		cmocka_unit_test(a_bad_shape_says_what_is_wrong),
		cmocka_unit_test(an_accelerator_is_one_of_three_words),
		messages_test("nest_shape"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
