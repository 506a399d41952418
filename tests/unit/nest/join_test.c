// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which machine a command gets, with supervisors as they are and an emulator
 * that is this very program: see emulate().
 */
#include "messages.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "nest/channel.h"
#include "nest/join.h"
#include "nest/lock.h"
#include "nest/place.h"
#include "nest/supervisor.h"

#define SLOTS   4
/* Longer than any test takes; see the one about idleness. */
#define IDLE_MS 600000

/* Tells of nothing but its being up, and ends each command at once. */
static int emulate(int argc, char **argv)
{
	const struct kt_nest_header ready = { .type = KT_NEST_READY };
	struct kt_nest_header header;
	int fd = -1;

	for (int i = 0; i < argc; i++)
		sscanf(argv[i], "socket,id=agent,fd=%d", &fd);
	kt_write_all(fd, &ready, sizeof(ready));
	while (kt_read_all(fd, &header, sizeof(header)) == 0) {
		uint32_t status = 0;

		for (char byte; header.length; header.length--)
			kt_read_all(fd, &byte, 1);
		if (header.type != KT_NEST_START)
			continue;
		header.type = KT_NEST_EXIT;
		header.length = sizeof(status);
		kt_write_all(fd, &header, sizeof(header));
		kt_write_all(fd, &status, sizeof(status));
	}
	return 0;
}

struct world {
	char directory[64];
	struct kt_nest_shape shape;
	pid_t supervisors[SLOTS];
	unsigned int idle_ms;
	char notices[1024];
	struct ktstr_log log;
};

static void keep_notice(void *userdata, enum ktstr_log_level level,
			const char *message)
{
	struct world *w = userdata;

	if (level == KTSTR_LOG_NOTICE)
		snprintf(w->notices, sizeof(w->notices), "%s", message);
}

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	char self[512] = "", qemu[128];

	assert_non_null(w);
	strcpy(w->directory, "/tmp/ktstr-join-XXXXXX");
	assert_non_null(mkdtemp(w->directory));
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(qemu, sizeof(qemu), "%s/bin", w->directory);
	assert_int_equal(mkdir(qemu, 0700), 0);
	setenv("PATH", qemu, 1);
	strcat(qemu, "/qemu-system-x86_64");
	assert_int_equal(symlink(self, qemu), 0);
	setenv("KTSTR_NEST_DIR", w->directory, 1);
	setenv("KTSTR_NEST_AGENT", self, 1);
	setenv("KTSTR_NEST_KERNEL", "/nonexistent/kernel", 1);
	w->idle_ms = IDLE_MS;
	kt_nest_shape_default(&w->shape);
	/* Little, so that memory does not decide here. */
	w->shape.memory_mib = KT_NEST_MEMORY_MIN;
	w->log = (struct ktstr_log){ .emit = keep_notice, .userdata = w };
	*state = w;
	return 0;
}

/* Their emulators die with the supervisors. */
static int end_world(void **state)
{
	struct world *w = *state;

	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		if (!w->supervisors[slot])
			continue;
		kill(w->supervisors[slot], SIGKILL);
		waitpid(w->supervisors[slot], NULL, 0);
	}
	kt_remove_tree(w->directory);
	free(w);
	return 0;
}

static _Noreturn void supervise(const struct world *w,
				const struct kt_nest_place *place, int listen_fd)
{
	int null_fd = open("/dev/null", O_RDWR);
	struct kt_kernel kernel = { .elf_fd = null_fd };
	const struct kt_nest_image image = { &kernel, null_fd };
	const struct kt_supervisor_config config = {
		.shape = &w->shape,
		.image = &image,
		.listen_fd = listen_fd,
		.socket_path = place->address.sun_path,
		.lock_path = place->lock,
		.log_path = place->log,
		.log_fd = null_fd,
		.idle_ms = w->idle_ms,
		.boot_ms = 30000,
		.answer_ms = 30000,
		.first_cmdline = "",
	};

	_exit(kt_supervisor_run(&config) < 0);
}

/* A machine in that slot, and its first client. */
static int start_with_client(struct world *w, uint32_t slot)
{
	_cleanup_(kt_nest_place_deinit) struct kt_nest_place place = { 0 };
	const struct sockaddr *address = (struct sockaddr *)&place.address;
	int listen_fd, fd;

	assert_int_equal(kt_nest_place_find(&w->shape, slot, &place, NULL), 0);
	kt_close(open(place.lock, O_CREAT | O_RDWR | O_CLOEXEC, 0600));
	listen_fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(listen_fd, address, sizeof(place.address)), 0);
	assert_int_equal(listen(listen_fd, SOMAXCONN), 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, address, sizeof(place.address)), 0);
	w->supervisors[slot] = fork();
	if (w->supervisors[slot] == 0) {
		kt_close(fd);
		supervise(w, &place, listen_fd);
	}
	kt_close(listen_fd);
	return fd;
}

static void start_machine(struct world *w, uint32_t slot)
{
	kt_close(start_with_client(w, slot));
}

static int join(struct world *w, uint32_t slots, uint32_t *ret_slot)
{
	int fd = -1;

	assert_int_equal(
		kt_nest_join(&w->shape, slots, &w->log, &fd, ret_slot, NULL), 0);
	return fd;
}

/* Where the next command would go. */
static uint32_t next_slot(struct world *w, uint32_t slots)
{
	uint32_t slot = 99;

	kt_close(join(w, slots, &slot));
	return slot;
}

static void wait_for(int fd, enum kt_nest_type type)
{
	struct kt_nest_header header;

	do {
		assert_int_equal(kt_read_all(fd, &header, sizeof(header)), 0);
		for (char byte; header.length; header.length--)
			assert_int_equal(kt_read_all(fd, &byte, 1), 0);
	} while (header.type != type);
}

static void a_machine_without_commands_comes_first(void **state)
{
	struct world *w = *state;
	uint32_t slot;
	int a, b;

	start_machine(w, 0);
	start_machine(w, 1);
	a = join(w, 2, &slot);
	assert_int_equal(slot, 0);
	b = join(w, 2, &slot);
	assert_int_equal(slot, 1);
	kt_close(a);
	assert_int_equal(next_slot(w, 2), 0);
	a = join(w, 2, &slot);
	assert_int_equal(slot, 0);
	kt_close(b);
	assert_int_equal(next_slot(w, 2), 1);
	kt_close(a);
	assert_string_equal(w->notices, "");
}

static void when_all_are_busy_the_least_busy_one_is_shared(void **state)
{
	struct world *w = *state;
	uint32_t slot;
	int fd[5];

	start_machine(w, 0);
	start_machine(w, 1);
	for (uint32_t i = 0; i < 5; i++) {
		fd[i] = join(w, 2, &slot);
		assert_int_equal(slot, i % 2);
	}
	assert_int_equal(next_slot(w, 2), 1);
	kt_close(fd[0]);
	kt_close(fd[2]);
	assert_int_equal(next_slot(w, 2), 0);
	kt_close(fd[1]);
	kt_close(fd[3]);
	kt_close(fd[4]);
}

static void one_slot_is_shared_by_all(void **state)
{
	struct world *w = *state;
	uint32_t slot;
	int fd;

	start_machine(w, 0);
	start_machine(w, 1);
	fd = join(w, 1, &slot);
	assert_int_equal(slot, 0);
	assert_int_equal(next_slot(w, 1), 0);
	kt_close(fd);
}

static void a_command_that_ended_leaves_its_machine_free(void **state)
{
	struct world *w = *state;
	const struct kt_nest_header start = { .type = KT_NEST_START };
	uint32_t slot;
	int fd;

	start_machine(w, 0);
	start_machine(w, 1);
	fd = join(w, 2, &slot);
	wait_for(fd, KT_NEST_READY);
	assert_int_equal(next_slot(w, 2), 1);
	kt_write_all(fd, &start, sizeof(start));
	wait_for(fd, KT_NEST_EXIT);
	/* The client is there still: it writes out what it has read. */
	assert_int_equal(next_slot(w, 2), 0);
	kt_close(fd);
}

static void a_further_machine_that_does_not_start_is_done_without(void **state)
{
	struct world *w = *state;
	struct ktstr_error err = { 0 };
	uint32_t slot = 99;
	int fd, none = -1;

	assert_true(kt_nest_join(&w->shape, 2, &w->log, &none, &slot, &err) < 0);
	assert_contains(err.message, "KTSTR_NEST_KERNEL=/nonexistent/kernel");
	message_seen(err.message);
	assert_int_equal(none, -1);
	start_machine(w, 0);
	fd = join(w, 2, &slot);
	assert_int_equal(slot, 0);
	assert_string_equal(w->notices, "");
	assert_int_equal(next_slot(w, 2), 0);
	assert_contains(w->notices, "going without a further emulated machine: "
				    "KTSTR_NEST_KERNEL=/nonexistent/kernel");
	kt_close(fd);
}

/* Who is held up learns by whom; here it is this process. */
static void a_lock_that_is_not_let_go_is_not_waited_for_for_ever(void **state)
{
	struct world *w = *state;
	_cleanup_(kt_nest_place_deinit) struct kt_nest_place place = { 0 };
	_cleanup_close_ int lock = -1;
	struct ktstr_error err = { 0 };
	char expected[512];
	uint32_t slot;
	int fd = -1, r;

	assert_int_equal(kt_nest_place_find(&w->shape, 0, &place, NULL), 0);
	lock = kt_nest_lock(place.lock, 0, NULL);
	assert_true(lock >= 0);
	setenv("KTSTR_NEST_LOCK_S", "1", 1);
	r = kt_nest_join(&w->shape, 1, &w->log, &fd, &slot, &err);
	unsetenv("KTSTR_NEST_LOCK_S");
	assert_int_equal(r, -ETIMEDOUT);
	snprintf(expected, sizeof(expected),
		 "process %d (nest_join_test) has held %s for 1 seconds: end "
		 "it, or set KTSTR_NEST_DIR to another directory",
		 (int)getpid(), place.lock);
	assert_string_equal(err.message, expected);
}

/* Its socket is of another kind, which nobody takes for an absent one. */
static void a_machine_that_does_not_answer_is_passed_over(void **state)
{
	struct world *w = *state;
	_cleanup_(kt_nest_place_deinit) struct kt_nest_place place = { 0 };
	const struct sockaddr *address = (struct sockaddr *)&place.address;
	_cleanup_close_ int dead = -1;
	uint32_t slot = 99;
	int fd;

	assert_int_equal(kt_nest_place_find(&w->shape, 0, &place, NULL), 0);
	dead = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(dead, address, sizeof(place.address)), 0);
	start_machine(w, 1);
	fd = join(w, 2, &slot);
	assert_int_equal(slot, 1);
	assert_string_equal(w->notices, "");
	/* Now that one is busy, and there is no third. */
	kt_close(join(w, 2, &slot));
	assert_int_equal(slot, 1);
	assert_contains(w->notices, "passing over an emulated machine: the "
				    "emulated machine's supervisor does not "
				    "answer");
	kt_close(fd);
}

static void a_machine_that_was_only_tried_ends_as_if_it_was_not(void **state)
{
	struct world *w = *state;
	_cleanup_(kt_nest_place_deinit) struct kt_nest_place place = { 0 };
	uint32_t slot;
	int first, shared, status;

	start_machine(w, 0);
	w->idle_ms = 100;
	first = start_with_client(w, 1);
	wait_for(first, KT_NEST_READY);
	shared = join(w, 1, &slot);
	/* Both are busy, and the second is no better than the first. */
	assert_int_equal(next_slot(w, 2), 0);
	kt_close(first);
	kt_close(shared);
	assert_int_equal(waitpid(w->supervisors[1], &status, 0),
			 w->supervisors[1]);
	w->supervisors[1] = 0;
	assert_int_equal(status, 0);
	assert_int_equal(kt_nest_place_find(&w->shape, 1, &place, NULL), 0);
	assert_int_equal(access(place.address.sun_path, F_OK), -1);
	assert_int_equal(access(place.lock, F_OK), -1);
}

static void a_machine_whose_place_was_removed_ends_too(void **state)
{
	struct world *w = *state;
	_cleanup_(kt_nest_place_deinit) struct kt_nest_place place = { 0 };
	int first, status;

	w->idle_ms = 100;
	first = start_with_client(w, 0);
	wait_for(first, KT_NEST_READY);
	assert_int_equal(kt_nest_place_find(&w->shape, 0, &place, NULL), 0);
	assert_int_equal(unlink(place.address.sun_path), 0);
	assert_int_equal(unlink(place.lock), 0);
	kt_close(first);
	assert_int_equal(waitpid(w->supervisors[0], &status, 0),
			 w->supervisors[0]);
	w->supervisors[0] = 0;
	assert_int_equal(status, 0);
}

/* No assertions: they would go on in this process. */
static _Noreturn void join_and_tell(struct world *w, int told_fd, int end_fd)
{
	uint32_t slot;
	char byte;
	int fd;

	if (kt_nest_join(&w->shape, SLOTS, &w->log, &fd, &slot, NULL) < 0 ||
	    kt_write_all(told_fd, &slot, sizeof(slot)) < 0)
		_exit(1);
	kt_read_all(end_fd, &byte, 1);
	_exit(0);
}

static void commands_that_come_together_get_a_machine_each(void **state)
{
	struct world *w = *state;
	unsigned int met = 0;
	pid_t pids[SLOTS];
	int told[2], end[2];

	for (uint32_t slot = 0; slot < SLOTS; slot++)
		start_machine(w, slot);
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	assert_int_equal(pipe2(end, O_CLOEXEC), 0);
	for (int i = 0; i < SLOTS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			kt_close(end[1]);
			join_and_tell(w, told[1], end[0]);
		}
	}
	kt_close(told[1]);
	kt_close(end[0]);
	for (int i = 0; i < SLOTS; i++) {
		uint32_t slot;

		assert_int_equal(kt_read_all(told[0], &slot, sizeof(slot)), 0);
		met |= 1u << slot;
	}
	assert_int_equal(met, (1u << SLOTS) - 1);
	kt_close(told[0]);
	kt_close(end[1]);
	for (int i = 0; i < SLOTS; i++)
		assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
#define JOIN_TEST(name)                                                        \
	cmocka_unit_test_setup_teardown(name, make_world, end_world)
		JOIN_TEST(a_machine_without_commands_comes_first),
		JOIN_TEST(when_all_are_busy_the_least_busy_one_is_shared),
		JOIN_TEST(one_slot_is_shared_by_all),
		JOIN_TEST(a_command_that_ended_leaves_its_machine_free),
		JOIN_TEST(a_further_machine_that_does_not_start_is_done_without),
		JOIN_TEST(a_lock_that_is_not_let_go_is_not_waited_for_for_ever),
		JOIN_TEST(a_machine_that_does_not_answer_is_passed_over),
		JOIN_TEST(a_machine_that_was_only_tried_ends_as_if_it_was_not),
		JOIN_TEST(a_machine_whose_place_was_removed_ends_too),
		JOIN_TEST(commands_that_come_together_get_a_machine_each),
		messages_test("nest_join"),
	};

	if (strstr(argv[0], "qemu-system"))
		return emulate(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
