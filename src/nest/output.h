/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/*
 * What the command inside the emulated machine wrote, on its way to where the
 * caller meant it to go. Never waits for a reader: bytes lie here until poll()
 * says that there is room, and are granted to the command as they go. Its
 * window bounds how many there are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/stream.h"
#include "nest/channel.h"

struct kt_nest_output {
	enum kt_nest_type type;
	struct kt_stream stream;
	uint32_t owed; /* written, and not yet granted */
};

/* -1 as descriptor: what comes vanishes. It is borrowed. */
void kt_nest_output_init(struct kt_nest_output *output, enum kt_nest_type type,
			 int fd);
void kt_nest_output_deinit(struct kt_nest_output *output);

/* One message's bytes. -ENOMEM. */
int kt_nest_output_take(struct kt_nest_output *output,
			struct kt_nest_channel *channel, const void *data,
			size_t length);

static inline bool kt_nest_output_pending(const struct kt_nest_output *output)
{
	return kt_stream_pending(&output->stream) > 0;
}

/*
 * To be called when the descriptor is writable or in error. A reader who has
 * gone away is the command's business to notice, and it is told.
 */
void kt_nest_output_write(struct kt_nest_output *output,
			  struct kt_nest_channel *channel);
