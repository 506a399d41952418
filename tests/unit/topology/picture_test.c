// SPDX-License-Identifier: GPL-2.0-only
#include "golden.h"

#include "base/macro.h"
#include "topology/grammar.h"
#include "topology/picture.h"

static void draw(struct kt_strbuf *sb, const char *text, unsigned int columns,
		 bool unicode)
{
	_cleanup_topology_text_ struct kt_topology_text declared = {0};
	_cleanup_topology_ struct kt_topology *topology = NULL;
	_cleanup_picture_ struct kt_picture picture = {0};

	assert_int_equal(kt_topology_parse(text, &declared, NULL), 0);
	assert_int_equal(
		kt_topology_from_public(&declared.topology, &topology, NULL), 0);
	assert_int_equal(
		kt_picture_of_topology(&picture, topology, declared.nodes), 0);
	kt_picture_print(sb, &picture, columns, unicode);
	assert_false(kt_strbuf_failed(sb));
}

static void pictures_are_the_golden_ones(void **state)
{
	static const struct {
		const char *file;
		const char *topology;
		unsigned int columns;
		bool unicode;
	} pictures[] = {
		{"picture/1n1l1c1t.txt", "1n1l1c1t", 80, false},
		{"picture/2n4l4c2t.txt", "2n4l4c2t", 80, true},
		{"picture/1n3l3c1t.txt", "1n3l3c1t", 80, false},
		{"picture/node-list.txt",
		 "3n(3l,512M)(0l,1G,lat=250,cache=64M)(1l,256M)2c1t;"
		 "d=10,30,21,30,10,40,21,40,10",
		 80, false},
		{"picture/narrow.txt", "1n2l16c2t", 30, false},
		{"picture/large-4llc.txt", "large-4llc", 100, false},
		{"picture/max-cpu.txt", "max-cpu", 80, false},
	};

	(void)state;
	for (size_t i = 0; i < KT_ARRAY_SIZE(pictures); i++) {
		_cleanup_strbuf_ struct kt_strbuf sb = {0};

		draw(&sb, pictures[i].topology, pictures[i].columns,
		     pictures[i].unicode);
		assert_golden(pictures[i].file, sb.data);
	}
}

/* Boxes have straight sides: all lines of a picture are of one length. */
static void no_line_is_wider_than_asked_for(void **state)
{
	const struct kt_topology_preset *presets;
	size_t n;

	(void)state;
	presets = kt_topology_presets(&n);
	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct kt_strbuf sb = {0};
		size_t first;

		draw(&sb, presets[i].name, 60, false);
		first = strcspn(sb.data, "\n");
		for (const char *line = sb.data; *line;) {
			size_t length = strcspn(line, "\n");

			assert_true(length <= 60);
			if (*line == '|')
				assert_int_equal(length, first);
			line += length + 1;
		}
	}
}

static void cores_of_unequal_threads_are_padded(void **state)
{
	_cleanup_picture_ struct kt_picture picture = {0};
	_cleanup_strbuf_ struct kt_strbuf sb = {0};

	(void)state;
	assert_int_equal(kt_picture_init(&picture, 3, 1, false), 0);
	picture.cpus[0] = (struct kt_picture_cpu){.id = 0, .core = 0};
	picture.cpus[1] = (struct kt_picture_cpu){.id = 10, .core = 0};
	picture.cpus[2] = (struct kt_picture_cpu){.id = 5, .core = 1};
	kt_picture_print(&sb, &picture, 80, false);
	assert_contains(sb.data, "| [ 0 10] [ 5   ] |");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_are_the_golden_ones),
		cmocka_unit_test(no_line_is_wider_than_asked_for),
		cmocka_unit_test(cores_of_unequal_threads_are_padded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
