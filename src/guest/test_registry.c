// SPDX-License-Identifier: GPL-2.0-only
#include "guest/test_registry.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include <ktstr/disk.h>
#include <ktstr/network.h>
#include <ktstr/payload.h>
#include <ktstr/scheduler.h>

#include "base/cleanup.h"
#include "guest/test_monitor.h"

/* The linker's own names for the ends of the section; weak: without tests. */
extern const struct ktstr_test *const __start_ktstr_tests[]
	__attribute__((weak, visibility("hidden")));
extern const struct ktstr_test *const __stop_ktstr_tests[]
	__attribute__((weak, visibility("hidden")));

KT_DEFINE_CLEANUP(json_t *, json_decref)

const struct ktstr_test *const *kt_tests(size_t *ret_n)
{
	*ret_n = (size_t)(__stop_ktstr_tests - __start_ktstr_tests);
	return __start_ktstr_tests;
}

const struct ktstr_test *kt_test_find(const char *name)
{
	size_t n;
	const struct ktstr_test *const *tests = kt_tests(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(tests[i]->name, name) == 0)
			return tests[i];
	}
	return NULL;
}

static uint32_t dimension(uint32_t own, uint32_t of_scheduler, uint32_t otherwise)
{
	if (own != KTSTR_OF_SCHEDULER)
		return own;
	return of_scheduler ? of_scheduler : otherwise;
}

struct ktstr_test kt_test_resolve(const struct ktstr_test *test)
{
	static const struct ktstr_scheduler none;
	const struct ktstr_scheduler *scheduler =
		test->scheduler ? test->scheduler : &none;
	struct ktstr_test whole = *test;

	whole.numa_nodes = dimension(test->numa_nodes, scheduler->numa_nodes, 1);
	whole.llcs = dimension(test->llcs, scheduler->llcs, 1);
	whole.cores = dimension(test->cores, scheduler->cores, 2);
	whole.threads = dimension(test->threads, scheduler->threads, 1);
	return whole;
}

/* Two payloads may be the same program; one without is told when it starts. */
static bool is_to_be_packed(const struct ktstr_payload *const *payloads, size_t i)
{
	const char *binary = payloads[i]->binary;

	for (size_t k = 0; binary && k < i; k++) {
		if (payloads[k]->binary &&
		    strcmp(payloads[k]->binary, binary) == 0)
			return false;
	}
	return binary;
}

/* Also the payloads' programs, which the guest looks for in /bin. */
static json_t *list_files(const struct ktstr_test *test)
{
	const struct ktstr_payload *const *payloads = test->payloads;
	const char *const *files = test->include_files;
	json_t *list = json_array();
	int r = list ? 0 : -1;

	for (size_t i = 0; r == 0 && files && files[i]; i++)
		r = json_array_append_new(list, json_string(files[i]));
	for (size_t i = 0; r == 0 && payloads && payloads[i]; i++) {
		const char *binary = payloads[i]->binary;

		if (!is_to_be_packed(payloads, i))
			continue;
		r = json_array_append_new(list, json_sprintf("%s:bin/%s", binary,
							     basename(binary)));
	}
	if (r < 0) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *list_texts(const char *const *texts)
{
	json_t *list = json_array();

	for (size_t i = 0; texts && texts[i]; i++) {
		if (json_array_append_new(list, json_string(texts[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *list_flags(const struct ktstr_scheduler *scheduler)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < scheduler->n_flags; i++) {
		const struct ktstr_scheduler_flag *flag = &scheduler->flags[i];

		if (json_array_append_new(
			    list,
			    json_pack("{s:s, s:o, s:o}", "name", flag->name,
				      "args", list_texts(flag->args), "needs",
				      list_texts(flag->needs))) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *list_scheduler(const struct ktstr_scheduler *scheduler)
{
	if (!scheduler)
		return json_null();
	return json_pack("{s:s, s:s?, s:o, s:o, s:o, s:o, s:s?}", "name",
			 scheduler->name, "binary", scheduler->binary, "args",
			 list_texts(scheduler->args), "enable",
			 list_texts(scheduler->enable), "disable",
			 list_texts(scheduler->disable), "flags",
			 list_flags(scheduler), "cmdline", scheduler->cmdline);
}

static json_t *list_writes(const struct ktstr_test *test)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < test->n_bpf_map_writes; i++) {
		const struct ktstr_bpf_map_write *write =
			&test->bpf_map_writes[i];

		if (json_array_append_new(
			    list,
			    json_pack("{s:s, s:s?, s:I, s:I}", "map",
				      write->map, "variable", write->variable,
				      "offset", (json_int_t)write->offset,
				      "value", (json_int_t)write->value)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *list_disk(const struct ktstr_disk *disk)
{
	return json_pack("{s:I, s:b, s:s?, s:I, s:I, s:I, s:I}", "size_mib",
			 (json_int_t)disk->size_mib, "read_only",
			 disk->read_only, "name", disk->name, "iops",
			 (json_int_t)disk->iops, "bytes_per_s",
			 (json_int_t)disk->bytes_per_s, "iops_burst",
			 (json_int_t)disk->iops_burst, "bytes_burst",
			 (json_int_t)disk->bytes_burst);
}

/* Only what the machine is to have. */
static int list_devices(const struct ktstr_test *test, json_t *entry)
{
	if (test->disk &&
	    json_object_set_new(entry, "disk", list_disk(test->disk)) < 0)
		return -ENOMEM;
	if (test->network &&
	    json_object_set_new(
		    entry, "network",
		    json_pack("{s:I}", "queue_pairs",
			      (json_int_t)test->network->queue_pairs)) < 0)
		return -ENOMEM;
	return 0;
}

static json_t *list_test(const struct ktstr_test *declared)
{
	const struct ktstr_test whole = kt_test_resolve(declared);
	const struct ktstr_test *const test = &whole;
	const struct {
		const char *name;
		uint32_t value;
	} numbers[] = {
		{ "line", (uint32_t)test->line },
		{ "numa_nodes", test->numa_nodes },
		{ "llcs", test->llcs },
		{ "cores", test->cores },
		{ "threads", test->threads },
		{ "memory_mib", test->memory_mib },
		{ "duration_s", test->duration_s },
		{ "timeout_s", test->timeout_s },
		{ "watchdog_timeout_s", test->watchdog_timeout_s },
		{ "min_numa_nodes", test->min_numa_nodes },
		{ "max_numa_nodes", test->max_numa_nodes },
		{ "min_llcs", test->min_llcs },
		{ "max_llcs", test->max_llcs },
		{ "min_cpus", test->min_cpus },
		{ "max_cpus", test->max_cpus },
	};
	json_t *entry = json_pack(
		"{s:s, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "name",
		test->name, "file", test->file, "expect_err", test->expect_err,
		"requires_smt", test->requires_smt, "include_files",
		list_files(test), "scheduler", list_scheduler(test->scheduler),
		"extra_sched_args", list_texts(test->extra_sched_args), "monitor",
		kt_test_monitor(test), "bpf_map_writes", list_writes(test));

	for (size_t i = 0; entry && i < sizeof(numbers) / sizeof(numbers[0]);
	     i++) {
		if (json_object_set_new(entry, numbers[i].name,
					json_integer(numbers[i].value)) < 0) {
			json_decref(entry);
			return NULL;
		}
	}
	if (entry && list_devices(test, entry) < 0) {
		json_decref(entry);
		return NULL;
	}
	return entry;
}

static int append(const char *text, size_t length, void *userdata)
{
	kt_strbuf_add_bytes(userdata, text, length);
	return 0;
}

int kt_tests_list(const struct ktstr_test *const *tests, size_t n,
		  struct kt_strbuf *ret)
{
	_cleanup_(json_decref_cleanup) json_t *root = NULL;
	json_t *list = json_array();

	for (size_t i = 0; list && i < n; i++) {
		if (json_array_append_new(list, list_test(tests[i])) < 0) {
			json_decref(list);
			return -ENOMEM;
		}
	}
	root = json_pack("{s:i, s:o}", "ktstr_list", 1, "tests", list);
	if (!root || json_dump_callback(root, append, ret, JSON_INDENT(2)) < 0)
		return -ENOMEM;
	kt_strbuf_add_char(ret, '\n');
	return kt_strbuf_failed(ret) ? -ENOMEM : 0;
}
