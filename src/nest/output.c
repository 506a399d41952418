// SPDX-License-Identifier: GPL-2.0-only
#include "nest/output.h"

#include <errno.h>

/* Grants are messages of their own: not one for each small piece. */
#define OUTPUT_GRANT_BYTES (KT_NEST_WINDOW / 8)

void kt_nest_output_init(struct kt_nest_output *output, enum kt_nest_type type,
			 int fd)
{
	*output = (struct kt_nest_output){ .type = type };
	kt_stream_init(&output->stream, fd, NULL);
}

void kt_nest_output_deinit(struct kt_nest_output *output)
{
	kt_stream_deinit(&output->stream);
}

/* What was taken and is neither granted nor still here has gone. */
static void output_grant(struct kt_nest_output *output,
			 struct kt_nest_channel *channel, size_t gone)
{
	struct kt_nest_grant grant = { .stream = output->type };

	output->owed += (uint32_t)gone;
	if (!output->owed || (output->owed < OUTPUT_GRANT_BYTES &&
			      kt_nest_output_pending(output)))
		return;
	grant.bytes = output->owed;
	output->owed = 0;
	kt_nest_channel_send(channel, KT_NEST_GRANT, 0, &grant, sizeof(grant));
}

int kt_nest_output_take(struct kt_nest_output *output,
			struct kt_nest_channel *channel, const void *data,
			size_t length)
{
	size_t before = kt_stream_pending(&output->stream);

	kt_stream_put(&output->stream, data, length);
	if (kt_strbuf_failed(&output->stream.pending))
		return -ENOMEM;
	output_grant(output, channel,
		     before + length - kt_stream_pending(&output->stream));
	return 0;
}

void kt_nest_output_write(struct kt_nest_output *output,
			  struct kt_nest_channel *channel)
{
	const uint32_t stream = output->type;
	size_t before = kt_stream_pending(&output->stream);

	if (kt_stream_flush(&output->stream))
		kt_nest_channel_send(channel, KT_NEST_BROKEN, 0, &stream,
				     sizeof(stream));
	output_grant(output, channel,
		     before - kt_stream_pending(&output->stream));
}
