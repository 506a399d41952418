// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "base/fd.h"
#include "base/bytes.h"
#include "wire/crc32.h"
#include "wire/frame.h"

int kt_frame_header(uint8_t header[KT_FRAME_HEADER_BYTES], uint32_t type,
		    const void *payload, size_t length)
{
	if (length > KT_FRAME_MAX_PAYLOAD)
		return -EMSGSIZE;
	kt_put_le32(header, type);
	kt_put_le32(header + 4, (uint32_t)length);
	kt_put_le32(header + 8, kt_crc32(payload, length));
	kt_put_le32(header + 12, 0);
	return 0;
}

int kt_frame_append(struct kt_strbuf *sb, uint32_t type, const void *payload,
		    size_t length)
{
	uint8_t header[KT_FRAME_HEADER_BYTES];
	size_t before = sb->length;
	int r;

	r = kt_frame_header(header, type, payload, length);
	if (r < 0)
		return r;
	kt_strbuf_add_bytes(sb, header, sizeof(header));
	kt_strbuf_add_bytes(sb, payload, length);
	if (kt_strbuf_failed(sb)) {
		/* Half a frame would put the reader out of step. */
		sb->length = before;
		return -ENOMEM;
	}
	return 0;
}

int kt_frame_write(int fd, uint32_t type, const void *payload, size_t length)
{
	uint8_t header[KT_FRAME_HEADER_BYTES];
	struct iovec parts[2] = {
		{.iov_base = header, .iov_len = sizeof(header)},
		{.iov_base = (void *)payload, .iov_len = length},
	};
	size_t done;
	ssize_t n;
	int r;

	r = kt_frame_header(header, type, payload, length);
	if (r < 0)
		return r;
	/* One call where the stream takes it: a frame costs one notification. */
	do {
		n = writev(fd, parts, length ? 2 : 1);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	done = (size_t)n;
	if (done < sizeof(header)) {
		r = kt_write_all(fd, header + done, sizeof(header) - done);
		if (r < 0)
			return r;
		done = sizeof(header);
	}
	done -= sizeof(header);
	return kt_write_all(fd, (const uint8_t *)payload + done, length - done);
}

struct kt_frame_tag kt_frame_tag(uint32_t type)
{
	struct kt_frame_tag tag = {0};

	for (int i = 0; i < 4; i++) {
		char c = (char)(type >> 8 * i);

		tag.text[i] = c >= 'A' && c <= 'Z' ? c : '?';
	}
	return tag;
}
