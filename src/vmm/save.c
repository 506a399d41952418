// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "monitor/image.h"
#include "vmm/run.h"

#define NS_PER_MS 1000000ULL

static int write_image(struct kt_run *run, int fd, struct ktstr_error *err)
{
	const struct kt_kernel *kernel = run->config->kernel;
	struct kt_image image = {
		.memory = run->machine->view,
		.symbols = run->session.symbols,
		.n_cpus = run->machine->n_vcpus,
	};
	const uint8_t *btf;
	int r = kt_kernel_btf(kernel, &btf, &image.btf_bytes, err);

	if (r)
		return r;
	image.btf = btf;
	kt_image_add_debug(&image);
	snprintf(image.release, sizeof(image.release), "%s", kernel->release);
	r = kt_image_write(&image, fd, err);
	free(image.vmcoreinfo);
	return r;
}

/* Beside its place, and then there, so that no half of one is ever found. */
static int save(struct kt_run *run, const char *path, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf part = {};
	_cleanup_close_ int fd = -1;
	int r;

	kt_strbuf_addf(&part, "%s.part-%d", path, getpid());
	if (kt_strbuf_failed(&part))
		return kt_err(err, -ENOMEM, "no memory for a path");
	fd = open(kt_strbuf_text(&part), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		  0600);
	if (fd < 0)
		return kt_err_errno(err, -errno, "cannot create \"%s\"",
				    kt_strbuf_text(&part));
	r = write_image(run, fd, err);
	if (!r && rename(kt_strbuf_text(&part), path) < 0)
		r = kt_err_errno(err, -errno, "cannot rename \"%s\" to \"%s\"",
				 kt_strbuf_text(&part), path);
	if (r)
		unlink(kt_strbuf_text(&part));
	return r;
}

uint64_t kt_run_save_due(const struct kt_run *run)
{
	uint32_t after_ms = run->config->memory_image_after_ms;

	if (!after_ms || !run->config->memory_image || run->saved ||
	    !run->session.ready)
		return UINT64_MAX;
	return run->session.ready_ns + after_ms * NS_PER_MS;
}

void kt_run_save(struct kt_run *run)
{
	const char *path = run->config->memory_image;
	struct ktstr_error err;

	if (!path || run->saved)
		return;
	run->saved = true;
	if (!run->monitor_began)
		run->image_error = strdup("the guest has not said where its "
					  "kernel keeps things");
	else if (save(run, path, &err) < 0)
		run->image_error = strdup(err.message);
}
