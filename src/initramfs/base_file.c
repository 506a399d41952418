// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "base/fd.h"
#include "base/macro.h"
#include "initramfs/archive.h"
#include "initramfs/base_file.h"

#define BASE_PAGE_BYTES   4096
#define BASE_BUFFER_BYTES (256 * KT_KIB)
#define BASE_FOOTER_MAGIC 0x7475706675696266ULL

KT_DEFINE_CLEANUP(XXH3_state_t *, XXH3_freeState)

struct base_footer {
	uint64_t magic;
	struct kt_base_key key;
	uint64_t bytes; /* of the padded archive before it */
	uint64_t unpacked_bytes;
	uint64_t contents_xxh3; /* of those bytes */
	uint64_t footer_xxh3;   /* of the fields above */
};

void kt_base_deinit(struct kt_base *base)
{
	kt_close(base->fd);
	free(base->modules);
	*base = (struct kt_base){ .fd = -1 };
}

static uint64_t footer_hash(const struct base_footer *footer)
{
	return XXH3_64bits(footer, offsetof(struct base_footer, footer_xxh3));
}

/* The output of the archive writer: buffered, hashed, into a file. */
struct base_sink {
	int fd;
	uint64_t bytes; /* written and buffered */
	XXH3_state_t *state;
	uint8_t *buffer;
	size_t buffered;
};

static int sink_flush(struct base_sink *sink)
{
	int r;

	XXH3_64bits_update(sink->state, sink->buffer, sink->buffered);
	r = kt_write_all(sink->fd, sink->buffer, sink->buffered);
	sink->buffered = 0;
	return r;
}

static int sink_take(void *userdata, const void *data, size_t length)
{
	struct base_sink *sink = userdata;
	const uint8_t *at = data;

	while (length) {
		size_t n = KT_MIN(length, BASE_BUFFER_BYTES - sink->buffered);

		memcpy(sink->buffer + sink->buffered, at, n);
		sink->buffered += n;
		sink->bytes += n;
		at += n;
		length -= n;
		if (sink->buffered == BASE_BUFFER_BYTES) {
			int r = sink_flush(sink);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

int kt_base_write(int fd, const struct kt_tree *tree, struct kt_base *base,
		  struct ktstr_error *err)
{
	static const uint8_t zeros[BASE_PAGE_BYTES];
	_cleanup_(kt_archive_free_cleanup) struct kt_archive *archive = NULL;
	_cleanup_(XXH3_freeState_cleanup) XXH3_state_t *state =
		XXH3_createState();
	_cleanup_free_ uint8_t *buffer = malloc(BASE_BUFFER_BYTES);
	struct base_sink sink = { .fd = fd, .state = state, .buffer = buffer };
	struct base_footer footer = { .magic = BASE_FOOTER_MAGIC,
				      .key = base->key };
	int r;

	if (!state || !buffer)
		return kt_err_errno(err, -ENOMEM, "cannot make an initramfs");
	XXH3_64bits_reset(state);
	r = kt_archive_open(sink_take, &sink, &archive, err);
	if (r < 0)
		return r;
	r = kt_tree_write(tree, archive, err);
	if (r < 0)
		return r;
	r = kt_archive_finish(archive, err);
	if (r < 0)
		return r;
	footer.unpacked_bytes = kt_archive_unpacked_bytes(archive);
	r = sink_take(&sink, zeros,
		      KT_ALIGN_UP(sink.bytes, BASE_PAGE_BYTES) - sink.bytes);
	if (!r)
		r = sink_flush(&sink);
	footer.bytes = sink.bytes;
	footer.contents_xxh3 = XXH3_64bits_digest(state);
	footer.footer_xxh3 = footer_hash(&footer);
	if (!r)
		r = kt_write_all(fd, &footer, sizeof(footer));
	if (r < 0)
		return kt_err_errno(err, r, "cannot write the initramfs");
	base->bytes = footer.bytes;
	base->unpacked_bytes = footer.unpacked_bytes;
	return 0;
}

bool kt_base_check(int fd, struct kt_base *base)
{
	_cleanup_(XXH3_freeState_cleanup) XXH3_state_t *state =
		XXH3_createState();
	_cleanup_free_ uint8_t *buffer = malloc(BASE_BUFFER_BYTES);
	struct base_footer footer;
	struct stat st;

	if (!state || !buffer || fstat(fd, &st) < 0 ||
	    st.st_size < (off_t)sizeof(footer) ||
	    kt_pread_all(fd, &footer, sizeof(footer),
			 st.st_size - (off_t)sizeof(footer)) < 0 ||
	    footer.magic != BASE_FOOTER_MAGIC ||
	    footer.footer_xxh3 != footer_hash(&footer) ||
	    memcmp(&footer.key, &base->key, sizeof(footer.key)) ||
	    footer.bytes != (uint64_t)st.st_size - sizeof(footer))
		return false;
	XXH3_64bits_reset(state);
	for (uint64_t done = 0; done < footer.bytes;) {
		size_t n = (size_t)KT_MIN(footer.bytes - done, BASE_BUFFER_BYTES);

		if (kt_pread_all(fd, buffer, n, (off_t)done) < 0)
			return false;
		XXH3_64bits_update(state, buffer, n);
		done += n;
	}
	if (XXH3_64bits_digest(state) != footer.contents_xxh3)
		return false;
	base->bytes = footer.bytes;
	base->unpacked_bytes = footer.unpacked_bytes;
	return true;
}
