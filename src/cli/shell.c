// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ktstr/vm.h>

#include "cli/cli.h"
#include "cli/disk_option.h"
#include "cli/include.h"
#include "cli/message.h"
#include "cli/nested.h"
#include "cli/watch.h"
#include "cli/terminal.h"
#include "kernel/kernel.h"
#include "topology/grammar.h"
#include "topology/topology.h"

#define EXEC_TIMEOUT_MS    (300 * 1000)
#define TIMEOUT_NOT_GIVEN  UINT32_MAX
#define MEMORY_FLOOR_MIB   256u
#define MEMORY_PER_CPU_MIB 64u

struct shell_values {
	const char *topology;
	const char *kernel;
	const char *exec;
	const char *cmdline;
	const char *nest_shape;
	const char *disk;
	bool network;
	const char *save;
	uint32_t save_after_ms;
	struct kt_words include_files;
	uint32_t memory_mib; /* 0: not given */
	uint32_t timeout_ms;
	uint32_t accel; /* index into kt_cli_accels */
	bool dmesg;
};

static const struct shell_values shell_defaults = {
	.topology = "1n1l2c1t",
	.timeout_ms = TIMEOUT_NOT_GIVEN,
};

#define AT(member) .offset = offsetof(struct shell_values, member)

static const struct kt_option shell_options[] = {
	{
		.name = "topology",
		.letter = 't',
		.type = KT_OPTION_TEXT,
		.value = "TOPOLOGY",
		AT(topology),
		.complete = KT_COMPLETE_TOPOLOGY,
		.help = "The machine's nodes, LLCs, cores and threads. A text "
			"such as 1n2l4c2t or the name of a preset; see "
			"TOPOLOGIES in ktstr(1). Default: 1n1l2c1t.",
	},
	{
		.name = "kernel",
		.letter = 'k',
		.type = KT_OPTION_TEXT,
		.value = "KERNEL",
		AT(kernel),
		.complete = KT_COMPLETE_FILE,
		.environment = "KTSTR_KERNEL",
		.help = "The kernel to boot. An image, a source tree that was "
			"built, or a version such as 7.3 or 6.18.15. Without "
			"it, the newest that was fetched, else the newest in "
			"/boot.",
	},
	{
		.name = "memory",
		.letter = 'm',
		.type = KT_OPTION_MEMORY,
		.value = "SIZE",
		AT(memory_mib),
		.help = "The machine's memory, as in 512M or 2G. Default: what "
			"kernel and files need, at least 256M and 64M a CPU; "
			"or what the topology's nodes declare.",
	},
	{
		.name = "include-files",
		.letter = 'i',
		.type = KT_OPTION_LIST,
		.value = "PATH[:GUEST_PATH]",
		AT(include_files),
		.complete = KT_COMPLETE_FILE,
		.help = "A file or directory to be found in the guest as "
			"/include-files/NAME, or as GUEST_PATH. A bare name "
			"that is no file here is looked for in PATH and "
			"becomes /bin/NAME. May be given many times.",
	},
	{
		.name = "disk",
		.type = KT_OPTION_TEXT,
		.value = "SIZE[,WORD...]",
		AT(disk),
		.help = KT_DISK_OPTION_HELP,
	},
	{
		.name = "network",
		.type = KT_OPTION_FLAG,
		AT(network),
		.help = "Give the machine a network device, eth0, that sends "
			"back every frame; there is no way out.",
	},
	{
		.name = "exec",
		.letter = 'e',
		.type = KT_OPTION_TEXT,
		.value = "COMMAND",
		AT(exec),
		.help = "Run this shell command instead of a shell. Its input "
			"and output are ktstr's, and so is its exit status.",
	},
	{
		.name = "timeout",
		.type = KT_OPTION_SECONDS,
		.value = "TIME",
		AT(timeout_ms),
		.help = "End the machine after this time, as in 30, 500ms or "
			"5m. 0 is no limit. Default: 300 with --exec, no limit "
			"without.",
	},
	{
		.name = "dmesg",
		.letter = 'd',
		.type = KT_OPTION_FLAG,
		AT(dmesg),
		.help = "Show the kernel's log on standard error.",
	},
	{
		.name = "save",
		.type = KT_OPTION_TEXT,
		.value = "FILE",
		AT(save),
		.complete = KT_COMPLETE_FILE,
		.help = "Save the guest's memory when the shell or the command "
			"has ended, for ktstr inspect.",
	},
	{
		.name = "save-after",
		.type = KT_OPTION_SECONDS,
		.value = "TIME",
		AT(save_after_ms),
		.help = "Save it not at the end, but this long after the shell or "
			"the command began.",
	},
	{
		.name = "cmdline",
		.type = KT_OPTION_TEXT,
		.value = "WORDS",
		AT(cmdline),
		.help = "Words to put at the end of the kernel's command line.",
	},
	{
		.name = "accel",
		.type = KT_OPTION_CHOICE,
		.value = "HOW",
		AT(accel),
		.choices = kt_cli_accels,
		.environment = "KTSTR_ACCEL",
		.help = "Where the machine runs. kvm is the host's KVM; nested "
			"is an emulated machine, which has a KVM of its own; "
			"auto is nested only if the host's KVM cannot run a "
			"kernel. Default: auto.",
	},
	KT_CLI_NEST_SHAPE_OPTION(offsetof(struct shell_values, nest_shape)),
	{0},
};

static bool is_interactive(const struct shell_values *v)
{
	return !v->exec;
}

/* Memory as asked for, else as declared by the nodes, else by need. */
static void set_memory(struct ktstr_vm_config *config,
		       const struct shell_values *v,
		       const struct kt_topology *topology)
{
	if (v->memory_mib) {
		config->memory_mib = v->memory_mib;
	} else if (topology->has_declared_memory) {
		config->memory_mib = kt_topology_memory_mib(topology);
	} else {
		config->memory_deferred = true;
		config->memory_deferred_min_mib = KT_MAX(
			MEMORY_FLOOR_MIB, topology->n_cpus * MEMORY_PER_CPU_MIB);
	}
}

static uint32_t timeout_of(const struct shell_values *v)
{
	if (v->timeout_ms == TIMEOUT_NOT_GIVEN)
		return is_interactive(v) ? KTSTR_TIMEOUT_NONE : EXEC_TIMEOUT_MS;
	return v->timeout_ms ? v->timeout_ms : KTSTR_TIMEOUT_NONE;
}

/* For "%.*s" without the newlines at a report's end. */
static int trimmed(const char *report)
{
	size_t length = strlen(report);

	while (length > 0 && report[length - 1] == '\n')
		length--;
	return (int)length;
}

static void print_timeout(const struct kt_cli *cli,
			  const struct shell_values *v, const char *state)
{
	kt_cli_error(cli,
		     "the guest was still running after %.6g seconds; "
		     "--timeout gives it longer",
		     timeout_of(v) / 1000.0);
	if (state)
		kt_cli_error(cli, "where the guest was:\n%.*s", trimmed(state),
			     state);
}

/* Tells what has to be told of a run's end, and gives its exit status. */
static int report(const struct kt_cli *cli, const struct shell_values *v,
		  const struct ktstr_vm_result *result)
{
	if (result->crash) {
		kt_cli_error(cli, "the guest crashed: %.*s",
			     trimmed(result->crash), result->crash);
		return KT_EXIT_CRASHED;
	}
	if (result->timed_out) {
		print_timeout(cli, v, result->state);
		return KT_EXIT_TIMEOUT;
	}
	if (result->output_error) {
		kt_cli_error(cli, "output could not be written: %s",
			     strerror(-result->output_error));
		return KT_EXIT_FAILED;
	}
	if (result->image_error) {
		kt_cli_error(cli, "the guest's memory is not saved: %s",
			     result->image_error);
		return KT_EXIT_FAILED;
	}
	if (result->exit_code >= 0)
		return result->exit_code & 0xff;
	if (!result->stopped)
		kt_cli_error(cli,
			     "the guest ended without an exit status; --dmesg "
			     "shows its kernel's log");
	return KT_EXIT_CRASHED;
}

/* From the first signal that is caught to the last. */
static int run_watched(const struct kt_cli *cli, const struct shell_values *v,
		       struct ktstr_vm *vm, struct kt_watch *watch)
{
	struct ktstr_vm_result *result = NULL;
	struct ktstr_error err = {0};
	int r, status;

	r = kt_watch_start(watch, vm, &err);
	if (r == 0)
		r = ktstr_vm_run(vm, &result, &err);
	/* Only now messages fall on a terminal that shows them well. */
	kt_watch_stop(watch);
	if (watch->escaped) {
		/* The guest's prompt may stand there. */
		kt_message_print("\n", 1);
		kt_cli_error(cli, "Ctrl-] three times: the machine was ended");
	}
	status = r < 0 ? kt_cli_fail(cli, &err) : report(cli, v, result);
	ktstr_vm_result_free(result);
	return status;
}

static int boot(const struct kt_cli *cli, const struct shell_values *v,
		struct ktstr_vm_config *config, struct kt_watch *watch)
{
	struct ktstr_error err = {0};
	struct ktstr_vm *vm = NULL;
	uint32_t memory_mib;
	int status;

	config->stdio = (struct ktstr_stdio){
		.input_fd = watch->interactive ? watch->keys_fd : STDIN_FILENO,
		.output_fd = STDOUT_FILENO,
		.error_fd = STDERR_FILENO,
	};
	if (ktstr_vm_build(config, &vm, &err) < 0)
		return kt_cli_fail(cli, &err);
	memory_mib = config->memory_deferred ? config->memory_deferred_min_mib
					     : config->memory_mib;
	switch (kt_cli_run_nested(cli, v->accel, v->nest_shape, memory_mib,
				  &status, &err)) {
	case 1:
		break;
	case 0:
		if (watch->interactive)
			kt_cli_error(cli, "Ctrl-] three times within a second "
					  "ends the machine");
		status = run_watched(cli, v, vm, watch);
		break;
	default:
		status = kt_cli_fail(cli, &err);
	}
	ktstr_vm_destroy(vm);
	return status;
}

static int collect_includes(const struct shell_values *v,
			    struct kt_includes *includes, struct ktstr_error *err)
{
	for (size_t i = 0; i < v->include_files.n; i++) {
		int r = kt_includes_add(includes, v->include_files.words[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * Fills in the configuration; all that can be found wrong with the command
 * line is found here, before anything is started.
 */
static int prepare(const struct shell_values *v, struct kt_topology_text *text,
		   struct kt_includes *includes, struct kt_kernel_ref *kernel,
		   struct kt_disk_option *disk,
		   const struct ktstr_network *network,
		   struct ktstr_vm_config *config,
		   struct ktstr_error *err)
{
	_cleanup_topology_ struct kt_topology *topology = NULL;
	int r;

	r = kt_topology_parse(v->topology, text, err);
	if (r < 0)
		return r;
	r = kt_topology_from_public(&text->topology, &topology, err);
	if (r < 0)
		return r;
	r = v->disk ? kt_disk_option_parse(v->disk, disk, err) : 0;
	if (r < 0)
		return r;
	r = collect_includes(v, includes, err);
	if (r < 0)
		return r;
	r = kt_kernel_resolve(v->kernel, kernel, err);
	if (r < 0)
		return r;
	config->topology = text->topology;
	config->kernel = kernel->image;
	config->include_files = includes->files;
	config->n_include_files = includes->n;
	config->disk = v->disk ? &disk->disk : NULL;
	config->network = v->network ? network : NULL;
	config->exec_cmd = v->exec;
	config->memory_image = v->save;
	config->memory_image_after_ms = v->save_after_ms;
	config->monitor = v->save;
	config->cmdline = v->cmdline;
	config->dmesg = v->dmesg;
	config->timeout_ms = timeout_of(v);
	set_memory(config, v, topology);
	return 0;
}

static int shell_run(struct kt_cli *cli, const void *values,
		     const struct kt_words *operands)
{
	const struct shell_values *v = values;
	_cleanup_topology_text_ struct kt_topology_text text = {0};
	_cleanup_includes_ struct kt_includes includes = {0};
	_cleanup_(kt_kernel_ref_deinit) struct kt_kernel_ref kernel = {0};
	const struct ktstr_network network = KTSTR_NETWORK_CONFIG();
	struct kt_disk_option disk;
	struct ktstr_vm_config config =
		KTSTR_VM_CONFIG(.busybox = true, .monitor = false, .log = cli->log);
	struct ktstr_error err = {0};
	struct kt_watch watch;
	int r, status;

	(void)operands;
	if (v->save_after_ms && !v->save)
		return kt_cli_usage_error(cli, "ktstr shell",
					  "--save-after wants --save, which "
					  "says where to");
	if (is_interactive(v) && !isatty(STDIN_FILENO))
		return kt_cli_usage_error(cli, "ktstr shell",
					  "a shell needs a terminal, but "
					  "standard input is none; --exec "
					  "COMMAND runs one command");
	r = prepare(v, &text, &includes, &kernel, &disk, &network, &config,
		    &err);
	if (r == 0)
		r = kt_watch_init(&watch, is_interactive(v), &err);
	if (r < 0)
		return kt_cli_fail(cli, &err);
	status = boot(cli, v, &config, &watch);
	kt_watch_deinit(&watch);
	return status;
}

const struct kt_command kt_shell_command = {
	.name = "shell",
	.summary = "Boot a kernel and run a shell or a command in it",
	.description =
		"Boots a kernel in a virtual machine of the declared topology "
		"and opens a shell in it, with busybox for its tools. The "
		"shell's terminal is this one; leaving the shell ends the "
		"machine, and so does Ctrl-] typed three times within a "
		"second. With --exec one command runs instead.",
	.example = "ktstr shell --topology 2n4l4c2t\n"
		   "ktstr shell -k 7.3 -t smt-2llc -i perf --exec 'lscpu -e'",
	.options = shell_options,
	.values_bytes = sizeof(struct shell_values),
	.defaults = &shell_defaults,
	.run = shell_run,
};
