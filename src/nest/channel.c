// SPDX-License-Identifier: GPL-2.0-only
#include "nest/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHANNEL_ROOM_MIN (64u * 1024)

void kt_nest_channel_init(struct kt_nest_channel *channel, int fd)
{
	*channel = (struct kt_nest_channel){ .fd = fd };
}

void kt_nest_channel_deinit(struct kt_nest_channel *channel)
{
	free(channel->in);
	free(channel->out);
	kt_nest_channel_init(channel, -1);
}

/* Makes room for `more` bytes behind `*end`, moving what there is to the front. */
static int channel_reserve(uint8_t **buffer, size_t *start, size_t *end,
			   size_t *room, size_t more)
{
	size_t used = *end - *start, want = *room ? *room : CHANNEL_ROOM_MIN;
	uint8_t *grown;

	if (*room - *end >= more)
		return 0;
	if (*start) {
		memmove(*buffer, *buffer + *start, used);
		*start = 0;
		*end = used;
	}
	while (want - used < more)
		want *= 2;
	if (want == *room)
		return 0;
	grown = realloc(*buffer, want);
	if (!grown)
		return -ENOMEM;
	*buffer = grown;
	*room = want;
	return 0;
}

int kt_nest_channel_send(struct kt_nest_channel *channel, enum kt_nest_type type,
			 uint32_t session, const void *data, size_t length)
{
	const struct kt_nest_header header = {
		.type = type,
		.session = session,
		.length = (uint32_t)length,
	};

	if (channel->ended || channel->broken)
		return 0;
	if (channel_reserve(&channel->out, &channel->out_start, &channel->out_end,
			    &channel->out_room, sizeof(header) + length) < 0)
		return -ENOMEM;
	memcpy(channel->out + channel->out_end, &header, sizeof(header));
	channel->out_end += sizeof(header);
	if (length) {
		memcpy(channel->out + channel->out_end, data, length);
		channel->out_end += length;
	}
	kt_nest_channel_flush(channel);
	return 0;
}

void kt_nest_channel_flush(struct kt_nest_channel *channel)
{
	while (!channel->broken && kt_nest_channel_has_output(channel)) {
		ssize_t n = write(channel->fd, channel->out + channel->out_start,
				  channel->out_end - channel->out_start);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			channel->broken = true;
		else
			channel->out_start += (size_t)n;
	}
	channel->out_start = channel->out_end = 0;
}

bool kt_nest_channel_has_output(const struct kt_nest_channel *channel)
{
	return channel->out_end > channel->out_start;
}

int kt_nest_channel_fill(struct kt_nest_channel *channel)
{
	ssize_t n;

	if (channel_reserve(&channel->in, &channel->in_start, &channel->in_end,
			    &channel->in_room, CHANNEL_ROOM_MIN / 2) < 0)
		return -ENOMEM;
	do {
		n = read(channel->fd, channel->in + channel->in_end,
			 channel->in_room - channel->in_end);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		channel->in_end += (size_t)n;
	else if (n == 0 || errno != EAGAIN)
		channel->ended = true;
	return 0;
}

int kt_nest_channel_next(struct kt_nest_channel *channel,
			 struct kt_nest_header *ret, const uint8_t **ret_payload)
{
	size_t there = channel->in_end - channel->in_start;
	struct kt_nest_header header;

	if (there < sizeof(header))
		return 0;
	memcpy(&header, channel->in + channel->in_start, sizeof(header));
	if (header.zero || header.length > KT_NEST_PAYLOAD_MAX ||
	    header.type < KT_NEST_HELLO || header.type > KT_NEST_PONG)
		return -EPROTO;
	if (there - sizeof(header) < header.length)
		return 0;
	*ret = header;
	*ret_payload = channel->in + channel->in_start + sizeof(header);
	channel->in_start += sizeof(header) + header.length;
	return 1;
}
