// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "nest/fs.h"
#include "nest/fs_table.h"

struct fixture {
	char root[64];
	struct kt_fs *fs;
	uint8_t reply[64 * 1024];
	size_t reply_bytes;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	strcpy(f->root, "/tmp/ktstr-fs-test.XXXXXX");
	if (!mkdtemp(f->root) || kt_fs_create(f->root, &f->fs, NULL) < 0)
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	kt_fs_destroy(f->fs);
	kt_remove_tree(f->root);
	free(f);
	return 0;
}

/* Sends one request in pieces of odd sizes; returns its (negative) error. */
static int call(struct fixture *f, uint32_t opcode, uint64_t nodeid,
		const void *args, size_t args_bytes, const char *data,
		size_t data_bytes)
{
	const struct fuse_in_header header = {
		.len = (uint32_t)(sizeof(header) + args_bytes + data_bytes),
		.opcode = opcode,
		.unique = 99,
		.nodeid = nodeid,
		.uid = geteuid(),
		.gid = getegid(),
	};
	const struct iovec in[] = {
		{ (void *)&header, 3 },
		{ (uint8_t *)&header + 3, sizeof(header) - 3 },
		{ (void *)args, args_bytes },
		{ (void *)data, data_bytes },
	};
	const struct iovec out[] = {
		{ f->reply, 5 },
		{ f->reply + 5, 20 },
		{ f->reply + 25, sizeof(f->reply) - 25 },
	};
	const struct kt_fs_request request = { in, KT_ARRAY_SIZE(in), out,
					       KT_ARRAY_SIZE(out) };
	struct fuse_out_header reply;

	memset(f->reply, 0, sizeof(f->reply));
	f->reply_bytes = kt_fs_handle(f->fs, &request);
	if (!f->reply_bytes)
		return 0;
	memcpy(&reply, f->reply, sizeof(reply));
	assert_int_equal(reply.unique, 99);
	assert_int_equal(reply.len, f->reply_bytes);
	return reply.error;
}

static void *body(struct fixture *f)
{
	return f->reply + sizeof(struct fuse_out_header);
}

static int lookup(struct fixture *f, uint64_t parent, const char *name,
		  uint64_t *ret)
{
	int r = call(f, FUSE_LOOKUP, parent, name, strlen(name) + 1, NULL, 0);

	if (r == 0)
		*ret = ((struct fuse_entry_out *)body(f))->nodeid;
	return r;
}

static void put(struct fixture *f, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", f->root, name);
	assert_int_equal(kt_write_file_atomic(path, text, strlen(text), 0644), 0);
}

static int open_flags(struct fixture *f, uint64_t nodeid, uint64_t *ret_handle)
{
	const struct fuse_open_in in = { .flags = O_RDONLY };
	const struct fuse_open_out *out = body(f);

	assert_int_equal(call(f, FUSE_OPEN, nodeid, &in, sizeof(in), NULL, 0), 0);
	*ret_handle = out->fh;
	return (int)out->open_flags;
}

static void the_first_request_agrees_on_the_protocol(void **state)
{
	struct fixture *f = *state;
	struct fuse_init_in in = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 40,
		.max_readahead = 4096,
		.flags = FUSE_ASYNC_READ | FUSE_WRITEBACK_CACHE,
	};
	const struct fuse_init_out *out = body(f);

	assert_int_equal(call(f, FUSE_INIT, 0, &in, sizeof(in), NULL, 0), 0);
	assert_int_equal(out->major, 7);
	assert_int_equal(out->minor, 31);
	assert_int_equal(out->flags, FUSE_ASYNC_READ);
	in.minor = 8;
	assert_int_equal(call(f, FUSE_INIT, 0, &in, sizeof(in), NULL, 0),
			 -EPROTO);
}

static void a_file_is_found_read_and_forgotten(void **state)
{
	struct fixture *f = *state;
	struct fuse_read_in read_in = { .offset = 2, .size = 100 };
	struct fuse_forget_in forget = { .nlookup = 1 };
	struct fuse_release_in release = { 0 };
	uint64_t file, handle;
	size_t held, limit;

	put(f, "file", "0123456789");
	assert_int_equal(lookup(f, 1, "nothing", &file), -ENOENT);
	assert_int_equal(lookup(f, 1, "file", &file), 0);
	open_flags(f, file, &handle);
	read_in.fh = release.fh = handle;
	assert_int_equal(
		call(f, FUSE_READ, file, &read_in, sizeof(read_in), NULL, 0), 0);
	assert_int_equal(f->reply_bytes, sizeof(struct fuse_out_header) + 8);
	assert_memory_equal(body(f), "23456789", 8);
	kt_fs_usage(f->fs, &held, &limit);
	assert_int_equal(held, 3); /* the root, the file, its open */
	call(f, FUSE_RELEASE, file, &release, sizeof(release), NULL, 0);
	call(f, FUSE_FORGET, file, &forget, sizeof(forget), NULL, 0);
	assert_int_equal(f->reply_bytes, 0);
	kt_fs_usage(f->fs, &held, &limit);
	assert_int_equal(held, 1);
	assert_int_equal(call(f, FUSE_GETATTR, file, "", 0, NULL, 0), -ESTALE);
	assert_int_equal(
		call(f, FUSE_READ, file, &read_in, sizeof(read_in), NULL, 0),
		-EBADF);
}

static void a_file_is_made_and_written(void **state)
{
	struct fixture *f = *state;
	struct {
		struct fuse_create_in in;
		char name[8];
	} create = { .in = { .flags = O_RDWR, .mode = 0640 }, .name = "new" };
	struct fuse_write_in write_in = { .offset = 3, .size = 4 };
	_cleanup_free_ char *text = NULL;
	const struct fuse_entry_out *entry = body(f);
	const struct fuse_open_out *open_out = (const void *)(entry + 1);
	char path[128];
	size_t length;

	assert_int_equal(call(f, FUSE_CREATE, 1, &create, sizeof(create.in) + 4,
			      NULL, 0),
			 0);
	assert_true(S_ISREG(entry->attr.mode));
	write_in.fh = open_out->fh;
	assert_int_equal(call(f, FUSE_WRITE, entry->nodeid, &write_in,
			      sizeof(write_in), "abcd", 4),
			 0);
	assert_int_equal(((struct fuse_write_out *)body(f))->size, 4);
	snprintf(path, sizeof(path), "%s/new", f->root);
	assert_int_equal(kt_read_file(path, 100, &text, &length), 0);
	assert_int_equal(length, 7);
	assert_memory_equal(text, "\0\0\0abcd", 7);
}

static void names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const names[] = { "..", ".", "", "a/b", "/etc" };
	struct fixture *f = *state;
	uint64_t nodeid;

	for (size_t i = 0; i < KT_ARRAY_SIZE(names); i++) {
		struct {
			struct fuse_mkdir_in in;
			char name[8];
		} mkdir_in = { .in.mode = 0755 };

		assert_int_equal(lookup(f, 1, names[i], &nodeid), -EINVAL);
		strcpy(mkdir_in.name, names[i]);
		assert_int_equal(call(f, FUSE_MKDIR, 1, &mkdir_in,
				      sizeof(mkdir_in.in) + strlen(names[i]) + 1,
				      NULL, 0),
				 -EINVAL);
		assert_int_equal(call(f, FUSE_UNLINK, 1, names[i],
				      strlen(names[i]) + 1, NULL, 0),
				 -EINVAL);
	}
	/* Nor one that has no end. */
	assert_int_equal(call(f, FUSE_LOOKUP, 1, "abc", 3, NULL, 0), -EINVAL);
}

static void a_link_is_shown_and_never_followed(void **state)
{
	struct fixture *f = *state;
	static const char args[] = "link\0/etc";
	struct fuse_open_in in = { .flags = O_RDONLY };
	uint64_t link;

	assert_int_equal(call(f, FUSE_SYMLINK, 1, args, sizeof(args), NULL, 0),
			 0);
	assert_int_equal(lookup(f, 1, "link", &link), 0);
	assert_true(S_ISLNK(((struct fuse_entry_out *)body(f))->attr.mode));
	assert_int_equal(call(f, FUSE_READLINK, link, "", 0, NULL, 0), 0);
	assert_memory_equal(body(f), "/etc", 4);
	assert_int_equal(call(f, FUSE_OPEN, link, &in, sizeof(in), NULL, 0),
			 -ENXIO);
	assert_int_not_equal(lookup(f, link, "passwd", &link), 0);
}

static void a_fifo_is_not_opened_on_the_host(void **state)
{
	struct fixture *f = *state;
	struct fuse_open_in in = { .flags = O_RDONLY };
	char path[128];
	uint64_t fifo = 0;

	snprintf(path, sizeof(path), "%s/fifo", f->root);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(lookup(f, 1, "fifo", &fifo), 0);
	assert_int_equal(call(f, FUSE_OPEN, fifo, &in, sizeof(in), NULL, 0),
			 -ENXIO);
}

static void a_directory_is_listed_whole_in_small_steps(void **state)
{
	struct fixture *f = *state;
	struct fuse_open_in open_in = { .flags = O_RDONLY | O_DIRECTORY };
	struct fuse_read_in in = { .size = 200 };
	unsigned int seen = 0;

	for (int i = 0; i < 40; i++) {
		char name[16];

		snprintf(name, sizeof(name), "entry-%d", i);
		put(f, name, "");
	}
	assert_int_equal(
		call(f, FUSE_OPENDIR, 1, &open_in, sizeof(open_in), NULL, 0), 0);
	in.fh = ((struct fuse_open_out *)body(f))->fh;
	for (;;) {
		const uint8_t *at = body(f), *end;

		assert_int_equal(
			call(f, FUSE_READDIR, 1, &in, sizeof(in), NULL, 0), 0);
		end = f->reply + f->reply_bytes;
		if (at == end)
			break;
		while (at < end) {
			const struct fuse_dirent *e = (const void *)at;

			in.offset = e->off;
			seen += e->namelen > 6 &&
				memcmp(e->name, "entry-", 6) == 0;
			at += FUSE_DIRENT_SIZE(e);
		}
	}
	assert_int_equal(seen, 40);
	in.offset = 0;
	in.size = 8;
	assert_int_equal(call(f, FUSE_READDIR, 1, &in, sizeof(in), NULL, 0),
			 -EINVAL);
}

static void files_are_renamed_linked_and_removed(void **state)
{
	struct fixture *f = *state;
	struct {
		struct fuse_rename2_in in;
		char names[16];
	} rename_in = { .in = { .newdir = 1, .flags = 1 /* NOREPLACE */ } };
	struct {
		struct fuse_link_in in;
		char name[8];
	} link_in = { .name = "c" };
	uint64_t nodeid;

	put(f, "a", "text");
	put(f, "taken", "");
	memcpy(rename_in.names, "a\0taken", 8);
	assert_int_equal(call(f, FUSE_RENAME2, 1, &rename_in,
			      sizeof(rename_in.in) + 8, NULL, 0),
			 -EEXIST);
	memcpy(rename_in.names, "a\0b", 4);
	assert_int_equal(call(f, FUSE_RENAME2, 1, &rename_in,
			      sizeof(rename_in.in) + 4, NULL, 0),
			 0);
	assert_int_equal(lookup(f, 1, "a", &nodeid), -ENOENT);
	assert_int_equal(lookup(f, 1, "b", &nodeid), 0);
	link_in.in.oldnodeid = nodeid;
	assert_int_equal(call(f, FUSE_LINK, 1, &link_in, sizeof(link_in.in) + 2,
			      NULL, 0),
			 0);
	assert_int_equal(((struct fuse_entry_out *)body(f))->nodeid, nodeid);
	assert_int_equal(((struct fuse_entry_out *)body(f))->attr.nlink, 2);
	assert_int_equal(call(f, FUSE_UNLINK, 1, "b", 2, NULL, 0), 0);
	assert_int_equal(call(f, FUSE_UNLINK, 1, "c", 2, NULL, 0), 0);
	assert_int_equal(call(f, FUSE_RMDIR, 1, "taken", 6, NULL, 0), -ENOTDIR);
}

static void attributes_are_set(void **state)
{
	struct fixture *f = *state;
	struct fuse_setattr_in in = {
		.valid = FATTR_SIZE | FATTR_MODE | FATTR_MTIME,
		.size = 3,
		.mode = S_IFREG | 0600,
		.mtime = 1000000000,
		.mtimensec = 5,
	};
	const struct fuse_attr_out *out = body(f);
	uint64_t file;

	put(f, "file", "0123456789");
	assert_int_equal(lookup(f, 1, "file", &file), 0);
	assert_int_equal(call(f, FUSE_SETATTR, file, &in, sizeof(in), NULL, 0),
			 0);
	assert_int_equal(out->attr.size, 3);
	assert_int_equal(out->attr.mode, S_IFREG | 0600);
	assert_int_equal(out->attr.mtime, 1000000000);
	assert_int_equal(out->attr.mtimensec, 5);
}

static void contents_are_kept_only_while_the_file_has_settled(void **state)
{
	struct fixture *f = *state;
	uint64_t file, handle;

	put(f, "fresh", "text");
	assert_int_equal(lookup(f, 1, "fresh", &file), 0);
	assert_int_equal(open_flags(f, file, &handle), 0);
	/* Just made: it could change again without a trace in its times. */
	assert_int_equal(open_flags(f, file, &handle), 0);
}

static void mangled_requests_are_answered_with_errors(void **state)
{
	struct fixture *f = *state;
	const struct fuse_open_in open_in = { .flags = O_RDONLY };
	const uint32_t named[] = { FUSE_CREATE, FUSE_MKNOD, FUSE_MKDIR,
				   FUSE_LINK };
	const uint8_t few[4] = { 0 };

	assert_int_equal(call(f, 9999, 1, "", 0, NULL, 0), -ENOSYS);
	assert_int_equal(call(f, FUSE_GETXATTR, 1, "", 0, NULL, 0), -ENOSYS);
	assert_int_equal(
		call(f, FUSE_OPEN, 12345, &open_in, sizeof(open_in), NULL, 0),
		-ESTALE);
	assert_int_equal(call(f, FUSE_OPEN, 1, few, sizeof(few), NULL, 0),
			 -EINVAL);
	assert_int_equal(call(f, FUSE_RENAME2, 1, few, sizeof(few), NULL, 0),
			 -EINVAL);
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		assert_int_equal(call(f, named[i], 1, few, sizeof(few), NULL, 0),
				 -EINVAL);
	assert_int_equal(call(f, FUSE_READ, 1, few, sizeof(few), NULL, 0),
			 -EINVAL);
}

static void a_request_without_room_for_its_answer_does_no_harm(void **state)
{
	struct fixture *f = *state;
	const struct fuse_in_header header = {
		.opcode = FUSE_GETATTR,
		.nodeid = 1,
		.unique = 5,
	};
	struct fuse_out_header reply;
	const struct iovec in = { (void *)&header, sizeof(header) };
	struct iovec out = { &reply, sizeof(reply) - 1 };
	struct kt_fs_request request = { &in, 1, &out, 1 };

	assert_int_equal(kt_fs_handle(f->fs, &request), 0);
	out.iov_len = sizeof(reply);
	assert_int_equal(kt_fs_handle(f->fs, &request), sizeof(reply));
	assert_int_equal(reply.error, -EIO);
	request.n_readable = 0;
	assert_int_equal(kt_fs_handle(f->fs, &request), 0);
}

static void inode_numbers_of_two_file_systems_never_collide(void **state)
{
	struct kt_fs_table *table = calloc(1, sizeof(*table));

	(void)state;
	assert_non_null(table);
	assert_int_equal(kt_fs_table_unique_ino(table, 100, 7), 7);
	assert_int_not_equal(kt_fs_table_unique_ino(table, 200, 7), 7);
	assert_int_not_equal(kt_fs_table_unique_ino(table, 300, 7),
			     kt_fs_table_unique_ino(table, 200, 7));
	assert_int_equal(kt_fs_table_unique_ino(table, 100, 8), 8);
	free(table);
}

static void numbers_are_used_again_after_all_is_forgotten(void **state)
{
	struct kt_fs_table *table = calloc(1, sizeof(*table));
	uint64_t numbers[3000], again;

	(void)state;
	assert_non_null(table);
	for (unsigned int i = 0; i < KT_ARRAY_SIZE(numbers); i++) {
		const struct stat st = { .st_dev = 1, .st_ino = i + 1 };

		assert_int_equal(kt_fs_table_add(table, -1, &st, &numbers[i]), 0);
		assert_int_equal(numbers[i], i + 1);
	}
	assert_int_equal(table->n_used, KT_ARRAY_SIZE(numbers));
	for (unsigned int i = 1; i < KT_ARRAY_SIZE(numbers); i++)
		kt_fs_table_forget(table, numbers[i], 1);
	assert_int_equal(table->n_used, 1);
	/* The root stays, however often the guest forgets it. */
	kt_fs_table_forget(table, 1, 1000);
	assert_non_null(kt_fs_table_inode(table, 1));
	assert_int_equal(kt_fs_table_add(table, -1,
					 &(struct stat){ .st_ino = 9 }, &again),
			 0);
	assert_in_range(again, 2, KT_ARRAY_SIZE(numbers));
	kt_fs_table_deinit(table);
	free(table);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_request_agrees_on_the_protocol),
		TEST(a_file_is_found_read_and_forgotten),
		TEST(a_file_is_made_and_written),
		TEST(names_that_lead_elsewhere_are_refused),
		TEST(a_link_is_shown_and_never_followed),
		TEST(a_fifo_is_not_opened_on_the_host),
		TEST(a_directory_is_listed_whole_in_small_steps),
		TEST(files_are_renamed_linked_and_removed),
		TEST(attributes_are_set),
		TEST(contents_are_kept_only_while_the_file_has_settled),
		TEST(mangled_requests_are_answered_with_errors),
		TEST(a_request_without_room_for_its_answer_does_no_harm),
		cmocka_unit_test(inode_numbers_of_two_file_systems_never_collide),
		cmocka_unit_test(numbers_are_used_again_after_all_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
