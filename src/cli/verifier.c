// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <ktstr/vm.h>

#include "base/fold.h"
#include "cli/cli.h"
#include "cli/machines.h"
#include "cli/nested.h"
#include "cli/sharing.h"
#include "cli/table.h"
#include "cli/watch.h"
#include "kernel/kernel.h"
#include "topology/grammar.h"

#define TIMEOUT_MS 300000
#define MEMORY_MIB 1024

KT_DEFINE_CLEANUP(json_t *, json_decref)

struct verifier_values {
	const char *scheduler;
	struct kt_words kernels;
	struct kt_words topologies;
	const char *nest_shape;
	const char *name;
	struct kt_cli_sharing sharing;
	uint32_t accel; /* index into kt_cli_accels */
	bool json;
};

static const struct verifier_values verifier_defaults = {
	.sharing = KT_CLI_SHARING_DEFAULTS,
};

#define AT(member) .offset = offsetof(struct verifier_values, member)

static const struct kt_option verifier_options[] = {
	{
		.name = "scheduler",
		.letter = 's',
		.type = KT_OPTION_TEXT,
		.value = "PROGRAM",
		AT(scheduler),
		.complete = KT_COMPLETE_FILE,
		.help = "The program that loads the scheduler and stays.",
	},
	{
		.name = "kernel",
		.letter = 'k',
		.type = KT_OPTION_LIST,
		.value = "KERNEL",
		AT(kernels),
		.complete = KT_COMPLETE_FILE,
		.help = "Load it on this kernel, given as for ktstr shell; may "
			"be given many times.",
	},
	{
		.name = "topology",
		.letter = 't',
		.type = KT_OPTION_LIST,
		.value = "TOPOLOGY",
		AT(topologies),
		.complete = KT_COMPLETE_TOPOLOGY,
		.help = "Load it in this machine; may be given many times. "
			"Default: 1n1l2c1t.",
	},
	{
		.name = "json",
		.letter = 'j',
		.type = KT_OPTION_FLAG,
		AT(json),
		.help = "Print JSON.",
	},
	{
		.name = "accel",
		.type = KT_OPTION_CHOICE,
		.value = "WHERE",
		AT(accel),
		.choices = kt_cli_accels,
		.help = "kvm: in this machine. nested: in an emulated one, "
			"which is slow. auto, the default: nested where this "
			"machine's KVM cannot run a kernel.",
	},
	KT_CLI_NEST_SHAPE_OPTION(offsetof(struct verifier_values, nest_shape)),
	KT_CLI_NAME_OPTION(offsetof(struct verifier_values, name),
			   "the machine. Default: verifier."),
	KT_CLI_SHARING_OPTIONS(struct verifier_values, sharing),
	{ 0 },
};

struct verifying {
	struct kt_cli *cli;
	const struct verifier_values *values;
	const struct kt_words *args; /* the scheduler's */
	struct kt_watch watch;
	json_t *list;
	size_t n_failed;
};

static void add_programs(struct verifying *verifying, const char *kernel,
			 const char *topology,
			 const struct ktstr_monitor_report *report)
{
	for (size_t i = 0; i < report->n_programs; i++) {
		const struct ktstr_bpf_program *program = &report->programs[i];

		json_array_append_new(
			verifying->list,
			json_pack(
				"{s:s, s:s, s:s, s:s, s:I, s:I, s:I}", "kernel",
				kernel, "topology", topology, "program",
				program->name, "type", program->type, "verified",
				(json_int_t)program->verified_instructions,
				"instructions", (json_int_t)program->instructions,
				"jited_bytes", (json_int_t)program->jited_bytes));
	}
}

/* Why it was not loaded: what it wrote, which has the verifier's log. */
static void tell_failure(const struct verifying *verifying, const char *kernel,
			 const char *topology,
			 const struct ktstr_vm_result *result)
{
	_cleanup_strbuf_ struct kt_strbuf log = { 0 };
	const char *text = result->scheduler_log ?: result->output ?: "";

	if (result->crash)
		kt_strbuf_add(&log, result->crash);
	else if (result->timed_out)
		kt_strbuf_addf(&log, "it was not done after %d s",
			       TIMEOUT_MS / 1000);
	else
		(void)kt_fold_cycles(text, strlen(text), &log);
	kt_cli_error(verifying->cli,
		     "%s was not loaded on kernel %s in %s; it said:\n%s",
		     verifying->values->scheduler, kernel, topology,
		     kt_strbuf_text(&log));
}

static int take_result(struct verifying *verifying, const char *kernel,
		       const char *topology, const struct ktstr_vm_result *result,
		       struct ktstr_error *err)
{
	const struct ktstr_monitor_report *report = result->monitor;

	if (result->stopped)
		return kt_err(err, -EINTR, "interrupted");
	if (!result->success) {
		tell_failure(verifying, kernel, topology, result);
		verifying->n_failed++;
		return 0;
	}
	if (!report || report->unavailable)
		return kt_err(
			err, -EOPNOTSUPP,
			"the programs cannot be looked at on kernel %s: %s",
			kernel, report ? report->unavailable : "no memory");
	add_programs(verifying, kernel, topology, report);
	return 0;
}

static int run_machine(struct verifying *verifying,
		       const struct kt_kernel_ref *kernel, const char *topology,
		       struct ktstr_vm_config *config, struct ktstr_error *err)
{
	struct ktstr_vm_result *result = NULL;
	struct ktstr_vm *vm = NULL;
	int r = ktstr_vm_build(config, &vm, err);

	if (r)
		return r;
	r = kt_watch_start(&verifying->watch, vm, err);
	if (!r)
		r = ktstr_vm_run(vm, &result, err);
	kt_watch_stop(&verifying->watch);
	if (!r)
		r = take_result(verifying, kernel->release ?: kernel->image,
				topology, result, err);
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
	return r;
}

static int verify_one(struct verifying *verifying, const char *kernel_text,
		      const char *topology_text, struct ktstr_error *err)
{
	_cleanup_topology_text_ struct kt_topology_text topology = { 0 };
	_cleanup_(kt_kernel_ref_deinit) struct kt_kernel_ref kernel = { 0 };
	_cleanup_free_ const char **args =
		calloc(verifying->args->n + 1, sizeof(*args));
	struct ktstr_vm_config config =
		KTSTR_VM_CONFIG(.busybox = true, .exec_cmd = "true",
				.timeout_ms = TIMEOUT_MS,
				.memory_mib = MEMORY_MIB,
				.watchdog_timeout_ms = 0,
				.scheduler_binary = verifying->values->scheduler,
				.log = verifying->cli->log);
	int r;

	if (!args)
		return kt_err(err, -ENOMEM, "no memory for arguments");
	for (size_t i = 0; i < verifying->args->n; i++)
		args[i] = verifying->args->words[i];
	r = kt_topology_parse(topology_text, &topology, err);
	if (!r)
		r = kt_kernel_resolve(kernel_text, &kernel, err);
	if (r)
		return r;
	config.sched_args = args;
	config.topology = topology.topology;
	config.control_socket = true;
	config.name = verifying->values->name ?: "verifier";
	config.name_is_stem = true;
	config.kernel = kernel.image;
	kt_cli_share(&verifying->values->sharing, &config);
	return run_machine(verifying, &kernel, topology_text, &config, err);
}

static int verify_all(struct verifying *verifying, struct ktstr_error *err)
{
	static const char *const usual[] = { "1n1l2c1t" };
	const struct kt_words *kernels = &verifying->values->kernels;
	struct kt_words topologies = verifying->values->topologies;
	int r = 0;

	if (!topologies.n)
		topologies = (struct kt_words){ (const char **)usual, 1 };
	for (size_t k = 0; !r && k < KT_MAX(kernels->n, 1u); k++) {
		for (size_t t = 0; !r && t < topologies.n; t++)
			r = verify_one(verifying,
				       kernels->n ? kernels->words[k] : NULL,
				       topologies.words[t], err);
	}
	return r;
}

static int verifier_run(struct kt_cli *cli, const void *values,
			const struct kt_words *operands)
{
	const struct verifier_values *v = values;
	_cleanup_(json_decref_cleanup) json_t *list = json_array();
	struct verifying verifying = {
		.cli = cli, .values = v, .args = operands, .list = list
	};
	struct ktstr_error err = { 0 };
	int r, status;

	if (!v->scheduler)
		return kt_cli_usage_error(cli, "ktstr verifier",
					  "--scheduler PROGRAM is missing");
	r = kt_cli_run_nested(cli, v->accel, v->nest_shape, MEMORY_MIB, &status,
			      &err);
	if (r)
		return r < 0 ? kt_cli_fail(cli, &err) : status;
	r = kt_watch_init(&verifying.watch, false, &err);
	if (r)
		return kt_cli_fail(cli, &err);
	r = verify_all(&verifying, &err);
	kt_watch_deinit(&verifying.watch);
	if (r)
		return kt_cli_fail(cli, &err);
	status = json_array_size(list) ? kt_cli_print_list(cli, list, v->json) :
					 KT_EXIT_OK;
	return status ?: verifying.n_failed ? 1 : KT_EXIT_OK;
}

const struct kt_command kt_verifier_command = {
	.name = "verifier",
	.summary = "Show what the verifier makes of a scheduler",
	.description =
		"Boots each kernel in each topology, loads the scheduler "
		"there, "
		"and prints a line for each of its BPF programs: how many "
		"instructions the kernel's verifier went through, which it "
		"gives up on past a million, how many the program has, and how "
		"many bytes they are compiled to. Read from the guest's "
		"memory. "
		"Where the scheduler is refused, its log is shown, with what "
		"repeats told once, and the exit status is 1.",
	.example = "ktstr verifier --scheduler ./scx_simple\n"
		   "ktstr verifier -s ./scx_simple -k 6.16 -k 7.3 -t 1n1l4c2t "
		   "-- -f",
	.options = verifier_options,
	.operand = { .name = "ARGUMENT",
		     .max = SIZE_MAX,
		     .help = "What the scheduler's program is given; after "
			     "\"--\", if it begins with a dash." },
	.values_bytes = sizeof(struct verifier_values),
	.defaults = &verifier_defaults,
	.run = verifier_run,
};
