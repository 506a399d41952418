/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "base/error.h"
#include "base/log.h"
#include "nest/nest.h"
#include "nest/place.h"

/*
 * Starts the supervisor of a machine, in the background, and returns when its
 * socket can be connected to. With the place's lock held, and nobody serving
 * the socket.
 */
int kt_nest_launch(const struct kt_nest_shape *shape,
		   const struct kt_nest_place *place,
		   const struct ktstr_log *log, struct ktstr_error *err);

/*
 * Seconds from the environment, for machines of unusual speed and for tests;
 * `otherwise` where the variable is not set or makes no sense.
 */
unsigned int kt_nest_seconds(const char *name, unsigned int otherwise);
