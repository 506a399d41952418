// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "images.h"
#include "kernel/cache.h"
#include "kernel/fetch.h"
#include "kernel/kernel.h"

#define SPLIT "7.3.4+deb13-cloud-amd64"
#define WHOLE "6.18.15+deb13-cloud-amd64"

/* A fake archive (see fake_apt.sh), a cache, and what a fetch reported. */
struct fixture {
	char *directory;
	char *fake;
	char *path;
	struct kt_fetch_result result;
	struct ktstr_error err;
	struct kt_strbuf phases;
	struct kt_strbuf log;
	unsigned int cancel_at; /* phases until a cancellation; 0: never */
	unsigned int n_phases;
	uint64_t last_bytes, total_bytes;
	int waiting_fd; /* told when the fetch has to wait; 0: none */
};

/* Stands in for the C library's: renaming to what ends so is refused. */
static const char *refused_end;

int rename(const char *from, const char *to)
{
	const char *end = refused_end ? strstr(to, refused_end) : NULL;

	if (end && strlen(end) == strlen(refused_end)) {
		errno = EROFS;
		return -1;
	}
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

static void put(struct fixture *f, const char *name, const char *text)
{
	free(test_write(f->fake, name, text, strlen(text)));
}

static void put_image(struct fixture *f, const char *name, const char *release)
{
	_cleanup_strbuf_ struct kt_strbuf elf = { 0 }, image = { 0 };

	test_make_elf(&elf);
	test_make_bzimage(KT_COMPRESSION_ZSTD, &elf, &image);
	strcpy(image.data + 0x300, release);
	free(test_write(f->fake, name, image.data, image.length));
}

/* One kernel in three packages, one in a single one, and neighbours. */
static void make_archive(struct fixture *f)
{
	put(f, "names",
	    "linux-image-" SPLIT "\nlinux-binary-" SPLIT "\n"
	    "linux-base-" SPLIT "\nlinux-modules-" SPLIT "\n"
	    "linux-image-" SPLIT "-unsigned\nlinux-image-" SPLIT "-dbg\n"
	    "linux-image-7.3.4+deb13-amd64\n"
	    "linux-image-7.3.2+deb13-cloud-amd64\n"
	    "linux-image-" WHOLE "\nlinux-image-6.18-cloud-amd64\n"
	    "linux-image-6.18.9+deb13-cloud-amd64\n"
	    "linux-image-7.0.13+deb13-cloud-amd64\n"
	    "linux-binary-7.0.13+deb13-cloud-amd64\n"
	    "linux-image-6.1.0-56-rt-amd64\n"
	    "linux-image-6.1.0-56-cloud-amd64\n"
	    "linux-image-6.12.3-cloud-arm64\n");
	put(f, "depends/linux-image-" SPLIT,
	    "dracut | initramfs-tools (>= 0.1), linux-base-" SPLIT
	    " (= 7.3.4-1), linux-binary-" SPLIT " (= 7.3.4-1), "
	    "linux-modules-" SPLIT " (= 7.3.4-1)");
	put(f, "depends/linux-image-" WHOLE,
	    "kmod, linux-base-" WHOLE " (= 6.18.15-1)");
	put(f, "trees/linux-image-" SPLIT "/usr/share/doc/x", "");
	put_image(f,
		  "trees/linux-binary-" SPLIT "/usr/lib/modules/" SPLIT
		  "/vmlinuz",
		  SPLIT);
	put(f, "trees/linux-base-" SPLIT "/usr/lib/modules/" SPLIT "/config",
	    "CONFIG_SCHED_CLASS_EXT=y\n");
	put(f, "trees/linux-base-" SPLIT "/usr/lib/modules/" SPLIT "/modules.order",
	    "");
	put(f, "trees/linux-modules-" SPLIT "/usr/lib/modules/" SPLIT "/kernel/x",
	    "");
	put_image(f, "trees/linux-image-" WHOLE "/boot/vmlinuz-" WHOLE, WHOLE);
	put(f, "trees/linux-image-" WHOLE "/boot/config-" WHOLE, "");
	put(f, "trees/linux-image-" WHOLE "/lib/modules/" WHOLE "/kernel/x", "");
}

static int setup(void **state)
{
	static const char *const tools[] = { "apt-get", "apt-cache",
					     "apt-helper", "dpkg" };
	struct fixture *f = calloc(1, sizeof(*f));
	_cleanup_free_ char *cache = NULL, *bin = NULL, *path = NULL;

	f->directory = test_make_directory();
	f->fake = kt_path_join(f->directory, "fake");
	f->path = strdup(getenv("PATH"));
	cache = kt_path_join(f->directory, "cache");
	bin = kt_path_join(f->directory, "bin");
	assert_int_equal(kt_mkdir_p(bin, 0755), 0);
	for (size_t i = 0; i < KT_ARRAY_SIZE(tools); i++) {
		_cleanup_free_ char *tool = kt_path_join(bin, tools[i]);

		assert_int_equal(symlink(KTSTR_SOURCE_ROOT
					 "/tests/unit/kernel/fake_apt.sh",
					 tool),
				 0);
	}
	assert_true(asprintf(&path, "%s:%s", bin, f->path) > 0);
	setenv("PATH", path, 1);
	setenv("FAKE", f->fake, 1);
	setenv("KTSTR_CACHE_DIR", cache, 1);
	make_archive(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	setenv("PATH", f->path, 1);
	test_remove_directory(f->directory);
	kt_strbuf_deinit(&f->phases);
	kt_strbuf_deinit(&f->log);
	free(f->result.image);
	free(f->fake);
	free(f->path);
	free(f);
	return 0;
}

static void take_progress(void *userdata, const struct kt_fetch_progress *progress)
{
	struct fixture *f = userdata;
	char letter = "wldu"[progress->phase];

	if (!f->phases.length || f->phases.data[f->phases.length - 1] != letter)
		kt_strbuf_add_char(&f->phases, letter);
	if (letter == 'w' && f->waiting_fd)
		(void)kt_write_all(f->waiting_fd, "w", 1);
	f->n_phases++;
	f->last_bytes = progress->done_bytes;
	f->total_bytes = progress->total_bytes;
}

static bool is_cancelled(void *userdata)
{
	const struct fixture *f = userdata;

	return f->cancel_at && f->n_phases >= f->cancel_at;
}

static void take_log(void *userdata, enum ktstr_log_level level,
		     const char *message)
{
	struct fixture *f = userdata;

	kt_strbuf_addf(&f->log, "%d %s\n", level, message);
}

static int fetch(struct fixture *f, const char *version, const char *suite)
{
	const struct ktstr_log log = { take_log, f };
	struct kt_fetch_request request = {
		.version = version,
		.suite = suite,
		.progress = take_progress,
		.cancelled = is_cancelled,
		.userdata = f,
		.log = &log,
	};

	free(TAKE_PTR(f->result.image));
	kt_strbuf_reset(&f->phases);
	return kt_kernel_fetch(&request, &f->result, &f->err);
}

static void assert_fetched(struct fixture *f, const char *version,
			   const char *release, bool was_there)
{
	if (fetch(f, version, NULL))
		fail_msg("%s", f->err.message);
	assert_string_equal(f->result.release, release);
	assert_int_equal(f->result.was_there, was_there);
	assert_int_equal(access(f->result.image, R_OK), 0);
}

/* How often the fake tools did a thing. */
static int times(struct fixture *f, const char *thing)
{
	_cleanup_free_ char *path = kt_path_join(f->fake, "log");
	_cleanup_free_ char *log = NULL;
	int n = 0;

	if (kt_read_file(path, 1 << 20, &log, NULL))
		return 0;
	for (const char *at = log; (at = strstr(at, thing)); at++)
		n++;
	return n;
}

static bool in_cache(struct fixture *f, const char *name)
{
	_cleanup_free_ char *path = NULL;

	assert_true(asprintf(&path, "%s/cache/%s", f->directory, name) > 0);
	return !access(path, F_OK);
}

static void a_split_kernel_is_put_together(void **state)
{
	struct fixture *f = *state;
	struct kt_kernel_ref ref;

	assert_fetched(f, "7.3", SPLIT, false);
	assert_string_equal(kt_strbuf_text(&f->phases), "ldu");
	assert_int_equal(f->total_bytes, 4000);
	assert_int_equal(f->last_bytes, 4000);
	assert_true(in_cache(f, "kernels/" SPLIT "/vmlinuz"));
	assert_true(in_cache(f, "kernels/" SPLIT "/config"));
	assert_true(in_cache(f, "kernels/" SPLIT "/lib/modules/" SPLIT
				"/kernel/x"));
	assert_true(in_cache(f, "kernels/" SPLIT "/lib/modules/" SPLIT
				"/modules.dep"));
	assert_false(in_cache(f, "kernels/.staging"));
	assert_false(in_cache(f, "apt/downloads/linux-image-" SPLIT ".deb"));
	/* And is what its version now stands for. */
	assert_int_equal(kt_kernel_resolve("7.3", &ref, NULL), 0);
	assert_string_equal(ref.release, SPLIT);
	assert_contains(ref.modules_dir, "/kernels/" SPLIT "/lib/modules/");
	kt_kernel_ref_deinit(&ref);
}

static void a_kernel_in_one_package_is_taken_as_it_is(void **state)
{
	struct fixture *f = *state;

	/* Its linux-base package is named, and not in the archive. */
	assert_fetched(f, "6.18.15", WHOLE, false);
	assert_int_equal(times(f, "download "), 1);
	assert_true(in_cache(f, "kernels/" WHOLE "/vmlinuz"));
	assert_true(in_cache(f, "kernels/" WHOLE "/lib/modules/" WHOLE
				"/modules.dep"));
}

static void latest_is_the_newest_made_for_virtual_machines(void **state)
{
	struct fixture *f = *state;

	assert_fetched(f, "latest", SPLIT, false);
}

static void what_is_there_is_not_fetched_again(void **state)
{
	struct fixture *f = *state;

	assert_fetched(f, "7.3", SPLIT, false);
	assert_int_equal(times(f, "update"), 1);
	/* A series may have moved on: the lists have to be asked. */
	assert_fetched(f, "7.3", SPLIT, true);
	assert_int_equal(times(f, "update"), 2);
	assert_fetched(f, "7.3.4", SPLIT, true);
	assert_fetched(f, SPLIT, SPLIT, true);
	assert_int_equal(times(f, "update"), 2);
	assert_int_equal(times(f, "download "), 4);
}

static void a_version_not_on_offer_lists_what_is(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fetch(f, "5.10", NULL), -ENOENT);
	assert_string_equal(f->err.message,
			    "kernel 5.10 is not on offer in trixie-backports "
			    "and bookworm; the newest of each series there: "
			    "7.3.4, 6.18.15, 6.1.0-56");
	message_seen(f->err.message);
	assert_int_equal(fetch(f, "9.9", "sid"), -ENOENT);
	assert_contains(f->err.message, "kernel 9.9 is not on offer in sid; ");
	message_seen(f->err.message);
}

static void a_kernel_that_lost_its_modules_is_no_offer(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fetch(f, "7.0", NULL), -ENOENT);
	assert_contains(f->err.message,
			"kernel 7.0.13+deb13-cloud-amd64 is on offer without "
			"its modules in trixie-backports and bookworm; the "
			"newest");
	message_seen(f->err.message);
}

static void what_is_no_version_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fetch(f, "newest", NULL), -EINVAL);
	assert_string_equal(f->err.message,
			    "\"newest\" is no kernel version; give \"latest\", "
			    "a series such as 7.3 or a release such as "
			    "6.18.15");
	message_seen(f->err.message);
	assert_int_equal(times(f, ""), 0);
}

static void without_any_list_apt_is_quoted(void **state)
{
	struct fixture *f = *state;

	put(f, "names", "");
	put(f, "update", "echo 'W: Failed to fetch x' >&2; exit 0\n");
	assert_int_equal(fetch(f, "7.3", NULL), -ENETUNREACH);
	assert_int_equal(f->err.kind, KTSTR_ERROR_ENVIRONMENT);
	assert_string_equal(f->err.message,
			    "no package list of trixie-backports and bookworm "
			    "could be read; apt says:\nW: Failed to fetch x");
	message_seen(f->err.message);
	put(f, "update", "");
	assert_int_equal(fetch(f, "7.3", NULL), -ENOENT);
	assert_string_equal(
		f->err.message,
		"no kernels are on offer in trixie-backports and bookworm");
	message_seen(f->err.message);
}

static void older_lists_serve_with_a_warning(void **state)
{
	struct fixture *f = *state;

	put(f, "update", "echo 'E: no such suite' >&2; exit 100\n");
	assert_fetched(f, "7.3", SPLIT, false);
	assert_string_equal(kt_strbuf_text(&f->log),
			    "0 not all package lists could be read anew; older "
			    "ones serve. apt says:\nE: no such suite\n");
}

static void a_broken_download_is_gone_on_with(void **state)
{
	struct fixture *f = *state;

	put(f, "download",
	    "case $2 in *linux-modules*) echo half >\"$3\"; "
	    "echo 'E: connection lost' >&2; exit 100;; esac\n");
	assert_int_equal(fetch(f, "7.3", NULL), -EREMOTEIO);
	assert_string_equal(f->err.message,
			    "cannot download linux-modules-" SPLIT
			    ".deb: apt-helper failed with status 100:\n"
			    "E: connection lost");
	message_seen(f->err.message);
	assert_false(in_cache(f, "kernels/" SPLIT));
	assert_true(
		in_cache(f, "apt/downloads/linux-modules-" SPLIT ".deb.part"));
	/* What was whole is not asked for again; the rest is added to. */
	put(f, "download", "grep -q half \"$3\"\n");
	assert_fetched(f, "7.3", SPLIT, false);
	assert_int_equal(times(f, "download linux-image-"), 1);
	assert_int_equal(times(f, "download linux-modules-"), 2);
}

static void packages_of_another_kernel_are_refused(void **state)
{
	struct fixture *f = *state;

	put_image(f,
		  "trees/linux-binary-" SPLIT "/usr/lib/modules/" SPLIT
		  "/vmlinuz",
		  "7.3.5-x");
	assert_int_equal(fetch(f, "7.3", NULL), -EBADMSG);
	assert_string_equal(f->err.message, "the packages of kernel " SPLIT
					    " hold kernel 7.3.5-x");
	message_seen(f->err.message);
	assert_false(in_cache(f, "kernels/" SPLIT));
	assert_false(in_cache(f, "kernels/.staging"));
}

static void packages_without_an_image_are_refused(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *tree =
		kt_path_join(f->fake, "trees/linux-binary-" SPLIT "/usr");

	assert_int_equal(kt_remove_tree(tree), 0);
	assert_int_equal(fetch(f, "7.3", NULL), -EBADMSG);
	assert_string_equal(f->err.message,
			    "the packages of kernel " SPLIT " hold no image");
	message_seen(f->err.message);
}

static void a_download_without_a_checksum_is_refused(void **state)
{
	struct fixture *f = *state;

	put(f, "hash", "MD5Sum:0123");
	assert_int_equal(fetch(f, "6.18", NULL), -EBADMSG);
	assert_string_equal(f->err.message,
			    "apt names no download with a checksum for each of "
			    "the 1 packages of kernel " WHOLE);
	message_seen(f->err.message);
	put(f, "hash", "");
	assert_int_equal(fetch(f, "6.18", NULL), -EBADMSG);
	assert_int_equal(times(f, "download "), 0);
}

/* As far as it came: nothing that would pass for a kernel. */
static void assert_not_published(struct fixture *f, const char *refused,
				 const char *wanted)
{
	refused_end = refused;
	assert_int_equal(fetch(f, "7.3", NULL), -EROFS);
	refused_end = NULL;
	assert_contains(f->err.message, wanted);
	assert_contains(f->err.message, " (set KTSTR_CACHE_DIR to use another "
					"place): Read-only file system");
	message_seen(f->err.message);
	assert_false(in_cache(f, "kernels/" SPLIT));
}

static void a_kernel_that_cannot_be_put_in_place_is_told(void **state)
{
	struct fixture *f = *state;

	assert_not_published(f, "/vmlinuz", "cannot move ");
	assert_not_published(f, "/kernels/" SPLIT, "cannot put the kernel at ");
	/* The next one finds room, and what was downloaded. */
	assert_fetched(f, "7.3", SPLIT, false);
}

static void a_file_in_a_kernels_place_gives_way(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *cache = kt_path_join(f->directory, "cache");

	free(test_write(cache, "kernels/" SPLIT, "x", 1));
	assert_fetched(f, "7.3", SPLIT, false);
}

static void a_file_in_the_place_of_all_kernels_is_told(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *cache = kt_path_join(f->directory, "cache");

	free(test_write(cache, "kernels", "x", 1));
	assert_true(fetch(f, "7.3", NULL) < 0);
	assert_contains(f->err.message, "/cache/kernels");
	assert_contains(f->err.message, "Not a directory");
	message_seen(f->err.message);
}

static void a_fetch_can_be_given_up_at_any_point(void **state)
{
	struct fixture *f = *state;
	unsigned int last;
	int r;

	/* Slow tools, so that there is time to be asked. */
	put(f, "update", "sleep 0.12\n");
	put(f, "download", "sleep 0.12\n");
	for (last = 1; last < 60; last += last / 2 + 1) {
		f->cancel_at = last;
		f->n_phases = 0;
		r = fetch(f, "7.3", NULL);
		assert_false(in_cache(f, "kernels/.staging"));
		if (!r)
			break;
		assert_int_equal(r, -ECANCELED);
		assert_string_equal(strrchr(f->err.message, 'i'),
				    "interrupted");
		assert_false(in_cache(f, "kernels/" SPLIT));
	}
	assert_true(last > 3 && last < 60);
}

static void two_fetches_take_turns(void **state)
{
	struct fixture *f = *state;
	int held = kt_cache_lock("fetch", 0, NULL, NULL, NULL);
	int status, waiting[2];
	pid_t child;
	char byte;

	assert_true(held >= 0);
	assert_int_equal(pipe(waiting), 0);
	f->waiting_fd = waiting[1];
	child = fork();
	if (!child) {
		close(held);
		_exit(fetch(f, "7.3", NULL) ||
		      strcmp(kt_strbuf_text(&f->phases), "wldu"));
	}
	assert_int_equal(kt_read_all(waiting[0], &byte, 1), 0);
	assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	assert_int_equal(times(f, "update"), 0);
	close(held);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(waiting[0]);
	close(waiting[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_split_kernel_is_put_together),
		TEST(a_kernel_in_one_package_is_taken_as_it_is),
		TEST(latest_is_the_newest_made_for_virtual_machines),
		TEST(what_is_there_is_not_fetched_again),
		TEST(a_version_not_on_offer_lists_what_is),
		TEST(a_kernel_that_lost_its_modules_is_no_offer),
		TEST(what_is_no_version_is_refused),
		TEST(without_any_list_apt_is_quoted),
		TEST(older_lists_serve_with_a_warning),
		TEST(a_broken_download_is_gone_on_with),
		TEST(packages_of_another_kernel_are_refused),
		TEST(packages_without_an_image_are_refused),
		TEST(a_download_without_a_checksum_is_refused),
		TEST(a_kernel_that_cannot_be_put_in_place_is_told),
		TEST(a_file_in_a_kernels_place_gives_way),
		TEST(a_file_in_the_place_of_all_kernels_is_told),
		TEST(a_fetch_can_be_given_up_at_any_point),
		TEST(two_fetches_take_turns),
		messages_test("kernel_fetch"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
