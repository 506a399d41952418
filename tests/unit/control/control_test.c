// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "control/client.h"
#include "control/directory.h"
#include "control/protocol.h"
#include "control/server.h"

#define PAGE 4096

/* Two regions of "RAM", of four pages and of one. */
static uint8_t ram[5 * PAGE] __attribute__((aligned(PAGE)));
static const struct kt_memory_region regions[] = {
	{ .gpa = 0, .size_bytes = 4 * PAGE, .hva = ram },
	{ .gpa = 0x100000, .size_bytes = PAGE, .hva = ram + 4 * PAGE },
};
static const struct kt_guest_memory memory = { regions, 2, NULL };
static const char btf[] = "types, let us say";

static char directory[] = "/tmp/ktstr-control-XXXXXX";

static int in_a_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	setenv("XDG_RUNTIME_DIR", directory, 1);
	for (size_t i = 0; i < sizeof(ram); i++)
		ram[i] = (uint8_t)(i / PAGE * 16 + i % 13);
	return 0;
}

static int not_any_more(void **state)
{
	(void)state;
	return kt_remove_tree(directory);
}

static struct kt_control_server *serve(const char *name)
{
	const struct kt_control_config config = {
		.name = name,
		.memory = &memory,
		.btf = btf,
		.btf_bytes = sizeof(btf),
	};
	struct kt_control_server *server = NULL;
	struct ktstr_error err = { 0 };

	if (kt_control_start(&config, "first", &server, &err) < 0)
		fail_msg("%s", err.message);
	return server;
}

static void assert_listed(const char *const *wanted, size_t n_wanted)
{
	char **names;
	size_t n;

	assert_int_equal(kt_control_list(&names, &n, NULL), 0);
	assert_int_equal(n, n_wanted);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(names[i], wanted[i]);
	kt_control_free_names(names, n);
}

static void names_are_plain(void **state)
{
	static const char *const bad[] = { "",    ".a",  "-a",       "a/b",
					   "a b", "a\n", "\xc3\xa9", NULL };
	static const char *const good[] = { "a", "Box_1.2-x", "0", NULL };
	char longest[KT_CONTROL_NAME_MAX + 2];
	struct ktstr_error err;

	(void)state;
	for (size_t i = 0; bad[i]; i++)
		assert_int_equal(kt_control_check_name(bad[i], &err), -EINVAL);
	assert_string_equal(
		err.message,
		"\"\xc3\xa9\" is no name for a VM: 1 to 64 letters, "
		"digits, '_', and behind the first '.' and '-', make "
		"one");
	for (size_t i = 0; good[i]; i++)
		assert_int_equal(kt_control_check_name(good[i], NULL), 0);
	memset(longest, 'x', sizeof(longest));
	longest[KT_CONTROL_NAME_MAX + 1] = '\0';
	assert_int_equal(kt_control_check_name(longest, NULL), -EINVAL);
	longest[KT_CONTROL_NAME_MAX] = '\0';
	assert_int_equal(kt_control_check_name(longest, NULL), 0);
}

static void it_is_listed_while_it_runs(void **state)
{
	struct kt_control_server *b = serve("b"), *a = serve("a");

	(void)state;
	assert_listed((const char *[]){ "a", "b" }, 2);
	kt_control_stop(b);
	assert_listed((const char *[]){ "a" }, 1);
	kt_control_stop(a);
	assert_listed(NULL, 0);
	kt_control_stop(NULL);
}

static void a_name_is_had_once(void **state)
{
	const struct kt_control_config config = { .name = "one",
						  .memory = &memory };
	struct kt_control_server *server = serve("one"), *other;
	struct ktstr_error err;

	(void)state;
	assert_int_equal(kt_control_start(&config, "", &other, &err), -EEXIST);
	assert_string_equal(err.message,
			    "a VM with the name \"one\" is running; give this "
			    "one another name");
	kt_control_stop(server);
	server = serve("one");
	kt_control_stop(server);
}

/* One that is killed leaves nothing behind. */
static void a_dead_one_is_gone(void **state)
{
	struct kt_control_server *server;
	int ready[2];
	pid_t pid;
	char byte;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd;

		if (kt_control_listen("dead", &fd, NULL) == 0 &&
		    write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	assert_listed((const char *[]){ "dead" }, 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &(int){ 0 }, 0), pid);
	assert_listed(NULL, 0);
	server = serve("dead");
	assert_listed((const char *[]){ "dead" }, 1);
	kt_control_stop(server);
	assert_listed(NULL, 0);
}

static void it_tells_what_it_is(void **state)
{
	struct kt_control_server *server = serve("it");
	struct kt_control_client client;
	size_t bytes;
	char *text;
	void *data;

	(void)state;
	assert_int_equal(kt_control_connect("it", &client, NULL), 0);
	assert_int_equal(kt_control_description(&client, &text, NULL), 0);
	assert_string_equal(text, "first");
	free(text);
	assert_int_equal(kt_control_redescribe(server, "second"), 0);
	assert_int_equal(kt_control_description(&client, &text, NULL), 0);
	assert_string_equal(text, "second");
	free(text);
	assert_int_equal(kt_control_btf(&client, &data, &bytes, NULL), 0);
	assert_int_equal(bytes, sizeof(btf));
	assert_memory_equal(data, btf, sizeof(btf));
	free(data);
	kt_control_disconnect(&client);
	kt_control_stop(server);
}

static void its_memory_is_seen_as_here(void **state)
{
	struct kt_control_server *server = serve("it");
	struct kt_control_client client;
	struct kt_live_memory live;
	uint8_t data[3 * PAGE], *at;

	(void)state;
	assert_int_equal(kt_control_connect("it", &client, NULL), 0);
	assert_int_equal(kt_live_memory_init(&live, &client, regions, 2, NULL),
			 0);
	assert_int_equal(
		kt_guest_memory_read(&live.memory, 100, data, sizeof(data)), 0);
	assert_memory_equal(data, ram + 100, sizeof(data));
	assert_int_equal(live.n_fetches, 4);
	at = kt_guest_memory_at(&live.memory, 0x100008, 8);
	assert_non_null(at);
	assert_memory_equal(at, ram + 4 * PAGE + 8, 8);
	assert_int_equal(live.n_fetches, 5);
	/* A page is what it was until it is forgotten. */
	ram[4 * PAGE + 8] ^= 0xff;
	at = kt_guest_memory_at(&live.memory, 0x100008, 8);
	assert_int_not_equal(at[0], ram[4 * PAGE + 8]);
	kt_live_memory_forget(&live);
	at = kt_guest_memory_at(&live.memory, 0x100008, 8);
	assert_int_equal(at[0], ram[4 * PAGE + 8]);
	assert_null(kt_guest_memory_at(&live.memory, 4 * PAGE - 4, 8));
	assert_null(kt_guest_memory_at(&live.memory, 0x101000, 1));
	kt_control_stop(server);
	/* What was not seen yet will not be. */
	assert_null(kt_guest_memory_at(&live.memory, 0, 8));
	kt_live_memory_deinit(&live);
	kt_control_disconnect(&client);
}

static void memory_that_cannot_be_is_refused(void **state)
{
	const struct kt_memory_region odd[] = { { .gpa = 0,
						  .size_bytes = PAGE + 1 } };
	const struct kt_memory_region crossed[] = {
		{ .gpa = PAGE, .size_bytes = 2 * PAGE },
		{ .gpa = 2 * PAGE, .size_bytes = PAGE },
	};
	struct kt_control_client client = { -1 };
	struct kt_live_memory live;

	(void)state;
	assert_int_equal(kt_live_memory_init(&live, &client, odd, 1, NULL),
			 -EBADMSG);
	assert_int_equal(kt_live_memory_init(&live, &client, crossed, 2, NULL),
			 -EBADMSG);
	assert_int_equal(kt_live_memory_init(&live, &client, odd, 0, NULL),
			 -E2BIG);
}

static int ask(int fd, uint32_t what, uint32_t length, uint64_t gpa)
{
	const struct kt_control_request request = { what, length, gpa };
	struct kt_control_answer answer;

	assert_int_equal(send(fd, &request, sizeof(request), MSG_NOSIGNAL),
			 sizeof(request));
	assert_int_equal(kt_read_all(fd, &answer, sizeof(answer)), 0);
	if (answer.error)
		assert_int_equal(answer.length, 0);
	return answer.error;
}

static void bad_requests_are_answered(void **state)
{
	struct kt_control_server *server = serve("it");
	int fd;

	(void)state;
	assert_int_equal(kt_control_open("it", &fd, NULL), 0);
	assert_int_equal(ask(fd, 77, 0, 0), -EOPNOTSUPP);
	assert_int_equal(ask(fd, KT_CONTROL_READ, KT_CONTROL_READ_MAX + 1, 0),
			 -E2BIG);
	assert_int_equal(ask(fd, KT_CONTROL_READ, PAGE, 4 * PAGE - 1), -EFAULT);
	assert_int_equal(ask(fd, KT_CONTROL_READ, PAGE, UINT64_MAX - 1), -EFAULT);
	assert_int_equal(ask(fd, KT_CONTROL_READ, 0, 0), 0);
	close(fd);
	kt_control_stop(server);
}

/* One that asks and never reads is dropped; others are served, and it ends. */
static void who_does_not_read_is_dropped(void **state)
{
	const struct kt_control_request request = { KT_CONTROL_READ, 4 * PAGE, 0 };
	struct kt_control_server *server = serve("it");
	struct kt_control_client client;
	char *text;
	int fd;

	(void)state;
	assert_int_equal(kt_control_open("it", &fd, NULL), 0);
	for (int i = 0; i < 10000; i++) {
		if (send(fd, &request, sizeof(request),
			 MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
	}
	assert_int_equal(kt_control_connect("it", &client, NULL), 0);
	assert_int_equal(kt_control_description(&client, &text, NULL), 0);
	free(text);
	kt_control_disconnect(&client);
	/* All that it asked for was never sent. */
	close(fd);
	kt_control_stop(server);
}

static void nobody_is_told_apart_from_no_answer(void **state)
{
	struct kt_control_client client;
	struct ktstr_error err;

	(void)state;
	assert_int_equal(kt_control_connect("nobody", &client, &err), -ENOENT);
	assert_string_equal(err.message, "no VM \"nobody\" is running");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_plain),
		cmocka_unit_test(it_is_listed_while_it_runs),
		cmocka_unit_test(a_name_is_had_once),
		cmocka_unit_test(a_dead_one_is_gone),
		cmocka_unit_test(it_tells_what_it_is),
		cmocka_unit_test(its_memory_is_seen_as_here),
		cmocka_unit_test(memory_that_cannot_be_is_refused),
		cmocka_unit_test(bad_requests_are_answered),
		cmocka_unit_test(who_does_not_read_is_dropped),
		cmocka_unit_test(nobody_is_told_apart_from_no_answer),
	};

	return cmocka_run_group_tests(tests, in_a_directory, not_any_more);
}
