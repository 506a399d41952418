// SPDX-License-Identifier: GPL-2.0-only
#include "cli/inspect_open.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/cleanup.h"

KT_DEFINE_CLEANUP(json_t *, json_decref)

static int find_kernel(struct kt_inspected *seen, struct ktstr_error *err)
{
	int r = kt_kernel_types_init(&seen->types, seen->image.btf,
				     seen->image.btf_bytes, err);

	return r ? r :
		   kt_guest_kernel_init(&seen->kernel, &seen->image.memory,
					&seen->image.symbols, &seen->types,
					seen->image.n_cpus, err);
}

int kt_inspected_open_file(struct kt_inspected *seen, const char *path,
			   struct ktstr_error *err)
{
	int r;

	*seen = (struct kt_inspected){ 0 };
	r = kt_image_open(&seen->image, path, err);
	if (r)
		return r;
	r = find_kernel(seen, err);
	return r ? kt_err_context(err, r, "%s", path) : 0;
}

static int take_regions(struct kt_inspected *seen, json_t *description,
			struct ktstr_error *err)
{
	struct kt_memory_region regions[KT_LIVE_REGIONS_MAX] = { 0 };
	json_t *list = json_object_get(description, "regions"), *entry;
	size_t i, n = json_array_size(list);
	int r;

	if (n > KT_LIVE_REGIONS_MAX)
		n = 0;
	for (i = 0; i < n; i++) {
		json_int_t gpa, bytes;

		entry = json_array_get(list, i);
		if (json_unpack(entry, "[I, I]", &gpa, &bytes) < 0)
			return kt_err(err, -EBADMSG,
				      "the machine does not say where its RAM "
				      "is");
		regions[i].gpa = (uint64_t)gpa;
		regions[i].size_bytes = (uint64_t)bytes;
	}
	r = kt_live_memory_init(&seen->live, &seen->client, regions, n, err);
	if (!r)
		seen->image.memory = seen->live.memory;
	return r;
}

static int describe(struct kt_inspected *seen, json_t **ret,
		    struct ktstr_error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = kt_control_description(&seen->client, &text, err);

	if (r)
		return r;
	*ret = json_loads(text, 0, NULL);
	return *ret ? 0 :
		      kt_err(err, -EBADMSG, "the machine's description is none");
}

int kt_inspected_open_machine(struct kt_inspected *seen, const char *name,
			      struct ktstr_error *err)
{
	_cleanup_(json_decref_cleanup) json_t *description = NULL;
	const char *state = NULL;
	int r;

	*seen = (struct kt_inspected){ .client.fd = -1 };
	r = kt_control_connect(name, &seen->client, err);
	if (r)
		return r;
	seen->is_live = true;
	r = describe(seen, &description, err);
	if (!r && (json_unpack(description, "{s:s}", "state", &state) < 0 ||
		   kt_image_take_description(&seen->image, description) < 0))
		r = kt_err(err, -EBADMSG,
			   "the machine's description lacks parts");
	if (!r && state[0] == 'b')
		r = kt_err(err, -EAGAIN,
			   "it is still booting, and has not said where its "
			   "kernel keeps things; try again in a moment");
	if (!r)
		r = take_regions(seen, description, err);
	if (!r)
		r = kt_control_btf(&seen->client, &seen->btf,
				   &seen->image.btf_bytes, err);
	seen->image.btf = seen->btf;
	if (!r)
		r = find_kernel(seen, err);
	return r ? kt_err_context(err, r, "%s", name) : 0;
}

void kt_inspected_close(struct kt_inspected *seen)
{
	kt_guest_kernel_deinit(&seen->kernel);
	kt_kernel_types_deinit(&seen->types);
	kt_image_close(&seen->image);
	if (!seen->is_live)
		return;
	kt_live_memory_deinit(&seen->live);
	kt_control_disconnect(&seen->client);
	free(seen->btf);
}

int kt_inspected_renew(struct kt_inspected *seen, struct ktstr_error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = kt_control_description(&seen->client, &text, err);

	if (r)
		return r;
	kt_live_memory_forget(&seen->live);
	kt_view_forget(&seen->kernel.view);
	return 0;
}
