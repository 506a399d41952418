// SPDX-License-Identifier: GPL-2.0-only
#include <sys/eventfd.h>

#include "device/device.h"

void kt_irq_line_raise(const struct kt_irq_line *line)
{
	/* A counter that would overflow is an edge already pending. */
	if (line->eventfd >= 0)
		(void)eventfd_write(line->eventfd, 1);
}
