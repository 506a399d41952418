// SPDX-License-Identifier: GPL-2.0-only
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/macro.h"
#include "elf_maker.h"
#include "initramfs/initramfs.h"
#include "scratch.h"

static const char script[] = "#!/bin/sh\n";

/* What kt_initramfs_build() and its log said. */
struct outcome {
	int r;
	struct ktstr_error err;
	char log[4096];
	struct kt_initramfs *initramfs;
	struct unpacked *base;
};

static void keep_line(void *userdata, enum ktstr_log_level level,
		      const char *message)
{
	struct outcome *outcome = userdata;
	size_t used = strlen(outcome->log);

	if (level == KTSTR_LOG_WARNING)
		snprintf(outcome->log + used, sizeof(outcome->log) - used,
			 "%s\n", message);
}

static struct outcome *build(struct kt_initramfs_spec spec,
			     const struct scratch *scratch)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	const struct ktstr_log log = { keep_line, outcome };

	assert_non_null(outcome);
	if (!spec.init_binary)
		spec.init_binary = scratch_text(scratch, "init", script);
	outcome->r = kt_initramfs_build(&spec, &log, &outcome->initramfs,
					&outcome->err);
	if (!outcome->r)
		outcome->base = unpack_fd(outcome->initramfs->base_fd,
					  outcome->initramfs->base_bytes);
	return outcome;
}

static struct outcome *include(const struct scratch *scratch,
			       const char *archive_path, const char *host_path)
{
	const struct kt_initramfs_file file = { archive_path, host_path };

	return build((struct kt_initramfs_spec){ .include_files = &file,
						 .n_include_files = 1 },
		     scratch);
}

static void outcome_free(struct outcome *outcome)
{
	if (outcome->base)
		unpacked_free(outcome->base);
	kt_initramfs_free(outcome->initramfs);
	free(outcome);
}

static void assert_refused(struct outcome *outcome, const char *message)
{
	assert_true(outcome->r < 0);
	assert_string_equal(outcome->err.message, message);
	message_seen(outcome->err.message);
	assert_int_equal(outcome->err.code, outcome->r);
	assert_int_equal(outcome->err.kind, KTSTR_ERROR_INVALID);
	outcome_free(outcome);
}

static void a_file_is_packed_byte_for_byte_with_its_exec_bit(void **state)
{
	struct scratch *s = *state;
	size_t bytes;
	uint8_t *elf = make_elf(&(struct elf_spec){ .sections = true }, &bytes);
	const struct kt_initramfs_file files[] = {
		{ "opt/tool", scratch_file(s, "tool", elf, bytes, 0750) },
		{ "opt/data", scratch_file(s, "data", "a\0b", 3, 0600) },
	};
	struct outcome *o =
		build((struct kt_initramfs_spec){ .include_files = files,
						  .n_include_files = 2 },
		      s);
	const struct unpacked_member *tool, *data;

	assert_int_equal(o->r, 0);
	tool = unpacked_find(o->base, "opt/tool");
	data = unpacked_find(o->base, "opt/data");
	assert_int_equal(tool->mode, S_IFREG | 0755);
	assert_int_equal(tool->bytes, bytes);
	assert_memory_equal(tool->data, elf, bytes);
	assert_int_equal(data->mode, S_IFREG | 0644);
	assert_int_equal(data->bytes, 3);
	assert_memory_equal(data->data, "a\0b", 3);
	outcome_free(o);
	free(elf);
}

static void archive_paths_that_lead_elsewhere_are_refused(void **state)
{
	static const struct {
		const char *path;
		const char *message;
	} cases[] = {
		{ "", "an include file has an empty archive path" },
		{ "/etc/x",
		  "include file \"/etc/x\": the archive path must be "
		  "relative to the guest's root: drop the leading /" },
		{ "a/../../x", "include file \"a/../../x\": the archive path "
			       "must not hold \"..\", \".\" or empty parts" },
		{ "..", "include file \"..\": the archive path must not hold "
			"\"..\", \".\" or empty parts" },
		{ "a/./x", "include file \"a/./x\": the archive path must not "
			   "hold \"..\", \".\" or empty parts" },
		{ "a//x", "include file \"a//x\": the archive path must not "
			  "hold \"..\", \".\" or empty parts" },
		{ "a/", "include file \"a/\": the archive path must not hold "
			"\"..\", \".\" or empty parts" },
		{ "init", "include file \"init\": that path is ktstr's own: "
			  "choose another" },
		{ "etc/ktstr/exec",
		  "include file \"etc/ktstr/exec\": that path "
		  "is ktstr's own: choose another" },
		{ "proc/x", "include file \"proc/x\": the guest mounts over "
			    "/proc, which would hide it: choose another "
			    "directory" },
		{ "dev", "include file \"dev\": the guest mounts over /dev, "
			 "which would hide it: choose another directory" },
	};
	struct scratch *s = *state;

	scratch_text(s, "x", "x");
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++)
		assert_refused(include(s, cases[i].path, scratch_path(s, "x")),
			       cases[i].message);
}

static void names_that_only_look_reserved_are_fine(void **state)
{
	static const char *const paths[] = { "initial",   "etc/ktstr2",
					     "device/x",  "a/..b",
					     "tmp/x",     "...",
					     "etc/passwd" };
	struct scratch *s = *state;

	scratch_text(s, "x", "x");
	for (size_t i = 0; i < KT_ARRAY_SIZE(paths); i++) {
		struct outcome *o = include(s, paths[i], scratch_path(s, "x"));

		assert_int_equal(o->r, 0);
		assert_string_equal(unpacked_find(o->base, paths[i])->data, "x");
		outcome_free(o);
	}
}

static void a_path_too_long_for_the_guest_is_refused(void **state)
{
	struct scratch *s = *state;
	char path[5000];
	struct outcome *o;

	scratch_text(s, "x", "x");
	memset(path, 'a', sizeof(path));
	path[256] = '\0';
	o = include(s, path, scratch_path(s, "x"));
	assert_int_equal(o->r, -ENAMETOOLONG);
	assert_contains(o->err.message, "longer than 255 bytes");
	message_seen(o->err.message);
	outcome_free(o);
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 ? '/' : 'a';
	path[sizeof(path) - 2] = '\0';
	o = include(s, path, scratch_path(s, "x"));
	assert_int_equal(o->r, -ENAMETOOLONG);
	assert_contains(o->err.message, "longer than 4094 bytes");
	message_seen(o->err.message);
	outcome_free(o);
}

static void only_regular_files_are_packed(void **state)
{
	struct scratch *s = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char message[1024];

	assert_int_equal(mkfifo(scratch_path(s, "fifo"), 0600), 0);
	strcpy(address.sun_path, scratch_path(s, "socket"));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)),
			 0);
	close(fd);
	snprintf(message, sizeof(message),
		 "include file \"%s\" is a FIFO: only regular files can be "
		 "packed",
		 scratch_path(s, "fifo"));
	assert_refused(include(s, "x", scratch_path(s, "fifo")), message);
	snprintf(message, sizeof(message),
		 "include file \"%s\" is a socket: only regular files can be "
		 "packed",
		 scratch_path(s, "socket"));
	assert_refused(include(s, "x", scratch_path(s, "socket")), message);
	assert_refused(include(s, "x", "/tmp"),
		       "include file \"/tmp\" is a directory: only regular "
		       "files can be packed");
	assert_refused(include(s, "x", "/dev/null"),
		       "include file \"/dev/null\" is a device: only regular "
		       "files can be packed");
	assert_refused(
		include(s, "x", "/nowhere/x"),
		"include file \"/nowhere/x\": No such file or directory");
}

static void two_files_for_one_path_are_refused(void **state)
{
	struct scratch *s = *state;
	const char *x = scratch_text(s, "x", "x");
	const char *y = scratch_text(s, "y", "y");
	/* /usr/bin is a link to /bin in the guest. */
	const struct kt_initramfs_file files[] = { { "usr/bin/tool", x },
						   { "bin/tool", y } };
	char message[1024];

	snprintf(message, sizeof(message),
		 "\"bin/tool\" cannot be both %s and %s in the guest: give one "
		 "of them another path",
		 x, y);
	assert_refused(build((struct kt_initramfs_spec){ .include_files = files,
							 .n_include_files = 2 },
			     s),
		       message);
}

static void a_file_cannot_be_a_directory_too(void **state)
{
	struct scratch *s = *state;
	const char *x = scratch_text(s, "x", "x");
	const struct kt_initramfs_file files[] = { { "a", x }, { "a/b", x } };
	char message[1024];

	snprintf(message, sizeof(message),
		 "\"a\" cannot be both %s and a directory in the guest: give "
		 "one of them another path",
		 x);
	assert_refused(build((struct kt_initramfs_spec){ .include_files = files,
							 .n_include_files = 2 },
			     s),
		       message);
	snprintf(message, sizeof(message),
		 "\"usr/bin\" cannot be both a link of ktstr's own and %s in "
		 "the guest: give one of them another path",
		 x);
	assert_refused(include(s, "usr/bin", x), message);
}

static void our_binaries_names_are_taken(void **state)
{
	struct scratch *s = *state;
	const struct kt_initramfs_file probe = { "bin/ktstr-jemalloc-probe",
						 scratch_text(s, "probe", "p") };
	const struct kt_initramfs_file mine = { "bin/ktstr-jemalloc-probe",
						scratch_text(s, "x", "x") };
	char message[1024];

	snprintf(message, sizeof(message),
		 "\"bin/ktstr-jemalloc-probe\" cannot be both %s and %s in the "
		 "guest: give one of them another path",
		 probe.host_path, mine.host_path);
	assert_refused(build((struct kt_initramfs_spec){ .binaries = &probe,
							 .n_binaries = 1,
							 .include_files = &mine,
							 .n_include_files = 1 },
			     s),
		       message);
}

static void binaries_stay_byte_for_byte(void **state)
{
	struct scratch *s = *state;
	size_t bytes;
	uint8_t *elf = make_elf(&(struct elf_spec){ .sections = true }, &bytes);
	const struct kt_initramfs_file probe = { "bin/ktstr-jemalloc-probe",
						 scratch_file(s, "probe", elf,
							      bytes, 0644) };
	struct outcome *o = build((struct kt_initramfs_spec){ .binaries = &probe,
							      .n_binaries = 1 },
				  s);
	const struct unpacked_member *m;

	assert_int_equal(o->r, 0);
	m = unpacked_find(o->base, probe.archive_path);
	assert_int_equal(m->mode, S_IFREG | 0755);
	assert_int_equal(m->bytes, bytes);
	assert_memory_equal(m->data, elf, bytes);
	outcome_free(o);
	free(elf);
}

static void an_included_program_brings_its_libraries(void **state)
{
	struct scratch *s = *state;
	const struct unpacked_member *library, *link;
	char archive_path[600];
	struct outcome *o;

	scratch_elf(s, "lib/libone.so.1.2",
		    &(struct elf_spec){ .soname = "libone.so.1",
					.sections = true });
	assert_int_equal(
		symlink("libone.so.1.2", scratch_path(s, "lib/libone.so.1")), 0);
	scratch_elf(s, "tool",
		    &(struct elf_spec){
			    .needed = (const char *const[]){ "libone.so.1", NULL },
			    .runpath = "$ORIGIN/lib" });
	o = include(s, "bin/tool", scratch_path(s, "tool"));
	assert_int_equal(o->r, 0);
	assert_string_equal(o->log, "");
	/* The guest may mount over /tmp: it lies elsewhere, stripped, and the
	 * cache says where. */
	snprintf(archive_path, sizeof(archive_path), "lib/ktstr%s",
		 scratch_path(s, "lib/libone.so.1.2"));
	library = unpacked_find(o->base, archive_path);
	assert_non_null(library);
	assert_true(library->bytes < 4096);
	snprintf(archive_path, sizeof(archive_path), "lib/ktstr%s",
		 scratch_path(s, "lib/libone.so.1"));
	link = unpacked_find(o->base, archive_path);
	assert_non_null(link);
	assert_int_equal(link->target[0], '/');
	assert_string_equal(link->target + 1, library->path);
	assert_non_null(memmem(unpacked_find(o->base, "etc/ld.so.cache")->data,
			       unpacked_find(o->base, "etc/ld.so.cache")->bytes,
			       archive_path, strlen(archive_path) + 1));
	outcome_free(o);
}

static void an_included_program_without_its_libraries_is_a_warning(void **state)
{
	struct scratch *s = *state;
	struct outcome *o = include(
		s, "bin/tool",
		scratch_elf(s, "tool",
			    &(struct elf_spec){ .needed = (const char *const[]){
							"libgone.so.1", NULL } }));

	assert_int_equal(o->r, 0);
	assert_contains(o->log, "include file \"bin/tool\" may not run in the "
				"guest: ");
	assert_contains(o->log, "needs the library \"libgone.so.1\"");
	outcome_free(o);
}

static void init_without_its_libraries_is_an_error(void **state)
{
	struct scratch *s = *state;
	struct outcome *o =
		build(
			(struct kt_initramfs_spec){
				.init_binary = scratch_elf(
					s, "dynamic",
					&(struct elf_spec){
						.needed =
							(const char *const[]){
								"libgone.so.1", NULL } }) },
			s);

	assert_int_equal(o->r, -ENOENT);
	assert_contains(o->err.message, "needs the library \"libgone.so.1\"");
	message_seen(o->err.message);
	outcome_free(o);
}

static void a_users_file_replaces_an_applet_and_an_account_file(void **state)
{
	struct scratch *s = *state;
	static const char busybox[] = "#!/bin/sh\necho bin/ls\necho bin/sh\n";
	const char *x = scratch_text(s, "x", "x");
	const struct kt_initramfs_file files[] = { { "bin/ls", x },
						   { "etc/passwd", x } };
	char *path = strdup(getenv("PATH"));
	struct outcome *o;

	scratch_file(s, "path/busybox", busybox, strlen(busybox), 0755);
	setenv("PATH", scratch_path(s, "path"), 1);
	o = build((struct kt_initramfs_spec){ .busybox = true,
					      .include_files = files,
					      .n_include_files = 2 },
		  s);
	setenv("PATH", path, 1);
	free(path);
	assert_int_equal(o->r, 0);
	assert_string_equal(unpacked_find(o->base, "bin/ls")->data, "x");
	assert_string_equal(unpacked_find(o->base, "bin/sh")->target,
			    "/bin/busybox");
	assert_string_equal(unpacked_find(o->base, "etc/passwd")->data, "x");
	outcome_free(o);
}

static void an_init_that_is_not_there_is_named(void **state)
{
	assert_refused(
		build((struct kt_initramfs_spec){ .init_binary =
							  "/nowhere/init" },
		      *state),
		"cannot look at \"/nowhere/init\": No such file or "
		"directory");
}

int main(void)
{
#define SCRATCH_TEST(f)                                                        \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)
	const struct CMUnitTest tests[] = {
		SCRATCH_TEST(a_file_is_packed_byte_for_byte_with_its_exec_bit),
		SCRATCH_TEST(archive_paths_that_lead_elsewhere_are_refused),
		SCRATCH_TEST(names_that_only_look_reserved_are_fine),
		SCRATCH_TEST(a_path_too_long_for_the_guest_is_refused),
		SCRATCH_TEST(only_regular_files_are_packed),
		SCRATCH_TEST(two_files_for_one_path_are_refused),
		SCRATCH_TEST(a_file_cannot_be_a_directory_too),
		SCRATCH_TEST(our_binaries_names_are_taken),
		SCRATCH_TEST(binaries_stay_byte_for_byte),
		SCRATCH_TEST(an_included_program_brings_its_libraries),
		SCRATCH_TEST(
			an_included_program_without_its_libraries_is_a_warning),
		SCRATCH_TEST(init_without_its_libraries_is_an_error),
		SCRATCH_TEST(a_users_file_replaces_an_applet_and_an_account_file),
		SCRATCH_TEST(an_init_that_is_not_there_is_named),
		messages_test("initramfs_include_files"),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
