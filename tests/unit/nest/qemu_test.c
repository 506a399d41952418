// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strbuf.h"
#include "nest/machine.h"
#include "nest/qemu.h"

#define GOLDEN KTSTR_SOURCE_ROOT "/tests/golden/nest/"

/* One argument a line, options and their values on one. */
static void argv_equals_golden(const char *shape_text, const char *cmdline,
			       const char *name)
{
	const struct kt_qemu_fds fds = {
		.kernel = 10,
		.initrd = 11,
		.console = 12,
		.agent = 13,
		.files = 14,
	};
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };
	_cleanup_free_ char *golden = NULL;
	struct kt_nest_shape shape;
	char path[512];
	char **argv;

	assert_int_equal(kt_nest_shape_parse(shape_text, &shape, NULL), 0);
	argv = kt_qemu_argv(&shape, &fds, cmdline);
	assert_non_null(argv);
	for (size_t i = 0; argv[i]; i++)
		kt_strbuf_addf(&sb, "%s%s", argv[i],
			       argv[i][0] == '-' && argv[i + 1] &&
					       argv[i + 1][0] != '-' ?
				       " " :
				       "\n");
	kt_qemu_free_argv(argv);
	snprintf(path, sizeof(path), GOLDEN "%s.txt", name);
	if (getenv("KTSTR_UPDATE_GOLDEN"))
		kt_write_file_atomic(path, sb.data, sb.length, 0644);
	assert_int_equal(kt_read_file(path, 65536, &golden, NULL), 0);
	assert_string_equal(kt_strbuf_text(&sb), golden);
}

static void the_default_shape_gives_one_cpu_and_one_node(void **state)
{
	(void)state;
	argv_equals_golden("", "", "qemu-default");
}

static void nodes_sockets_and_hugepages_reach_the_command_line(void **state)
{
	(void)state;
	argv_equals_golden("cpus=8,sockets=4,nodes=2,hugepages=128,memory=4096,"
			   "distance=21",
			   "loglevel=7", "qemu-2-nodes");
}

static void machine_with_console(struct kt_nest_machine *machine, const char *text)
{
	kt_nest_machine_init(machine);
	machine->console_bytes = strlen(text);
	memcpy(machine->console, text, machine->console_bytes);
}

static void the_consoles_last_line_is_shown_without_controls(void **state)
{
	struct kt_nest_machine *machine = calloc(1, sizeof(*machine));
	char line[16];

	(void)state;
	assert_non_null(machine);
	machine_with_console(machine, "first\r\nse\033cond\r\n \r\n");
	kt_nest_machine_last_line(machine, line, sizeof(line));
	assert_string_equal(line, "second");
	machine_with_console(machine, "");
	kt_nest_machine_last_line(machine, line, sizeof(line));
	assert_string_equal(line, "");
	machine_with_console(machine, "a line that is far too long for it");
	kt_nest_machine_last_line(machine, line, sizeof(line));
	assert_string_equal(line, "a line that is ");
	free(machine);
}

static void only_the_consoles_tail_is_kept(void **state)
{
	struct kt_nest_machine *machine = calloc(1, sizeof(*machine));
	char line[16];
	int pair[2];

	(void)state;
	assert_non_null(machine);
	kt_nest_machine_init(machine);
	assert_int_equal(pipe2(pair, O_CLOEXEC | O_NONBLOCK), 0);
	machine->console_fd = pair[0];
	assert_false(kt_nest_machine_read_console(machine));
	for (int i = 0; i < 5000; i++) {
		assert_true(dprintf(pair[1], "line %d\n", i) > 0);
		if (i % 100 == 0)
			assert_true(kt_nest_machine_read_console(machine));
	}
	close(pair[1]);
	assert_true(kt_nest_machine_read_console(machine));
	assert_int_equal(machine->console_fd, -1);
	assert_int_equal(machine->console_bytes, KT_NEST_MACHINE_CONSOLE_BYTES);
	kt_nest_machine_last_line(machine, line, sizeof(line));
	assert_string_equal(line, "line 4999");
	free(machine);
}

static void a_missing_emulator_names_the_package(void **state)
{
	const struct kt_qemu_fds fds = { 0, 0, 0, 0, 0 };
	struct ktstr_error err = { 0 };
	struct kt_nest_shape shape;
	pid_t pid;

	(void)state;
	kt_nest_shape_default(&shape);
	setenv("PATH", "/nonexistent", 1);
	assert_int_equal(
		kt_qemu_start(&shape, &fds, "", STDERR_FILENO, &pid, &err),
		-ENOENT);
	assert_contains(err.message, "cannot start qemu-system-x86_64");
	assert_contains(err.message, "install qemu-system-x86");
	message_seen(err.message);
	assert_int_equal(err.kind, KTSTR_ERROR_ENVIRONMENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_shape_gives_one_cpu_and_one_node),
		cmocka_unit_test(
			nodes_sockets_and_hugepages_reach_the_command_line),
		cmocka_unit_test(the_consoles_last_line_is_shown_without_controls),
		cmocka_unit_test(only_the_consoles_tail_is_kept),
		cmocka_unit_test(a_missing_emulator_names_the_package),
		messages_test("nest_qemu"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
