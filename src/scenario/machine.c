// SPDX-License-Identifier: GPL-2.0-only
#include "scenario/machine.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpulist.h"
#include "base/fd.h"

#define MACHINE_TEXT_MAX   65536
#define MACHINE_CACHES_MAX 16
#define MACHINE_NODES_MAX  1024

static int machine_no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "the machine's topology");
}

/* The text of ROOT/FILE without its last newline; -ENOENT without a message. */
static int machine_text(const char *root, const char *file, char **ret,
			struct ktstr_error *err)
{
	_cleanup_free_ char *path = kt_path_join(root, file);
	int r = path ? kt_read_file(path, MACHINE_TEXT_MAX, ret, NULL) : -ENOMEM;

	if (r < 0)
		return r == -ENOENT ? r :
				      kt_err_errno(err, r, "%s/%s", root, file);
	(*ret)[strcspn(*ret, "\n")] = '\0';
	return 0;
}

static int machine_list(const char *root, const char *file,
			struct kt_bitmap *ret, struct ktstr_error *err)
{
	_cleanup_free_ char *text = NULL;
	int r = machine_text(root, file, &text, err);

	if (r < 0)
		return r;
	r = kt_cpulist_parse(text, ret, err);
	return r < 0 ? kt_err_context(err, r, "%s/%s", root, file) : 0;
}

/* The CPUs that share the outermost cache; -ENOENT: it tells of none. */
static int machine_llc_of(const char *root, size_t cpu, struct kt_bitmap *ret,
			  struct ktstr_error *err)
{
	long best_level = 0;
	int best = -1, r;

	for (int i = 0; i < MACHINE_CACHES_MAX; i++) {
		_cleanup_free_ char *text = NULL;
		char file[96];
		long level;

		snprintf(file, sizeof(file),
			 "devices/system/cpu/cpu%zu/cache/index%d/level", cpu, i);
		r = machine_text(root, file, &text, err);
		if (r == -ENOENT)
			break;
		if (r < 0)
			return r;
		level = strtol(text, NULL, 10);
		if (level > best_level) {
			best_level = level;
			best = i;
		}
	}
	if (best >= 0) {
		char file[96];

		snprintf(file, sizeof(file),
			 "devices/system/cpu/cpu%zu/cache/index%d/"
			 "shared_cpu_list",
			 cpu, best);
		return machine_list(root, file, ret, err);
	}
	return -ENOENT;
}

static int machine_add(struct kt_bitmap **sets, size_t *n, struct kt_bitmap *set)
{
	struct kt_bitmap *grown = reallocarray(*sets, *n + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*sets = grown;
	grown[(*n)++] = *set;
	*set = (struct kt_bitmap){ 0 };
	return 0;
}

static int machine_read_llcs(const char *root, struct kt_machine *machine,
			     struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap placed = { 0 }, left = { 0 };
	bool has_caches = true;
	int r;

	kt_bitmap_for_each (cpu, &machine->online) {
		_cleanup_bitmap_ struct kt_bitmap set = { 0 };

		if (kt_bitmap_test(&placed, cpu))
			continue;
		r = has_caches ? machine_llc_of(root, cpu, &set, err) : -ENOENT;
		if (r < 0 && r != -ENOENT)
			return r;
		/* Its list names it in any case, and nobody twice. */
		has_caches = r == 0;
		if (!has_caches) {
			if (kt_bitmap_set(&left, cpu) < 0)
				return machine_no_memory(err);
			continue;
		}
		kt_bitmap_for_each (other, &set) {
			if (kt_bitmap_set(&placed, other) < 0)
				return machine_no_memory(err);
		}
		if (machine_add(&machine->llcs, &machine->n_llcs, &set) < 0)
			return machine_no_memory(err);
	}
	if (kt_bitmap_count(&left) &&
	    machine_add(&machine->llcs, &machine->n_llcs, &left) < 0)
		return machine_no_memory(err);
	return 0;
}

static int machine_read_nodes(const char *root, struct kt_machine *machine,
			      struct ktstr_error *err)
{
	_cleanup_bitmap_ struct kt_bitmap nodes = { 0 };
	int r = machine_list(root, "devices/system/node/online", &nodes, err);

	/* A kernel without NUMA has one node, and no word of it. */
	if (r == -ENOENT)
		r = kt_bitmap_set(&nodes, 0);
	if (r < 0)
		return r;
	for (size_t node = 0; kt_bitmap_next(&nodes, node) != KT_BITMAP_END;
	     node++) {
		_cleanup_bitmap_ struct kt_bitmap set = { 0 };
		char file[64];

		if (node >= MACHINE_NODES_MAX)
			return kt_err(err, -EINVAL,
				      "%s/devices/system/node/online names "
				      "nodes from %d up",
				      root, MACHINE_NODES_MAX);
		snprintf(file, sizeof(file),
			 "devices/system/node/node%zu/cpulist", node);
		r = machine_list(root, file, &set, err);
		if (r == -ENOENT && node == 0 && kt_bitmap_count(&nodes) == 1)
			r = kt_bitmap_set_range(&set, 0, KT_CPULIST_MAX);
		if (r < 0 && r != -ENOENT)
			return r;
		if (machine_add(&machine->nodes, &machine->n_nodes, &set) < 0)
			return machine_no_memory(err);
	}
	return 0;
}

int kt_machine_read(const char *root, struct kt_machine *ret,
		    struct ktstr_error *err)
{
	_cleanup_machine_ struct kt_machine machine = { 0 };
	int r = machine_list(root, "devices/system/cpu/online", &machine.online,
			     err);

	if (r == -ENOENT)
		return kt_err(err, r,
			      "%s/devices/system/cpu/online is not there: "
			      "sysfs must be mounted on %s",
			      root, root);
	if (r == 0 && !kt_bitmap_count(&machine.online))
		return kt_err(err, -EINVAL,
			      "%s/devices/system/cpu/online names no CPU", root);
	if (r == 0)
		r = machine_read_llcs(root, &machine, err);
	if (r == 0)
		r = machine_read_nodes(root, &machine, err);
	if (r < 0)
		return r;
	*ret = machine;
	machine = (struct kt_machine){ 0 };
	return 0;
}

void kt_machine_deinit(struct kt_machine *machine)
{
	for (size_t i = 0; i < machine->n_llcs; i++)
		kt_bitmap_deinit(&machine->llcs[i]);
	for (size_t i = 0; i < machine->n_nodes; i++)
		kt_bitmap_deinit(&machine->nodes[i]);
	free(machine->llcs);
	free(machine->nodes);
	kt_bitmap_deinit(&machine->online);
	*machine = (struct kt_machine){ 0 };
}

int kt_machine_usable(const struct kt_machine *machine, struct kt_bitmap *ret,
		      struct ktstr_error *err)
{
	size_t last = 0;

	kt_bitmap_for_each (cpu, &machine->online) {
		if (kt_bitmap_set(ret, cpu) < 0)
			return machine_no_memory(err);
		last = cpu;
	}
	if (kt_bitmap_count(ret) > 2)
		kt_bitmap_clear(ret, last);
	return 0;
}
