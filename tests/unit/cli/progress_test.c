// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "cli/progress.h"

#define TEXT_MAX (1 << 20)

/* Standard output is a file, which is read back; notes go there as well. */
static int saved_fd, file_fd;

static int setup(void **state)
{
	char path[] = "/tmp/ktstr-progress-test.XXXXXX";

	(void)state;
	setenv("COLUMNS", "20", 1);
	fflush(stdout);
	saved_fd = dup(STDOUT_FILENO);
	file_fd = mkstemp(path);
	return saved_fd < 0 || file_fd < 0 || unlink(path) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	close(saved_fd);
	close(file_fd);
	return 0;
}

static void begin_capture(void)
{
	fflush(stdout);
	assert_int_equal(ftruncate(file_fd, 0), 0);
	assert_int_equal(lseek(file_fd, 0, SEEK_SET), 0);
	assert_int_equal(dup2(file_fd, STDOUT_FILENO), STDOUT_FILENO);
}

static char *end_capture(void)
{
	char *text = NULL;
	int r;

	r = dup2(saved_fd, STDOUT_FILENO);
	assert_int_equal(r, STDOUT_FILENO);
	assert_int_equal(lseek(file_fd, 0, SEEK_SET), 0);
	assert_int_equal(kt_read_fd(file_fd, TEXT_MAX, &text, NULL), 0);
	return text;
}

static void write_note(void *userdata, enum ktstr_log_level level,
		       const char *message)
{
	(void)userdata;
	(void)level;
	(void)kt_write_all(STDOUT_FILENO, message, strlen(message));
	(void)kt_write_all(STDOUT_FILENO, "\n", 1);
}

static const struct ktstr_log note_log = { .emit = write_note };
static const struct kt_cli cli = { .log = &note_log };

static void print(struct kt_progress *progress, const char *text)
{
	_cleanup_strbuf_ struct kt_strbuf sb = { 0 };

	kt_strbuf_add(&sb, text);
	kt_progress_print(progress, &sb);
}

static void lines_are_below_what_is_printed(void **state)
{
	_cleanup_free_ char *seen = NULL;
	struct kt_progress progress;

	(void)state;
	begin_capture();
	kt_progress_init(&progress, &cli, true);
	kt_progress_show(&progress, "run  a\nrun  b\n");
	print(&progress, "pass a\n");
	kt_progress_note(&progress, KTSTR_LOG_NOTICE, "a note");
	kt_progress_show(&progress, "run  b\n");
	kt_progress_show(&progress, "");
	print(&progress, "pass b\n");
	kt_progress_deinit(&progress);
	seen = end_capture();
	assert_string_equal(seen, "run  a\nrun  b"
				  "\r\033[1A\033[Jpass a\nrun  a\nrun  b"
				  "\r\033[1A\033[Ja note\nrun  a\nrun  b"
				  "\r\033[1A\033[Jrun  b"
				  "\r\033[Jpass b\n");
}

static void piped_it_is_calm(void **state)
{
	_cleanup_free_ char *seen = NULL;
	struct kt_progress progress;

	(void)state;
	begin_capture();
	kt_progress_init(&progress, &cli, false);
	kt_progress_show(&progress, "run  a\n");
	print(&progress, "pass a\n");
	kt_progress_note(&progress, KTSTR_LOG_WARNING, "a note");
	kt_progress_deinit(&progress);
	seen = end_capture();
	assert_string_equal(seen, "pass a\na note\n");
}

/* 19 of 20 columns, and 23 of the 24 rows of a terminal that does not say. */
static void what_does_not_fit_is_cut(void **state)
{
	_cleanup_strbuf_ struct kt_strbuf many = { 0 };
	_cleanup_free_ char *wide = NULL, *high = NULL;
	struct kt_progress progress;
	size_t rows = 1;

	(void)state;
	begin_capture();
	kt_progress_init(&progress, &cli, true);
	kt_progress_show(&progress, "0123456789012345678901\nshort\n");
	wide = end_capture();
	assert_string_equal(wide, "0123456789012345678\nshort");
	for (int i = 0; i < 100; i++)
		kt_strbuf_addf(&many, "line %d\n", i);
	begin_capture();
	kt_progress_show(&progress, kt_strbuf_text(&many));
	high = end_capture();
	for (const char *c = strchr(high, 'l'); *c; c++)
		rows += *c == '\n';
	assert_int_equal(rows, 23);
	begin_capture();
	kt_progress_deinit(&progress);
	free(end_capture());
}

static void *print_notes(void *progress)
{
	for (int i = 0; i < 200; i++)
		kt_progress_note(progress, KTSTR_LOG_NOTICE, "note");
	return NULL;
}

/* Wherever a note is, the lines are not. */
static void notes_come_from_any_thread(void **state)
{
	_cleanup_free_ char *seen = NULL;
	struct kt_progress progress;
	pthread_t threads[4];
	size_t notes = 0;

	(void)state;
	begin_capture();
	kt_progress_init(&progress, &cli, true);
	for (size_t i = 0; i < KT_ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, print_notes, &progress);
	for (int i = 0; i < 200; i++)
		kt_progress_show(&progress, i % 2 ? "one\n" : "two\nlines\n");
	for (size_t i = 0; i < KT_ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	kt_progress_deinit(&progress);
	seen = end_capture();
	for (const char *c = strstr(seen, "note"); c;
	     c = strstr(c + 1, "note")) {
		notes++;
		assert_true(c == seen || c[-1] == '\n' || c[-1] == 'J');
		assert_memory_equal(c, "note\n", 5);
	}
	assert_int_equal(notes, 800);
}

/* Told once; there is nothing to be gained from trying again. */
static void a_full_disk_is_remembered(void **state)
{
	struct kt_progress progress;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	int r;

	(void)state;
	assert_true(full >= 0);
	fflush(stdout);
	dup2(full, STDOUT_FILENO);
	close(full);
	kt_progress_init(&progress, &cli, false);
	print(&progress, "pass a\n");
	r = dup2(saved_fd, STDOUT_FILENO);
	assert_int_equal(r, STDOUT_FILENO);
	assert_true(progress.output_failed);
	kt_progress_deinit(&progress);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_below_what_is_printed),
		cmocka_unit_test(piped_it_is_calm),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(notes_come_from_any_thread),
		cmocka_unit_test(a_full_disk_is_remembered),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
