// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler around its test, with shell scripts for schedulers, a directory
 * for what the kernel shows, and a socket for its log.
 */
#include "test.h"

#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strbuf.h"
#include "guest/sched_ext.h"
#include "guest/scheduler.h"
#include "guest/shell_lines.h"

/* Of a script: as a scheduler comes, and goes. */
#define ATTACH "mkdir root; echo mine_ops > root/ops; echo enabled > state; "
#define DETACH "echo disabled > state; rm -r root; "
#define STAY   "while :; do sleep 0.02; done"

static char directory[] = "/tmp/ktstr-guest-scheduler-test.XXXXXX";
static char log_path[128];
static struct kt_scheduler_places places = {
	.sched_ext = directory,
	.kmsg = "/nonexistent",
	.shell = "/bin/sh",
	.log = log_path,
	.bpf_stats = "/nonexistent",
	.events = "/nonexistent",
	.await_go = "await-go",
	.go = "go",
	.line_ms = 20000,
	.attach_ms = 20000,
	.stop_ms = 20000,
	.go_ms = 300,
	.settle_ms = 20000,
};

static void put(const char *name, const char *text, mode_t mode)
{
	_cleanup_free_ char *path = kt_path_join(directory, name);

	assert_int_equal(kt_write_file_atomic(path, text, strlen(text), mode), 0);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(directory) || chdir(directory) < 0)
		return -1;
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") == 0 ? kt_remove_tree(directory) : -1;
}

/* One under test. */
struct fixture {
	struct kt_guest_scheduler s;
	struct ktstr_scheduler declared;
	char *argv[3];
	int uevent; /* a byte in it is a change that is told */
	int kmsg;   /* a datagram is a record */
	struct ktstr_error err;
};

static void make(struct fixture *f, const char *script)
{
	static char program[] = "./scheduler", word[] = "word";
	_cleanup_strbuf_ struct kt_strbuf text = { 0 };
	int pair[2];

	*f = (struct fixture){ .declared.name = "mine" };
	kt_remove_tree("root");
	unlink("log");
	put("state", "disabled\n", 0644);
	if (script) {
		kt_strbuf_addf(&text,
			       "#!/bin/sh\ntrap '" DETACH "exit 0' TERM\n%s\n",
			       script);
		put("scheduler", kt_strbuf_text(&text), 0755);
		f->argv[0] = program;
		f->argv[1] = word;
	}
	assert_int_equal(kt_guest_scheduler_init(&f->s, &f->declared,
						 script ? f->argv : NULL,
						 &places, &f->err),
			 0);
	kt_close(f->s.uevent_fd);
	assert_int_equal(pipe2(pair, O_NONBLOCK | O_CLOEXEC), 0);
	f->s.uevent_fd = pair[0];
	f->uevent = pair[1];
	kt_close(f->s.kmsg_fd);
	assert_int_equal(socketpair(AF_UNIX,
				    SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
				    0, pair),
			 0);
	f->s.kmsg_fd = pair[0];
	f->kmsg = pair[1];
}

static void say(struct fixture *f, const char *record)
{
	assert_int_equal(write(f->kmsg, record, strlen(record)),
			 (ssize_t)strlen(record));
}

static void end(struct fixture *f)
{
	kt_guest_scheduler_deinit(&f->s);
	kt_close(f->uevent);
	kt_close(f->kmsg);
}

static enum ktstr_verdict begin(struct fixture *f)
{
	enum ktstr_verdict verdict = KTSTR_INCONCLUSIVE;

	if (f->s.companion.begin(&f->s.companion, &verdict, &f->err) < 0)
		fail_msg("%s", f->err.message);
	return verdict;
}

static enum ktstr_verdict finish(struct fixture *f)
{
	return f->s.companion.end(&f->s.companion);
}

/* Until it fails. */
static void attend(struct fixture *f)
{
	struct pollfd fd = { .fd = f->s.companion.watch_fd, .events = POLLIN };

	do {
		assert_int_equal(poll(&fd, 1, 20000), 1);
	} while (f->s.companion.attend(&f->s.companion));
}

static const char *notes(struct fixture *f)
{
	static char text[8192];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < json_array_size(f->s.companion.notes); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s|",
				       json_string_value(json_array_get(
					       f->s.companion.notes, i)));
	return text;
}

static void it_attaches_and_is_stopped(void **state)
{
	_cleanup_free_ char *log = NULL;
	const json_t *metric;
	struct fixture f;

	(void)state;
	make(&f, "echo up with $1; sleep 0.1; " ATTACH "echo more >&2; " STAY);
	f.declared.enable =
		KTSTR_WORDS("echo one >> trace", "echo two >> trace");
	f.declared.disable = KTSTR_WORDS("cat state >> trace");
	assert_int_equal(begin(&f), KTSTR_PASS);
	metric = json_array_get(f.s.companion.metrics, 0);
	assert_string_equal(json_string_value(json_object_get(metric, "name")),
			    "scheduler_attach");
	assert_true(json_number_value(json_object_get(metric, "value")) >= 100);
	assert_true(f.s.companion.attend(&f.s.companion));
	assert_int_equal(finish(&f), KTSTR_PASS);
	assert_string_equal(notes(&f), "");
	assert_int_equal(kt_read_file("log", 1000, &log, NULL), 0);
	assert_string_equal(log, "up with word\nmore");
	free(log);
	/* The lines lie around it. */
	assert_int_equal(kt_read_file("trace", 1000, &log, NULL), 0);
	assert_string_equal(log, "one\ntwo\ndisabled\n");
	end(&f);
}

static void an_end_before_the_attach_is_told(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, "echo cannot; exit 5");
	assert_int_equal(begin(&f), KTSTR_FAIL);
	assert_contains(notes(&f), "the scheduler mine (./scheduler) exited "
				   "with 5 before it had attached|");
	assert_contains(notes(&f), "the end of the scheduler's log:\ncannot|");
	assert_int_equal(finish(&f), KTSTR_PASS);
	end(&f);

	make(&f, "exit 0");
	assert_int_equal(begin(&f), KTSTR_FAIL);
	assert_contains(notes(&f), "exited with 0 before it had attached: it "
				   "has to stay");
	assert_contains(notes(&f), "the scheduler's log is empty|");
	end(&f);

	make(&f, "kill -SEGV $$");
	assert_int_equal(begin(&f), KTSTR_FAIL);
	assert_contains(notes(&f), "was killed by signal 11");
	end(&f);
}

static void what_cannot_be_run_is_no_verdict(void **state)
{
	enum ktstr_verdict verdict;
	struct fixture f;

	(void)state;
	make(&f, "echo libx.so: not found >&2; exit 127");
	assert_true(f.s.companion.begin(&f.s.companion, &verdict, &f.err) < 0);
	assert_contains(f.err.message,
			"the scheduler mine (./scheduler) could not be run: it "
			"exited with 127: libx.so: not found");
	end(&f);
	make(&f, "");
	unlink("scheduler");
	assert_true(f.s.companion.begin(&f.s.companion, &verdict, &f.err) < 0);
	assert_contains(f.err.message, "cannot run ./scheduler");
	end(&f);
}

static void one_that_does_not_attach_is_not_waited_for(void **state)
{
	struct fixture f;

	(void)state;
	places.attach_ms = 300;
	make(&f, "mkdir root; echo other > root/ops; echo enabling > state; "
		 "echo waiting; " STAY);
	assert_int_equal(begin(&f), KTSTR_FAIL);
	places.attach_ms = 20000;
	assert_contains(notes(&f),
			"runs, but had not attached after 0.3 s: the "
			"state of /tmp/");
	assert_contains(notes(&f), "is \"enabling\"|");
	assert_contains(notes(&f), "log:\nwaiting|");
	assert_int_equal(finish(&f), KTSTR_PASS);
	end(&f);
}

static void the_hosts_go_is_waited_for(void **state)
{
	struct fixture f;

	(void)state;
	put("await-go", "", 0644);
	make(&f, ATTACH STAY);
	put("go", "", 0644);
	assert_int_equal(begin(&f), KTSTR_PASS);
	assert_int_equal(finish(&f), KTSTR_PASS);
	end(&f);

	make(&f, ATTACH STAY);
	put("go", "there is no map \"x\"", 0644);
	assert_int_equal(begin(&f), KTSTR_FAIL);
	assert_contains(notes(&f), "the host could not write to the "
				   "scheduler's maps: there is no map \"x\"|");
	assert_int_equal(finish(&f), KTSTR_PASS);
	end(&f);

	unlink("go");
	make(&f, ATTACH STAY);
	assert_int_equal(begin(&f), KTSTR_FAIL);
	assert_contains(notes(&f), "had not said after 0.3 s that it has|");
	assert_int_equal(finish(&f), KTSTR_PASS);
	end(&f);
	unlink("await-go");
}

/* Its program is gone, and the kernel says that there still is one. */
static void one_that_stays_attached_fails_the_test(void **state)
{
	struct fixture f;

	(void)state;
	places.settle_ms = 300;
	make(&f, "trap 'exit 0' TERM; " ATTACH STAY);
	assert_int_equal(begin(&f), KTSTR_PASS);
	assert_int_equal(finish(&f), KTSTR_FAIL);
	places.settle_ms = 20000;
	assert_contains(notes(&f), "the scheduler mine had not detached 0.3 s "
				   "after its end: the state of /tmp/");
	assert_contains(notes(&f), "is \"enabled\"|");
	end(&f);
}

static void one_that_ends_during_the_test_fails_it(void **state)
{
	struct fixture f;

	(void)state;
	unlink("go");
	make(&f,
	     ATTACH "while [ ! -f go ]; do sleep 0.02; done; echo bye; " DETACH
		    "exit 9");
	assert_int_equal(begin(&f), KTSTR_PASS);
	say(&f, "6,1,1,-;unrelated\n");
	say(&f, "6,2,2,-;sched_ext: BPF scheduler \"x\" disabled "
		"(unregistered from user space)\n");
	put("go", "", 0644);
	attend(&f);
	assert_contains(notes(&f), "the scheduler mine (./scheduler) exited "
				   "with 9 ");
	assert_contains(notes(&f), "s into the test|the kernel said of it:\n"
				   "sched_ext: BPF scheduler \"x\" disabled");
	assert_null(strstr(notes(&f), "unrelated"));
	assert_contains(notes(&f), "log:\nbye|");
	assert_int_equal(finish(&f), KTSTR_FAIL);
	end(&f);
}

/* It goes, and its program does not. */
static void one_that_detaches_itself_fails_the_test(void **state)
{
	struct fixture f;

	(void)state;
	places.settle_ms = 300;
	make(&f, ATTACH STAY);
	assert_int_equal(begin(&f), KTSTR_PASS);
	say(&f, "6,2,2,-;sched_ext: BPF scheduler \"x\" disabled "
		"(unregistered from user space)\n");
	assert_int_equal(system(DETACH), 0);
	assert_int_equal(write(f.uevent, "x", 1), 1);
	attend(&f);
	places.settle_ms = 20000;
	assert_contains(notes(&f), "the program detached the scheduler mine ");
	assert_contains(notes(&f), "(./scheduler) still runs|");
	assert_int_equal(finish(&f), KTSTR_FAIL);
	end(&f);
}

/* The program stays, or ends for that: the kernel's word counts. */
static void one_that_is_thrown_out_fails_the_test(void **state)
{
	static const char *const after[] = { STAY, "exit 1" };
	static const char *const told[] = { "(./scheduler) still runs|",
					    "(./scheduler) exited with 1|" };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		_cleanup_strbuf_ struct kt_strbuf script = { 0 };

		kt_strbuf_addf(&script,
			       ATTACH "while [ -d root ]; do sleep 0.02; done; "
				      "%s",
			       after[i]);
		places.settle_ms = i == 0 ? 300 : 20000;
		make(&f, kt_strbuf_text(&script));
		assert_int_equal(begin(&f), KTSTR_PASS);
		say(&f, "3,7,7,-;sched_ext: BPF scheduler \"x\" disabled "
			"(runnable task stall)\n");
		assert_int_equal(system(DETACH), 0);
		assert_int_equal(write(f.uevent, "x", 1), 1);
		attend(&f);
		assert_contains(notes(&f),
				"the kernel ended the scheduler mine ");
		assert_contains(notes(&f), told[i]);
		assert_contains(notes(&f), "(runnable task stall)");
		assert_int_equal(finish(&f), KTSTR_FAIL);
		end(&f);
	}
}

/* What comes at the very end is seen at the end. */
static void an_end_that_nothing_told_of_is_seen(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, ATTACH STAY);
	assert_int_equal(begin(&f), KTSTR_PASS);
	say(&f, "3,7,7,-;sched_ext: BPF scheduler \"x\" disabled (x)\n");
	assert_int_equal(system(DETACH), 0);
	places.settle_ms = 300;
	assert_int_equal(finish(&f), KTSTR_FAIL);
	places.settle_ms = 20000;
	assert_contains(notes(&f), "the kernel ended the scheduler mine ");
	end(&f);
}

static void one_that_does_not_end_is_killed(void **state)
{
	struct fixture f;

	(void)state;
	places.stop_ms = places.settle_ms = 200;
	make(&f, "trap '' TERM; " ATTACH STAY);
	assert_int_equal(begin(&f), KTSTR_PASS);
	unlink("state");
	put("state", "enabled\n", 0644);
	/* Of the directory, which is no kernel, it is not put away by that. */
	assert_int_equal(finish(&f), KTSTR_FAIL);
	places.stop_ms = places.settle_ms = 20000;
	assert_contains(notes(&f), "had not ended 0.2 s after a SIGTERM, and "
				   "was killed|");
	assert_true(WIFSIGNALED(f.s.program.wait_status));
	end(&f);
}

static void a_kernel_without_sched_ext_is_a_skip(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, "touch ran");
	f.declared.enable = KTSTR_WORDS("touch ran");
	unlink("state");
	assert_int_equal(begin(&f), KTSTR_SKIP);
	assert_contains(notes(&f), "has no sched_ext, which the scheduler mine "
				   "needs");
	assert_contains(notes(&f), "CONFIG_SCHED_CLASS_EXT");
	assert_int_equal(finish(&f), KTSTR_PASS);
	assert_int_equal(access("ran", F_OK), -1);
	end(&f);
}

static void a_line_that_fails_is_told(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, NULL);
	f.declared.enable = KTSTR_WORDS("true", "echo no such knob >&2; exit 7",
					"touch never");
	f.declared.disable = KTSTR_WORDS("touch never");
	assert_int_equal(begin(&f), KTSTR_FAIL);
	assert_string_equal(notes(&f),
			    "the enable line \"echo no such knob >&2; exit 7\" "
			    "exited with 7; it said: no such knob|");
	assert_int_equal(finish(&f), KTSTR_PASS);
	assert_int_equal(access("never", F_OK), -1);
	end(&f);

	make(&f, NULL);
	f.declared.disable = KTSTR_WORDS("exit 1");
	assert_int_equal(begin(&f), KTSTR_PASS);
	assert_int_equal(finish(&f), KTSTR_FAIL);
	assert_string_equal(notes(&f),
			    "the disable line \"exit 1\" exited with "
			    "1; it said nothing|");
	end(&f);
}

static void a_line_that_hangs_is_ended(void **state)
{
	struct ktstr_error err = { 0 };

	(void)state;
	assert_int_equal(kt_shell_lines_run("/bin/sh", "enable",
					    KTSTR_WORDS("echo a; sleep 1000"),
					    200, &err),
			 -EREMOTEIO);
	assert_string_equal(err.message,
			    "the enable line \"echo a; sleep 1000\" was still "
			    "running after 0.2 s; it said: a");
}

static void a_flood_in_the_log_is_cut(void **state)
{
	struct fixture f;
	struct stat st;

	(void)state;
	make(&f, "i=0; while [ $i -lt 4000 ]; do echo line $i "
		 "of a scheduler that says very much of itself; i=$((i+1)); "
		 "done; " ATTACH STAY);
	assert_int_equal(begin(&f), KTSTR_PASS);
	assert_int_equal(finish(&f), KTSTR_PASS);
	assert_int_equal(stat("log", &st), 0);
	assert_true(st.st_size > 60000 && st.st_size <= 64 * 1024);
	end(&f);
}

static void the_kernels_state_is_read(void **state)
{
	struct kt_sched_ext ext;

	(void)state;
	kt_remove_tree("root");
	unlink("state");
	assert_int_equal(kt_sched_ext_read(directory, &ext), -ENOENT);
	put("state", "enabled\n", 0644);
	assert_int_equal(kt_sched_ext_read(directory, &ext), 0);
	assert_false(kt_sched_ext_is_attached(&ext));
	assert_int_equal(mkdir("root", 0755), 0);
	put("root/ops", "scx_mine_1.0\n", 0644);
	assert_int_equal(kt_sched_ext_read(directory, &ext), 0);
	assert_string_equal(ext.ops, "scx_mine_1.0");
	assert_true(kt_sched_ext_is_attached(&ext));
	put("state", "disabling\n", 0644);
	assert_int_equal(kt_sched_ext_read(directory, &ext), 0);
	assert_false(kt_sched_ext_is_attached(&ext));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_attaches_and_is_stopped),
		cmocka_unit_test(an_end_before_the_attach_is_told),
		cmocka_unit_test(what_cannot_be_run_is_no_verdict),
		cmocka_unit_test(one_that_does_not_attach_is_not_waited_for),
		cmocka_unit_test(the_hosts_go_is_waited_for),
		cmocka_unit_test(one_that_stays_attached_fails_the_test),
		cmocka_unit_test(one_that_ends_during_the_test_fails_it),
		cmocka_unit_test(one_that_detaches_itself_fails_the_test),
		cmocka_unit_test(one_that_is_thrown_out_fails_the_test),
		cmocka_unit_test(an_end_that_nothing_told_of_is_seen),
		cmocka_unit_test(one_that_does_not_end_is_killed),
		cmocka_unit_test(a_kernel_without_sched_ext_is_a_skip),
		cmocka_unit_test(a_line_that_fails_is_told),
		cmocka_unit_test(a_line_that_hangs_is_ended),
		cmocka_unit_test(a_flood_in_the_log_is_cut),
		cmocka_unit_test(the_kernels_state_is_read),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
