// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "initramfs/base_cache.h"
#include "initramfs/base_members.h"
#include "scratch.h"

static const struct kt_base_key request = { { 1, 2, 3 } };

static int open_cache(void)
{
	int fd;

	assert_int_equal(kt_base_cache_open(&fd, NULL), 0);
	return fd;
}

/* A base that holds one file. */
static struct kt_base make(int cache_fd, const char *text)
{
	_cleanup_tree_ struct kt_tree tree = { 0 };
	uint8_t *data = (uint8_t *)strdup(text);
	struct ktstr_error err;
	struct kt_base base;

	assert_int_equal(kt_tree_add_data(&tree, "a/file", 0644, NULL, &data,
					  strlen(text), NULL),
			 0);
	if (kt_base_cache_make(cache_fd, &tree, &base, &err) < 0)
		fail_msg("%s", err.message);
	return base;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static void assert_holds(const struct kt_base *base, const char *text)
{
	struct unpacked *unpacked = unpack_fd(base->fd, base->bytes);

	assert_string_equal(unpacked_find(unpacked, "a/file")->data, text);
	unpacked_free(unpacked);
}

/* The number of entries whose names end in `suffix`; one of them to `ret`. */
static size_t entries(const struct scratch *s, const char *suffix, char *ret)
{
	DIR *dir = opendir(scratch_path(s, "cache/initramfs"));
	struct dirent *de;
	size_t n = 0;

	assert_non_null(dir);
	while ((de = readdir(dir))) {
		size_t length = strlen(de->d_name);

		if (de->d_name[0] == '.' || length < strlen(suffix) ||
		    strcmp(de->d_name + length - strlen(suffix), suffix))
			continue;
		n++;
		if (ret)
			snprintf(ret, 512, "%s/cache/initramfs/%s",
				 s->directory, de->d_name);
	}
	closedir(dir);
	return n;
}

static void equal_members_share_one_file(void **state)
{
	_cleanup_close_ int cache_fd = open_cache();
	struct kt_base a = make(cache_fd, "x"), b = make(cache_fd, "x");

	assert_int_equal(inode_of(a.fd), inode_of(b.fd));
	assert_int_equal(entries(*state, "", NULL), 1);
	assert_holds(&b, "x");
	kt_base_deinit(&a);
	kt_base_deinit(&b);
}

static void other_members_have_a_file_of_their_own(void **state)
{
	_cleanup_close_ int cache_fd = open_cache();
	struct kt_base a = make(cache_fd, "x"), b = make(cache_fd, "y");

	assert_int_not_equal(inode_of(a.fd), inode_of(b.fd));
	assert_int_equal(entries(*state, ".cpio", NULL), 2);
	kt_base_deinit(&a);
	kt_base_deinit(&b);
}

static void a_base_cannot_be_written_through_its_descriptor(void **state)
{
	_cleanup_close_ int cache_fd = open_cache();
	struct kt_base bases[] = { make(cache_fd, "x"), make(cache_fd, "x"),
				   make(-1, "x") };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(write(bases[i].fd, "y", 1), -1);
		kt_base_deinit(&bases[i]);
	}
}

static void without_a_cache_the_base_is_in_memory(void **state)
{
	struct kt_base base = make(-1, "x");

	(void)state;
	assert_holds(&base, "x");
	kt_base_deinit(&base);
}

static void a_truncated_base_is_made_again(void **state)
{
	_cleanup_close_ int cache_fd = open_cache();
	struct kt_base base = make(cache_fd, "x");
	char path[512];

	assert_int_equal(entries(*state, ".cpio", path), 1);
	for (off_t cut = (off_t)base.bytes; cut >= 0; cut -= 1000) {
		struct kt_base again;

		assert_int_equal(truncate(path, cut), 0);
		again = make(cache_fd, "x");
		assert_int_not_equal(inode_of(again.fd), inode_of(base.fd));
		assert_holds(&again, "x");
		kt_base_deinit(&base);
		base = again;
	}
	kt_base_deinit(&base);
}

static void a_base_with_a_changed_byte_is_made_again(void **state)
{
	_cleanup_close_ int cache_fd = open_cache();
	struct kt_base base = make(cache_fd, "x");
	const off_t size = (off_t)base.bytes + 56;
	char path[512];

	assert_int_equal(entries(*state, ".cpio", path), 1);
	for (off_t at = 0; at < size; at += at < size - 60 ? 97 : 1) {
		int fd = open(path, O_RDWR | O_CLOEXEC);
		struct kt_base again;
		uint8_t byte;

		assert_true(fd >= 0);
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		close(fd);
		again = make(cache_fd, "x");
		assert_int_not_equal(inode_of(again.fd), inode_of(base.fd));
		assert_holds(&again, "x");
		kt_base_deinit(&base);
		base = again;
	}
	kt_base_deinit(&base);
}

/* A set that counts as settled, with one file in it. */
static void watch(struct kt_witness_set *seen, const char *path)
{
	kt_witness_set_look(seen, path);
	seen->unsettled = false;
}

static void remember(int cache_fd, struct kt_base *base,
		     const struct kt_witness_set *seen)
{
	base->modules = (uint8_t *)strdup("/m");
	base->modules_bytes = 3;
	assert_int_equal(kt_base_cache_remember(cache_fd, &request, base, seen),
			 0);
}

static void what_is_remembered_is_found(void **state)
{
	_cleanup_witness_set_ struct kt_witness_set seen = { 0 };
	_cleanup_close_ int cache_fd = open_cache();
	const struct kt_base_key other = { { 9 } };
	struct kt_base base = make(cache_fd, "x"), found = { .fd = -1 };

	watch(&seen, scratch_text(*state, "w", "w"));
	watch(&seen, "/nowhere/library");
	remember(cache_fd, &base, &seen);
	assert_int_equal(kt_base_cache_find(cache_fd, &other, &found), 0);
	assert_int_equal(kt_base_cache_find(cache_fd, &request, &found), 1);
	assert_int_equal(inode_of(found.fd), inode_of(base.fd));
	assert_int_equal(found.bytes, base.bytes);
	assert_int_equal(found.unpacked_bytes, 4096);
	assert_int_equal(found.modules_bytes, 3);
	assert_memory_equal(found.modules, "/m", 3);
	kt_base_deinit(&found);
	kt_base_deinit(&base);
}

static void a_changed_file_is_noticed(void **state)
{
	_cleanup_witness_set_ struct kt_witness_set seen = { 0 };
	_cleanup_close_ int cache_fd = open_cache();
	struct kt_base base = make(cache_fd, "x"), found = { .fd = -1 };

	watch(&seen, scratch_text(*state, "w", "w"));
	remember(cache_fd, &base, &seen);
	/* Same size, another file. */
	scratch_text(*state, "w", "v");
	assert_int_equal(kt_base_cache_find(cache_fd, &request, &found), 0);
	kt_base_deinit(&base);
}

static void a_file_that_appears_is_noticed(void **state)
{
	_cleanup_witness_set_ struct kt_witness_set seen = { 0 };
	_cleanup_close_ int cache_fd = open_cache();
	struct kt_base base = make(cache_fd, "x"), found = { .fd = -1 };

	watch(&seen, scratch_path(*state, "w"));
	remember(cache_fd, &base, &seen);
	scratch_text(*state, "w", "");
	assert_int_equal(kt_base_cache_find(cache_fd, &request, &found), 0);
	kt_base_deinit(&base);
}

static void a_file_changed_just_now_is_not_relied_on(void **state)
{
	_cleanup_witness_set_ struct kt_witness_set seen = { 0 };
	_cleanup_close_ int cache_fd = open_cache();
	struct kt_base base = make(cache_fd, "x"), found = { .fd = -1 };

	/* Not settled: a change within the same tick would not show. */
	kt_witness_set_look(&seen, scratch_text(*state, "w", "w"));
	assert_true(seen.unsettled);
	assert_int_equal(
		kt_base_cache_remember(cache_fd, &request, &base, &seen), 0);
	assert_int_equal(kt_base_cache_find(cache_fd, &request, &found), 0);
	assert_int_equal(entries(*state, ".made", NULL), 0);
	kt_base_deinit(&base);
}

static void a_touched_base_is_checked_before_it_is_used(void **state)
{
	_cleanup_witness_set_ struct kt_witness_set seen = { 0 };
	_cleanup_close_ int cache_fd = open_cache();
	struct kt_base base = make(cache_fd, "x"), found = { .fd = -1 };
	char path[512];

	remember(cache_fd, &base, &seen);
	assert_int_equal(entries(*state, ".cpio", path), 1);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(kt_base_cache_find(cache_fd, &request, &found), 1);
	kt_base_deinit(&found);
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(kt_base_cache_find(cache_fd, &request, &found), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(kt_base_cache_find(cache_fd, &request, &found), 0);
	kt_base_deinit(&base);
}

static void a_damaged_note_is_no_note(void **state)
{
	_cleanup_witness_set_ struct kt_witness_set seen = { 0 };
	_cleanup_close_ int cache_fd = open_cache();
	struct kt_base base = make(cache_fd, "x"), found = { .fd = -1 };
	_cleanup_free_ char *note = NULL;
	char path[512];
	size_t bytes;

	watch(&seen, "/nowhere/library");
	remember(cache_fd, &base, &seen);
	assert_int_equal(entries(*state, ".made", path), 1);
	assert_int_equal(kt_read_file(path, 65536, &note, &bytes), 0);
	for (size_t i = 0; i < bytes; i++) {
		note[i] ^= 1;
		assert_int_equal(kt_write_file_atomic(path, note, bytes, 0644),
				 0);
		note[i] ^= 1;
		assert_int_equal(kt_base_cache_find(cache_fd, &request, &found),
				 0);
		assert_int_equal(kt_write_file_atomic(path, note, i, 0644), 0);
		assert_int_equal(kt_base_cache_find(cache_fd, &request, &found),
				 0);
	}
	assert_int_equal(kt_write_file_atomic(path, note, bytes, 0644), 0);
	assert_int_equal(kt_base_cache_find(cache_fd, &request, &found), 1);
	kt_base_deinit(&found);
	kt_base_deinit(&base);
}

static void makers_at_the_same_time_end_with_one_file(void **state)
{
	_cleanup_close_ int cache_fd = open_cache();
	struct kt_base base;
	pid_t pids[8];
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	for (size_t i = 0; i < 8; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (!pids[i]) {
			struct kt_base mine;
			char byte;

			close(gate[1]);
			if (read(gate[0], &byte, 1))
				_exit(2);
			mine = make(cache_fd, "x");
			assert_holds(&mine, "x");
			_exit(0);
		}
	}
	close(gate[0]);
	close(gate[1]); /* and they are off */
	for (size_t i = 0; i < 8; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(entries(*state, "", NULL), 1);
	base = make(cache_fd, "x");
	kt_base_deinit(&base);
	assert_int_equal(entries(*state, "", NULL), 1);
}

static void old_bases_are_dropped(void **state)
{
	_cleanup_close_ int cache_fd = open_cache();
	const struct timespec long_ago[2] = { { .tv_sec = 1000 },
					      { .tv_sec = 1000 } };
	char oldest[512];
	struct kt_base base = make(cache_fd, "the oldest");

	kt_base_deinit(&base);
	assert_int_equal(entries(*state, ".cpio", oldest), 1);
	assert_int_equal(utimensat(AT_FDCWD, oldest, long_ago, 0), 0);
	for (int i = 0; i < KT_BASE_KEEP + 3; i++) {
		char text[16];

		snprintf(text, sizeof(text), "%d", i);
		base = make(cache_fd, text);
		assert_holds(&base, text);
		kt_base_deinit(&base);
	}
	assert_int_equal(entries(*state, ".cpio", NULL), KT_BASE_KEEP);
	assert_int_equal(access(oldest, F_OK), -1);
}

static void a_dead_makers_draft_is_dropped(void **state)
{
	_cleanup_close_ int cache_fd = open_cache();
	const struct timespec long_ago[2] = { { .tv_sec = 1000 },
					      { .tv_sec = 1000 } };
	const char *dead = scratch_text(*state, "cache/initramfs/draft-1-1", "");
	const char *alive = scratch_text(*state, "cache/initramfs/draft-2-2", "");
	struct kt_base base;

	assert_int_equal(utimensat(AT_FDCWD, dead, long_ago, 0), 0);
	base = make(cache_fd, "x");
	kt_base_deinit(&base);
	assert_int_equal(access(dead, F_OK), -1);
	assert_int_equal(access(alive, F_OK), 0);
}

static void a_file_that_changes_while_it_is_packed_is_noticed(void **state)
{
	_cleanup_close_ int cache_fd = open_cache();
	static const char *const versions[] = { "new!", "longer", "s" };

	for (size_t i = 0; i < 3; i++) {
		_cleanup_tree_ struct kt_tree tree = { 0 };
		const char *path = scratch_text(*state, "f", "text");
		struct ktstr_error err;
		struct kt_base base;
		char message[1024];

		assert_int_equal(kt_tree_add_host_file(&tree, "f", 0644, path,
						       NULL, NULL),
				 0);
		scratch_text(*state, "f", versions[i]);
		assert_int_equal(kt_base_cache_make(cache_fd, &tree, &base, &err),
				 -EAGAIN);
		snprintf(message, sizeof(message), "\"%s\" %s: try again", path,
			 i == 2 ? "became shorter while it was read" :
				  "changed while it was packed");
		assert_string_equal(err.message, message);
	}
	assert_int_equal(entries(*state, "", NULL), 0);
}

static void a_whole_request_is_remembered(void **state)
{
	_cleanup_close_ int cache_fd = open_cache();
	/* Files of the system's, which nobody changes now. */
	struct kt_initramfs_spec spec = { .init_binary = "/bin/sh" };
	struct kt_initramfs *initramfs;
	struct kt_base found = { .fd = -1 };
	struct kt_base_key key, other;

	(void)state;
	assert_int_equal(kt_base_request(&spec, &key, NULL), 0);
	assert_int_equal(kt_base_cache_find(cache_fd, &key, &found), 0);
	assert_int_equal(kt_initramfs_build(&spec, NULL, &initramfs, NULL), 0);
	assert_int_equal(kt_base_cache_find(cache_fd, &key, &found), 1);
	assert_int_equal(inode_of(found.fd), inode_of(initramfs->base_fd));
	assert_int_equal(found.bytes, initramfs->base_bytes);
	kt_base_deinit(&found);
	kt_initramfs_free(initramfs);
	/* The environment has a say in where libraries are found. */
	setenv("LD_LIBRARY_PATH", "/nowhere", 1);
	assert_int_equal(kt_base_request(&spec, &other, NULL), 0);
	assert_memory_not_equal(&key, &other, sizeof(key));
	unsetenv("LD_LIBRARY_PATH");
}

struct lines {
	char text[1024];
};

static void keep_line(void *userdata, enum ktstr_log_level level,
		      const char *message)
{
	struct lines *lines = userdata;

	assert_int_equal(level, KTSTR_LOG_WARNING);
	snprintf(lines->text, sizeof(lines->text), "%s", message);
}

static void an_unusable_cache_costs_a_warning(void **state)
{
	const struct kt_initramfs_spec spec = { .init_binary = "/bin/sh" };
	struct lines lines = { "" };
	const struct ktstr_log log = { keep_line, &lines };
	struct kt_initramfs *initramfs;

	(void)state;
	setenv("KTSTR_CACHE_DIR", "/dev/null/cache", 1);
	assert_int_equal(kt_initramfs_build(&spec, &log, &initramfs, NULL), 0);
	assert_string_equal(lines.text,
			    "the initramfs is made anew each time: cannot make "
			    "the cache \"/dev/null/cache/initramfs\": Not a "
			    "directory");
	kt_initramfs_free(initramfs);
}

int main(void)
{
#define SCRATCH_TEST(f)                                                        \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(equal_members_share_one_file),
		SCRATCH_TEST(other_members_have_a_file_of_their_own),
		SCRATCH_TEST(a_base_cannot_be_written_through_its_descriptor),
		SCRATCH_TEST(without_a_cache_the_base_is_in_memory),
		SCRATCH_TEST(a_truncated_base_is_made_again),
		SCRATCH_TEST(a_base_with_a_changed_byte_is_made_again),
		SCRATCH_TEST(what_is_remembered_is_found),
		SCRATCH_TEST(a_changed_file_is_noticed),
		SCRATCH_TEST(a_file_that_appears_is_noticed),
		SCRATCH_TEST(a_file_changed_just_now_is_not_relied_on),
		SCRATCH_TEST(a_touched_base_is_checked_before_it_is_used),
		SCRATCH_TEST(a_damaged_note_is_no_note),
		SCRATCH_TEST(makers_at_the_same_time_end_with_one_file),
		SCRATCH_TEST(old_bases_are_dropped),
		SCRATCH_TEST(a_dead_makers_draft_is_dropped),
		SCRATCH_TEST(a_file_that_changes_while_it_is_packed_is_noticed),
		SCRATCH_TEST(a_whole_request_is_remembered),
		SCRATCH_TEST(an_unusable_cache_costs_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
