// SPDX-License-Identifier: GPL-2.0-only
#include "test.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "scratch.h"

int scratch_setup(void **state)
{
	struct scratch *scratch = calloc(1, sizeof(*scratch));

	assert_non_null(scratch);
	strcpy(scratch->directory, "/tmp/ktstr-test.XXXXXX");
	assert_non_null(mkdtemp(scratch->directory));
	setenv("KTSTR_CACHE_DIR", scratch_path(scratch, "cache"), 1);
	unsetenv("LD_LIBRARY_PATH");
	*state = scratch;
	return 0;
}

int scratch_teardown(void **state)
{
	struct scratch *scratch = *state;

	assert_int_equal(kt_remove_tree(scratch->directory), 0);
	free(scratch);
	return 0;
}

const char *scratch_path(const struct scratch *scratch, const char *name)
{
	static char paths[16][512];
	static unsigned int next;
	char *path = paths[next++ % 16];

	snprintf(path, sizeof(paths[0]), "%s/%s", scratch->directory, name);
	return path;
}

const char *scratch_file(const struct scratch *scratch, const char *name,
			 const void *data, size_t bytes, mode_t mode)
{
	const char *path = scratch_path(scratch, name);
	char *parent = strdup(path);

	assert_non_null(parent);
	*strrchr(parent, '/') = '\0';
	assert_int_equal(kt_mkdir_p(parent, 0755), 0);
	free(parent);
	assert_int_equal(kt_write_file_atomic(path, data, bytes, mode), 0);
	return path;
}

const char *scratch_text(const struct scratch *scratch, const char *name,
			 const char *text)
{
	return scratch_file(scratch, name, text, strlen(text), 0644);
}

struct unpacked *unpack(const void *data, size_t bytes)
{
	struct unpacked *unpacked = calloc(1, sizeof(*unpacked));
	struct archive *reader = archive_read_new();
	struct archive_entry *entry;
	int r;

	assert_non_null(unpacked);
	assert_non_null(reader);
	assert_int_equal(archive_read_support_format_cpio(reader), ARCHIVE_OK);
	assert_int_equal(archive_read_open_memory(reader, data, bytes),
			 ARCHIVE_OK);
	while ((r = archive_read_next_header(reader, &entry)) == ARCHIVE_OK) {
		struct unpacked_member *m = &unpacked->members[unpacked->n++];

		assert_in_range(unpacked->n, 1, 1023);
		m->path = strdup(archive_entry_pathname(entry));
		m->mode = archive_entry_mode(entry);
		if (archive_entry_symlink(entry))
			m->target = strdup(archive_entry_symlink(entry));
		m->bytes = (size_t)archive_entry_size(entry);
		m->data = malloc(m->bytes + 1);
		assert_non_null(m->data);
		m->data[m->bytes] = '\0';
		if (S_ISREG(m->mode))
			assert_int_equal(
				archive_read_data(reader, m->data, m->bytes),
				m->bytes);
	}
	assert_int_equal(r, ARCHIVE_EOF);
	archive_read_free(reader);
	return unpacked;
}

struct unpacked *unpack_fd(int fd, uint64_t bytes)
{
	void *data = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	struct unpacked *unpacked;

	assert_ptr_not_equal(data, MAP_FAILED);
	unpacked = unpack(data, bytes);
	munmap(data, bytes);
	return unpacked;
}

void unpacked_free(struct unpacked *unpacked)
{
	for (size_t i = 0; i < unpacked->n; i++) {
		free(unpacked->members[i].path);
		free(unpacked->members[i].target);
		free(unpacked->members[i].data);
	}
	free(unpacked);
}

const struct unpacked_member *unpacked_find(const struct unpacked *unpacked,
					    const char *path)
{
	for (size_t i = 0; i < unpacked->n; i++)
		if (!strcmp(unpacked->members[i].path, path))
			return &unpacked->members[i];
	return NULL;
}
