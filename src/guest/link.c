// SPDX-License-Identifier: GPL-2.0-only
#include "guest/link.h"

#include <poll.h>
#include <string.h>

#include "base/fd.h"
#include "base/macro.h"

#define LINK_COMPACT_BYTES (64 * 1024)

void kt_link_deinit(struct kt_link *link)
{
	kt_strbuf_deinit(&link->out);
	kt_frame_decoder_deinit(&link->decoder);
	link->fd = -1;
}

int kt_link_send(struct kt_link *link, uint32_t type, const void *payload,
		 size_t length)
{
	return kt_frame_append(&link->out, type, payload, length);
}

int kt_link_send_text(struct kt_link *link, uint32_t type, const char *text)
{
	return kt_link_send(link, type, text,
			    strnlen(text, KT_FRAME_MAX_PAYLOAD));
}

static int link_close(struct kt_link *link, int error)
{
	link->closed = true;
	return error;
}

int kt_link_flush(struct kt_link *link)
{
	if (link->fd < 0)
		return 0;
	while (kt_link_pending(link) > 0) {
		ssize_t n = write(link->fd, link->out.data + link->out_done,
				  kt_link_pending(link));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return link_close(link, -errno);
		link->out_done += (size_t)n;
	}
	if (kt_link_pending(link) == 0) {
		kt_strbuf_reset(&link->out);
		link->out_done = 0;
	} else if (link->out_done >= LINK_COMPACT_BYTES) {
		link->out.length -= link->out_done;
		memmove(link->out.data, link->out.data + link->out_done,
			link->out.length);
		link->out_done = 0;
	}
	return 0;
}

int kt_link_drain(struct kt_link *link, int timeout_ms)
{
	const uint64_t deadline = kt_now_ns() + (uint64_t)timeout_ms * 1000000u;

	for (;;) {
		struct pollfd poll_fd = {.fd = link->fd, .events = POLLOUT};
		uint64_t now = kt_now_ns();
		int r = kt_link_flush(link);

		if (r < 0)
			return r;
		if (link->fd < 0 || kt_link_pending(link) == 0)
			return 0;
		if (now >= deadline)
			return -ETIMEDOUT;
		r = poll(&poll_fd, 1, (int)((deadline - now) / 1000000u) + 1);
		if (r < 0 && errno != EINTR)
			return -errno;
		if (r > 0 && (poll_fd.revents & (POLLHUP | POLLERR)))
			return link_close(link, -EPIPE);
	}
}

int kt_link_receive(struct kt_link *link)
{
	char chunk[KT_LINK_READ_BYTES];
	ssize_t n = read(link->fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN
			       ? 0
			       : link_close(link, -errno);
	if (n == 0)
		return link_close(link, -EPIPE);
	return kt_frame_decoder_feed(&link->decoder, chunk, (size_t)n);
}

bool kt_link_next(struct kt_link *link, struct kt_frame *ret)
{
	struct kt_frame frame;

	while (kt_frame_decoder_next(&link->decoder, &frame)) {
		if (!frame.crc_ok)
			continue;
		*ret = frame;
		return true;
	}
	return false;
}
