// SPDX-License-Identifier: GPL-2.0-only
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/macro.h"
#include "initramfs/archive.h"

#define GUEST_PAGE_BYTES 4096ULL

struct kt_archive {
	struct archive *writer;
	struct archive_entry *entry;
	kt_archive_sink sink;
	void *userdata;
	int sink_error;
	uint64_t missing_bytes; /* of the file begun last */
	uint64_t unpacked_bytes;
};

static la_ssize_t archive_write_out(struct archive *writer, void *userdata,
				    const void *data, size_t length)
{
	struct kt_archive *archive = userdata;
	int r = archive->sink(archive->userdata, data, length);

	if (r < 0) {
		archive->sink_error = r;
		archive_set_error(writer, -r, "the output failed");
		return -1;
	}
	return (la_ssize_t)length;
}

static int archive_failure(const struct kt_archive *archive, const char *path,
			   struct ktstr_error *err)
{
	int code;

	if (archive->sink_error)
		return kt_err_errno(err, archive->sink_error,
				    "cannot write the initramfs");
	code = archive_errno(archive->writer);
	/* libarchive's own error numbers (ARCHIVE_ERRNO_MISC) are negative. */
	return kt_err(err, code > 0 ? -code : -EIO,
		      "cannot put \"%s\" into the initramfs: %s", path,
		      archive_error_string(archive->writer));
}

int kt_archive_open(kt_archive_sink sink, void *userdata,
		    struct kt_archive **ret, struct ktstr_error *err)
{
	_cleanup_(kt_archive_free_cleanup) struct kt_archive *archive =
		calloc(1, sizeof(*archive));

	if (!archive)
		return kt_err_errno(err, -ENOMEM, "cannot make an initramfs");
	archive->sink = sink;
	archive->userdata = userdata;
	archive->writer = archive_write_new();
	archive->entry = archive_entry_new();
	if (!archive->writer || !archive->entry)
		return kt_err_errno(err, -ENOMEM, "cannot make an initramfs");
	/* Without blocking nothing is copied on its way to the sink, and no
	 * padding follows the trailer. */
	if (archive_write_set_format_cpio_newc(archive->writer) < ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(archive->writer, 0) < ARCHIVE_OK ||
	    archive_write_open(archive->writer, archive, NULL,
			       archive_write_out, NULL) < ARCHIVE_OK)
		return archive_failure(archive, "", err);
	*ret = TAKE_PTR(archive);
	return 0;
}

int kt_archive_finish(struct kt_archive *archive, struct ktstr_error *err)
{
	if (archive->missing_bytes)
		return kt_err(err, -EIO,
			      "cannot finish the initramfs: a file is short of "
			      "%llu bytes",
			      (unsigned long long)archive->missing_bytes);
	if (archive_write_close(archive->writer) < ARCHIVE_OK)
		return archive_failure(archive, "TRAILER!!!", err);
	return 0;
}

static int discard(void *userdata, const void *data, size_t length)
{
	(void)userdata;
	(void)data;
	(void)length;
	return 0;
}

void kt_archive_free(struct kt_archive *archive)
{
	if (!archive)
		return;
	archive_entry_free(archive->entry);
	/* Closing writes a trailer, which an archive that was not finished is
	 * not to get; archive_write_fail() would avoid it, but leaks. */
	archive->sink = discard;
	if (archive->writer)
		archive_write_free(archive->writer);
	free(archive);
}

static struct archive_entry *archive_entry_begin(struct kt_archive *archive,
						 const char *path, mode_t mode)
{
	struct archive_entry *entry = archive->entry;

	archive_entry_clear(entry);
	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, mode);
	archive_entry_set_nlink(entry, 1);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_size(entry, 0);
	return entry;
}

static int archive_entry_end(struct kt_archive *archive, const char *path,
			     struct ktstr_error *err)
{
	if (archive->missing_bytes)
		return kt_err(err, -EIO,
			      "cannot put \"%s\" into the initramfs: the file "
			      "before it is short of %llu bytes",
			      path, (unsigned long long)archive->missing_bytes);
	/* A warning means that the member is not what was asked for. */
	if (archive_write_header(archive->writer, archive->entry) != ARCHIVE_OK)
		return archive_failure(archive, path, err);
	return 0;
}

int kt_archive_add_directory(struct kt_archive *archive, const char *path,
			     mode_t mode, struct ktstr_error *err)
{
	archive_entry_begin(archive, path, S_IFDIR | mode);
	return archive_entry_end(archive, path, err);
}

int kt_archive_add_link(struct kt_archive *archive, const char *path,
			const char *target, struct ktstr_error *err)
{
	struct archive_entry *entry =
		archive_entry_begin(archive, path, S_IFLNK | 0777);

	archive_entry_set_symlink(entry, target);
	return archive_entry_end(archive, path, err);
}

int kt_archive_add_char_device(struct kt_archive *archive, const char *path,
			       mode_t mode, unsigned int major,
			       unsigned int minor, struct ktstr_error *err)
{
	struct archive_entry *entry =
		archive_entry_begin(archive, path, S_IFCHR | mode);

	archive_entry_set_rdevmajor(entry, major);
	archive_entry_set_rdevminor(entry, minor);
	return archive_entry_end(archive, path, err);
}

int kt_archive_check_bytes(const char *path, uint64_t bytes,
			   struct ktstr_error *err)
{
	if (bytes <= KT_ARCHIVE_MAX_FILE_BYTES)
		return 0;
	return kt_err_kind(err, KTSTR_ERROR_INVALID, -EFBIG,
			   "cannot put \"%s\" into the initramfs: it has "
			   "%llu bytes, and a cpio member holds at most %u",
			   path, (unsigned long long)bytes,
			   KT_ARCHIVE_MAX_FILE_BYTES);
}

int kt_archive_begin_file(struct kt_archive *archive, const char *path,
			  mode_t mode, uint64_t bytes, struct ktstr_error *err)
{
	struct archive_entry *entry =
		archive_entry_begin(archive, path, S_IFREG | mode);
	int r = kt_archive_check_bytes(path, bytes, err);

	if (r < 0)
		return r;
	archive_entry_set_size(entry, (la_int64_t)bytes);
	r = archive_entry_end(archive, path, err);
	if (r < 0)
		return r;
	archive->missing_bytes = bytes;
	archive->unpacked_bytes += KT_ALIGN_UP(bytes, GUEST_PAGE_BYTES);
	return 0;
}

int kt_archive_add_bytes(struct kt_archive *archive, const void *data,
			 size_t bytes, struct ktstr_error *err)
{
	const char *path = archive_entry_pathname(archive->entry);

	if (bytes > archive->missing_bytes)
		return kt_err(err, -EIO,
			      "cannot put \"%s\" into the initramfs: it grew "
			      "while it was read",
			      path);
	if (bytes && archive_write_data(archive->writer, data, bytes) !=
			     (la_ssize_t)bytes)
		return archive_failure(archive, path, err);
	archive->missing_bytes -= bytes;
	return 0;
}

int kt_archive_add_file(struct kt_archive *archive, const char *path,
			mode_t mode, const void *data, uint64_t bytes,
			struct ktstr_error *err)
{
	int r = kt_archive_begin_file(archive, path, mode, bytes, err);

	if (r < 0)
		return r;
	return kt_archive_add_bytes(archive, data, (size_t)bytes, err);
}

uint64_t kt_archive_unpacked_bytes(const struct kt_archive *archive)
{
	return archive->unpacked_bytes;
}
