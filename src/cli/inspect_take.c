// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "cli/inspect_take.h"
#include "monitor/bpf.h"
#include "monitor/bpf_entries.h"
#include "monitor/domains.h"
#include "monitor/sample.h"
#include "monitor/tasks.h"
#include "monitor/value.h"

/* Takes `list`, which a walk that ended with `r` has filled. */
static json_t *finish_walk(json_t *list, const char *what, int r,
			   struct ktstr_error *err)
{
	if (!r)
		return list;
	kt_err_errno(err, r, "the list of %s is torn behind the %zuth", what,
		     json_array_size(list));
	json_decref(list);
	return NULL;
}

static json_t *take_runqueues(struct kt_inspected *seen, const char *name,
			      struct ktstr_error *err)
{
	_cleanup_free_ struct ktstr_cpu_sample *cpus =
		calloc(seen->kernel.n_cpus, sizeof(*cpus));
	struct ktstr_monitor_sample sample = { .cpus = cpus };
	struct kt_sampler sampler;
	json_t *list;
	int r;

	(void)name;
	if (!cpus || kt_sampler_init(&sampler, &seen->kernel, err) < 0)
		return NULL;
	r = kt_sampler_take(&sampler, &sample);
	kt_sampler_deinit(&sampler);
	if (r) {
		kt_err_errno(err, r, "cannot read the runqueues");
		return NULL;
	}
	list = json_array();
	for (uint32_t cpu = 0; cpu < seen->kernel.n_cpus; cpu++) {
		json_t *entry =
			json_pack("{s:I, s:I, s:I}", "cpu", (json_int_t)cpu,
				  "nr_running", (json_int_t)cpus[cpu].nr_running,
				  "clock_ns", (json_int_t)cpus[cpu].rq_clock_ns);

		if (sample.has & KTSTR_SAMPLE_SCX) {
			json_object_set_new(
				entry, "scx_nr_running",
				json_integer(cpus[cpu].scx_nr_running));
			json_object_set_new(
				entry, "local_dsq_depth",
				json_integer(cpus[cpu].local_dsq_depth));
			json_object_set_new(entry, "scx_flags",
					    json_integer(cpus[cpu].scx_flags));
		}
		if (sample.has & KTSTR_SAMPLE_SCHEDSTAT) {
			json_object_set_new(
				entry, "sched_count",
				json_integer((json_int_t)cpus[cpu]
						     .schedstat.sched_count));
			json_object_set_new(
				entry, "run_delay_ns",
				json_integer((json_int_t)cpus[cpu]
						     .schedstat.run_delay_ns));
		}
		json_array_append_new(list, entry);
	}
	return list;
}

static json_t *take_domains(struct kt_inspected *seen, const char *name,
			    struct ktstr_error *err)
{
	json_t *list = json_array();

	(void)name;
	for (uint32_t cpu = 0; cpu < seen->kernel.n_cpus; cpu++) {
		struct ktstr_sched_domain chain[KT_DOMAINS_MAX];
		uint32_t n;
		int r = kt_domains_take(&seen->kernel, cpu, chain, &n);

		if (r) {
			kt_err_errno(err, r, "cannot read CPU %u's domains", cpu);
			json_decref(list);
			return NULL;
		}
		for (uint32_t i = 0; i < n; i++)
			json_array_append_new(
				list,
				json_pack("{s:I, s:I, s:s, s:I, s:I, s:I, s:I}",
					  "cpu", (json_int_t)cpu, "level",
					  (json_int_t)chain[i].level, "name",
					  chain[i].name, "cpus",
					  (json_int_t)chain[i].span_weight,
					  "flags", (json_int_t)chain[i].flags,
					  "balance_interval_ms",
					  (json_int_t)chain[i].balance_interval,
					  "nr_balance_failed",
					  (json_int_t)chain[i].nr_balance_failed));
	}
	return list;
}

static const char *policy_name(uint32_t policy)
{
	static const char *const names[] = {
		[0] = "normal", [1] = "fifo",     [2] = "rr",  [3] = "batch",
		[5] = "idle",   [6] = "deadline", [7] = "ext",
	};

	return policy < KT_ARRAY_SIZE(names) && names[policy] ? names[policy] :
								"?";
}

static int add_task(void *userdata, const struct kt_task *task)
{
	return json_array_append_new(
		       userdata,
		       json_pack("{s:i, s:i, s:s#, s:I, s:s, s:i, s:s}", "pid",
				 task->pid, "tgid", task->tgid, "state",
				 &task->state, 1, "cpu", (json_int_t)task->cpu,
				 "policy", policy_name(task->policy), "prio",
				 task->prio, "comm", task->comm)) ?
		       -ENOMEM :
		       0;
}

static json_t *take_tasks(struct kt_inspected *seen, const char *name,
			  struct ktstr_error *err)
{
	json_t *list = json_array();

	(void)name;
	return finish_walk(list, "tasks",
			   kt_tasks_walk(&seen->kernel, add_task, list), err);
}

static json_t *take_symbols(struct kt_inspected *seen, const char *name,
			    struct ktstr_error *err)
{
	const char *const *names = kt_kernel_symbol_names();
	json_t *list = json_array();

	(void)name;
	(void)err;
	for (size_t i = 0; i < KT_N_SYMBOLS; i++) {
		uint64_t address = seen->kernel.symbols.address[i];

		if (address)
			json_array_append_new(
				list,
				json_pack("{s:o, s:s}", "address",
					  json_sprintf("%016" PRIx64, address),
					  "name", names[i]));
	}
	return list;
}

static int add_map(void *userdata, const struct kt_bpf_map *map)
{
	json_t *entry = json_pack("{s:I, s:s, s:I, s:I, s:I, s:I, s:s}", "id",
				  (json_int_t)map->id, "type",
				  kt_bpf_map_type_name(map->type), "key_size",
				  (json_int_t)map->key_size, "value_size",
				  (json_int_t)map->value_size, "max_entries",
				  (json_int_t)map->max_entries, "flags",
				  (json_int_t)map->flags, "name", map->name);

	return json_array_append_new(userdata, entry) ? -ENOMEM : 0;
}

static json_t *take_maps(struct kt_inspected *seen, const char *name,
			 struct ktstr_error *err)
{
	json_t *list = json_array();

	(void)name;
	return finish_walk(list, "maps",
			   kt_bpf_maps_walk(&seen->kernel, add_map, list), err);
}

static int add_program(void *userdata, const struct kt_bpf_program *program)
{
	json_t *entry = json_pack(
		"{s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "id",
		(json_int_t)program->id, "type",
		kt_bpf_program_type_name(program->type), "instructions",
		(json_int_t)program->n_instructions, "verified",
		(json_int_t)program->verified_instructions, "jited_bytes",
		(json_int_t)program->jited_bytes, "run_count",
		(json_int_t)program->run_count, "run_time_ns",
		(json_int_t)program->run_time_ns, "recursion_misses",
		(json_int_t)program->recursion_misses, "name", program->name);

	return json_array_append_new(userdata, entry) ? -ENOMEM : 0;
}

static json_t *take_programs(struct kt_inspected *seen, const char *name,
			     struct ktstr_error *err)
{
	json_t *list = json_array();

	(void)name;
	return finish_walk(list, "programs",
			   kt_bpf_programs_walk(&seen->kernel, add_program, list),
			   err);
}

struct reading {
	struct kt_inspected *seen;
	const struct kt_bpf_map *map;
	struct kt_bpf_types types;
	uint8_t *value;
	json_t *entries;
};

/* By its type, where it has one. */
static json_t *value_of(const struct reading *reading, uint32_t type_id,
			const void *data, size_t bytes)
{
	json_t *value;
	int r;

	if (!reading->types.types || !type_id)
		return kt_value_json_bytes(data, bytes);
	r = kt_value_json(reading->types.types, type_id, data, bytes, &value);
	return r == -ENOMEM ? NULL :
	       r            ? kt_value_json_bytes(data, bytes) :
			      value;
}

static json_t *key_of(const struct reading *reading, const uint8_t *key)
{
	uint32_t index;

	if (reading->map->key_type_id || reading->map->key_size != sizeof(index))
		return value_of(reading, reading->map->key_type_id, key,
				reading->map->key_size);
	memcpy(&index, key, sizeof(index));
	return json_integer(index);
}

static int read_value(const struct reading *reading, uint64_t address,
		      json_t **ret)
{
	int r = kt_view_read(&reading->seen->kernel.view, address,
			     reading->value, reading->map->value_size);

	if (r)
		return r;
	*ret = value_of(reading, reading->map->value_type_id, reading->value,
			reading->map->value_size);
	return *ret ? 0 : -ENOMEM;
}

static int add_entry(void *userdata, const struct kt_bpf_entry *entry)
{
	struct reading *reading = userdata;
	json_t *object = json_pack("{s:o}", "key", key_of(reading, entry->key));
	json_t *values = entry->n_values > 1 ? json_array() : NULL, *value;
	int r = object ? 0 : -ENOMEM;

	for (uint32_t i = 0; !r && i < entry->n_values; i++) {
		r = read_value(reading, entry->values[i], &value);
		if (!r && values)
			r = json_array_append_new(values, value);
		else if (!r)
			r = json_object_set_new(object, "value", value);
	}
	if (!r && values)
		r = json_object_set_new(object, "by_cpu", json_incref(values));
	json_decref(values);
	if (r) {
		json_decref(object);
		return r < -1 ? r : -ENOMEM;
	}
	return json_array_append_new(reading->entries, object) ? -ENOMEM : 0;
}

static json_t *take_map(struct kt_inspected *seen, const char *name,
			struct ktstr_error *err)
{
	struct kt_bpf_map map;
	struct reading reading = { .seen = seen, .map = &map };
	int r = kt_bpf_map_find(&seen->kernel, name, &map);

	if (r) {
		kt_err(err, r,
		       r == -ENOENT ? "the guest has no map \"%s\"; `ktstr "
				      "inspect FILE maps` lists those it has" :
				      "cannot find map \"%s\": the table of "
				      "maps is torn",
		       name);
		return NULL;
	}
	r = kt_bpf_types_init(&reading.types, &seen->kernel, &map, err);
	if (r && r != -ENOENT && r != -EOPNOTSUPP)
		return NULL;
	reading.value = malloc(map.value_size ?: 1);
	reading.entries = json_array();
	r = reading.value && reading.entries ?
		    kt_bpf_entries_walk(&seen->kernel, &map, add_entry, &reading) :
		    -ENOMEM;
	free(reading.value);
	kt_bpf_types_deinit(&reading.types);
	if (r == -EOPNOTSUPP) {
		json_decref(reading.entries);
		kt_err(err, r,
		       "map %s is of type %s; arrays and hashes can be read",
		       map.name, kt_bpf_map_type_name(map.type));
		return NULL;
	}
	return finish_walk(reading.entries, "entries", r, err);
}

const struct kt_inspect_subject kt_inspect_subjects[] = {
	{ "runqueues", false, take_runqueues },
	{ "domains", false, take_domains },
	{ "tasks", false, take_tasks },
	{ "maps", false, take_maps },
	{ "map", true, take_map },
	{ "prog", false, take_programs },
	{ "symbols", false, take_symbols },
	{ 0 },
};
