/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

/* What `ktstr inspect` looks into: an image in a file, or a running machine. */

#include <stdbool.h>

#include "control/client.h"
#include "monitor/image.h"
#include "monitor/kernel.h"

/* Must stay where it is from its opening on. */
struct kt_inspected {
	struct kt_image image; /* of a machine: what is known of it */
	struct kt_kernel_types types;
	struct kt_guest_kernel kernel;

	bool is_live;
	struct kt_control_client client;
	struct kt_live_memory live;
	void *btf; /* the machine's, owned */
};

int kt_inspected_open_file(struct kt_inspected *seen, const char *path,
			   struct ktstr_error *err);
/* One that runs on this machine; -EAGAIN when it is still booting. */
int kt_inspected_open_machine(struct kt_inspected *seen, const char *name,
			      struct ktstr_error *err);
void kt_inspected_close(struct kt_inspected *seen);

/* From here on memory is looked at anew. -ECONNRESET: the machine has ended. */
int kt_inspected_renew(struct kt_inspected *seen, struct ktstr_error *err);
