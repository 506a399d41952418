// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/stage_payload.h"

#include <string.h>

#include "base/fd.h"
#include "base/macro.h"
#include "scenario/payload_run.h"

static void entry_deinit(struct kt_stage_payload *entry)
{
	free(entry->cgroup);
	*entry = (struct kt_stage_payload){ 0 };
}

/* How it ended is in the notes already. */
static void keep_verdict(struct kt_stage *stage, enum ktstr_verdict verdict)
{
	stage->n_payloads_judged++;
	stage->payload_failed |= verdict != KTSTR_PASS;
}

static void forget(struct kt_stage *stage, size_t index)
{
	entry_deinit(&stage->payloads[index]);
	stage->n_payloads--;
	memmove(&stage->payloads[index], &stage->payloads[index + 1],
		(stage->n_payloads - index) * sizeof(*stage->payloads));
}

static void end(struct kt_stage *stage, size_t index)
{
	keep_verdict(stage, ktstr_payload_kill(stage->payloads[index].run));
	forget(stage, index);
}

static int find(const struct kt_stage *stage, const struct ktstr_payload *payload,
		size_t *ret, struct ktstr_error *err)
{
	for (*ret = 0; *ret < stage->n_payloads; (*ret)++) {
		if (stage->payloads[*ret].payload == payload)
			return 0;
	}
	return kt_err(err, -ENOENT,
		      "it is not running; KTSTR_RUN_PAYLOAD() starts it, and "
		      "with its step it ends");
}

static int open_group(const struct kt_stage *stage, const char *path, int *ret,
		      struct ktstr_error *err)
{
	struct kt_group *group;
	int r;

	if (!path)
		return 0;
	r = kt_stage_find(stage, path, &group, err);
	return r < 0 ? r : kt_cgroup_open_procs(&stage->cgroups, path, ret, err);
}

int kt_stage_payload_run(struct kt_stage *stage, const char *path,
			 const struct ktstr_payload *payload,
			 struct ktstr_error *err)
{
	struct kt_stage_payload entry = {
		.payload = payload,
		.step = stage->step,
		.cgroup = path ? strdup(path) : NULL,
	};
	struct kt_stage_payload *grown =
		reallocarray(stage->payloads, stage->n_payloads + 1,
			     sizeof(*stage->payloads));
	_cleanup_close_ int procs_fd = -1;
	size_t index;
	int r;

	if (grown)
		stage->payloads = grown;
	if (!grown || (path && !entry.cgroup))
		r = kt_err_errno(err, -ENOMEM, "a payload");
	else if (find(stage, payload, &index, NULL) == 0)
		r = kt_err(
			err, -EEXIST,
			"it is running already; wait for it or kill it first");
	else
		r = open_group(stage, path, &procs_fd, err);
	if (r == 0) {
		entry.run = kt_payload_start_in(stage->ctx, payload, procs_fd);
		/* A note says why. */
		if (!entry.run)
			r = kt_err(err, -ECHILD, "it did not start");
	}
	if (r < 0) {
		entry_deinit(&entry);
		return r;
	}
	stage->payloads[stage->n_payloads++] = entry;
	return 0;
}

int kt_stage_payload_wait(struct kt_stage *stage,
			  const struct ktstr_payload *payload,
			  struct ktstr_error *err)
{
	size_t index;
	int r = find(stage, payload, &index, err);

	if (r < 0)
		return r;
	keep_verdict(stage, ktstr_payload_wait(stage->payloads[index].run));
	forget(stage, index);
	return 0;
}

int kt_stage_payload_kill(struct kt_stage *stage,
			  const struct ktstr_payload *payload,
			  struct ktstr_error *err)
{
	size_t index;
	int r = find(stage, payload, &index, err);

	if (r == 0)
		end(stage, index);
	return r;
}

void kt_stage_payloads_end_in(struct kt_stage *stage, const char *path)
{
	for (size_t i = stage->n_payloads; i-- > 0;) {
		const char *cgroup = stage->payloads[i].cgroup;

		if (cgroup && kt_group_is_below(cgroup, path))
			end(stage, i);
	}
}

void kt_stage_payloads_end_step(struct kt_stage *stage, int step)
{
	for (size_t i = stage->n_payloads; i-- > 0;) {
		if (step == KT_STEP_ALL || stage->payloads[i].step == step)
			end(stage, i);
	}
}
