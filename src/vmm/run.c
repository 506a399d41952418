// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/affinity.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/macro.h"
#include "initramfs/sizing.h"
#include "vmm/cmdline.h"
#include "vmm/load.h"
#include "vmm/run.h"
#include "wire/guest_files.h"

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* The time since `*at_ns`, which moves on to now. */
static uint64_t lap(uint64_t *at_ns)
{
	uint64_t now = kt_now_ns(), spent = now - *at_ns;

	*at_ns = now;
	return spent;
}

/* What init is told by its environment, in shell mode the terminal. */
#define ENVIRONMENT_MAX 4
struct environment {
	char text[ENVIRONMENT_MAX][128];
	const char *list[ENVIRONMENT_MAX + 1];
	size_t n;
};

static void add_variable(struct environment *env, const char *name,
			 const char *value)
{
	char *text = env->text[env->n];
	int length = snprintf(text, sizeof(env->text[0]), "%s=%s", name, value);

	if (length > 0 && (size_t)length < sizeof(env->text[0]))
		env->list[env->n++] = text;
}

static void make_environment(const struct kt_config *config,
			     struct environment *env)
{
	const char *term = getenv("TERM");
	struct winsize size;
	char number[16];

	if (config->kernel_symbols || config->monitor)
		add_variable(env, KT_GUEST_ENV_SYMBOLS, "1");
	if (!kt_config_is_shell(config))
		return;
	if (term && *term)
		add_variable(env, "TERM", term);
	if (config->stdio.output_fd >= 0 &&
	    ioctl(config->stdio.output_fd, TIOCGWINSZ, &size) == 0 &&
	    size.ws_col && size.ws_row) {
		snprintf(number, sizeof(number), "%u", size.ws_col);
		add_variable(env, KT_GUEST_ENV_COLUMNS, number);
		snprintf(number, sizeof(number), "%u", size.ws_row);
		add_variable(env, KT_GUEST_ENV_ROWS, number);
	}
}

/* What a stock kernel lacks to see our devices. */
struct guest_modules {
	const char *names[4]; /* NULL-terminated */
};

static struct guest_modules modules_for(const struct kt_config *config)
{
	struct guest_modules modules = { { "virtio_mmio" } };
	size_t n = 1;

	if (config->has_disk)
		modules.names[n++] = "virtio_blk";
	if (config->network_pairs)
		modules.names[n++] = "virtio_net";
	return modules;
}

static int build_initramfs(struct kt_run *run, struct ktstr_error *err)
{
	const struct kt_config *config = run->config;
	struct guest_modules modules = modules_for(config);
	struct environment env = {};
	struct kt_initramfs_spec spec = {
		.init_binary = config->init_binary,
		.run_args = (const char *const *)config->run_args,
		.exec_cmd = config->exec_cmd,
		.scheduler = (const char *const *)config->scheduler,
		.enable_lines = (const char *const *)config->sched_enable_cmds,
		.disable_lines = (const char *const *)config->sched_disable_cmds,
		.await_go = config->await_go,
		.kernel_release = config->kernel_ref.release,
		.modules_dir = config->kernel_ref.modules_dir,
		.modules = modules.names,
		.busybox = config->busybox,
		.binaries = config->binaries,
		.n_binaries = config->n_binaries,
		.include_files = config->include_files,
		.n_include_files = config->n_include_files,
		.environment = env.list,
	};

	make_environment(config, &env);
	return kt_initramfs_build(&spec, config->log, &run->initramfs, err);
}

static bool has_large_root(const struct kt_config *config)
{
	return kt_kernel_takes_word(config->kernel, KT_CMDLINE_ROOT_WORD);
}

/* Deferred memory is known once the initramfs is. */
static int size_memory(struct kt_run *run, struct ktstr_error *err)
{
	const struct kt_config *config = run->config;
	struct kt_sizing sizing = {
		.unpacked_bytes = run->initramfs->unpacked_bytes,
		.kernel_bytes = config->kernel->init_size,
		.archive_bytes =
			run->initramfs->base_bytes + run->initramfs->run_bytes,
		.share = has_large_root(config) ? KT_SIZING_SHARE_NINE_TENTHS :
						  KT_SIZING_SHARE_HALF,
		.minimum_mib = config->memory_min_mib,
	};

	if (config->memory_mib)
		return 0;
	return kt_topology_assign_memory(config->topology,
					 kt_sizing_memory_mib(&sizing), err);
}

static void kernel_log_line(void *userdata, const char *line, size_t length)
{
	const struct kt_session *session = userdata;

	(void)length;
	kt_log(session->config->log, KTSTR_LOG_NOTICE, "%s", line);
}

static int make_machine(struct kt_run *run, struct ktstr_error *err)
{
	const struct kt_config *config = run->config;
	struct kt_machine_config machine = {
		.topology = config->topology,
		.log = config->log,
		.host_cpus = kt_allowed_cpus(),
		.kernel_log = config->dmesg ? kernel_log_line : NULL,
		.console = &kt_session_callbacks,
		.userdata = &run->session,
		.disk = config->has_disk ? &config->disk : NULL,
		.network_pairs = config->network_pairs,
	};

	return kt_machine_create(&machine, &run->machine, err);
}

static int load_guest(struct kt_run *run, struct kt_boot_kernel *plan,
		      uint64_t *at, struct ktstr_error *err)
{
	const struct kt_config *config = run->config;
	_cleanup_strbuf_ struct kt_strbuf cmdline = {};
	struct kt_boot_data data = {};
	int r;

	r = kt_boot_plan(config->kernel, plan, err);
	if (!r)
		r = kt_boot_load_kernel(config->kernel, plan,
					&run->machine->view, err);
	if (r)
		return r;
	run->timings.setup_kernel_ns = lap(at);
	kt_cmdline_write(
		&(struct kt_cmdline_options){
			.dmesg = config->dmesg,
			.n_vcpus = config->topology->n_cpus,
			.host_cpus = kt_allowed_cpus(),
			.large_root = has_large_root(config),
			.extra = config->cmdline,
		},
		&cmdline);
	if (kt_strbuf_failed(&cmdline))
		return kt_err_errno(err, -ENOMEM,
				    "no memory for a command "
				    "line");
	data.cmdline = kt_strbuf_text(&cmdline);
	r = kt_load_initramfs(run->machine, run->initramfs, plan, &data, err);
	if (!r)
		r = kt_load_tables(run->machine, config->kernel, plan, &data,
				   err);
	run->timings.setup_initramfs_ns += lap(at);
	return r;
}

/* Each stage may take long, so each is a chance to stop. */
static bool goes_on(const struct kt_run *run, int r)
{
	return !r && !kt_run_stop_requested(run);
}

/* Everything before the first KVM_RUN; a stop leaves the rest undone. */
static int set_up(struct kt_run *run, struct ktstr_error *err)
{
	uint64_t at = run->start_ns, cpu = cpu_ns();
	struct kt_boot_kernel plan;
	int r;

	if (!goes_on(run, 0))
		return 0;
	r = build_initramfs(run, err);
	if (!r)
		r = size_memory(run, err);
	if (!goes_on(run, r))
		return r;
	run->timings.setup_initramfs_ns = lap(&at);
	r = make_machine(run, err);
	if (!goes_on(run, r))
		return r;
	run->timings.setup_memory_ns = lap(&at);
	kt_session_attach(&run->session, run->machine->console);
	r = load_guest(run, &plan, &at, err);
	if (goes_on(run, r))
		r = kt_machine_add_vcpus(run->machine, plan.entry, err);
	run->timings.setup_vcpus_ns = lap(&at);
	run->timings.setup_total_ns = at - run->start_ns;
	run->timings.setup_cpu_ns = cpu_ns() - cpu;
	return r;
}

/*
 * Writing to a reader that is gone must be an error, not the death of the
 * caller's process. Only this thread writes, so only its mask changes.
 */
struct sigpipe_guard {
	sigset_t old_mask;
	bool was_pending;
};

static void block_sigpipe(struct sigpipe_guard *guard)
{
	sigset_t set;

	sigpending(&set);
	guard->was_pending = sigismember(&set, SIGPIPE) > 0;
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, &guard->old_mask);
}

static void restore_sigpipe(const struct sigpipe_guard *guard)
{
	const struct timespec now = {};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	if (!guard->was_pending)
		while (sigtimedwait(&set, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &guard->old_mask, NULL);
}

static int run_guest(struct kt_run *run, struct ktstr_error *err)
{
	struct sigpipe_guard guard;
	int r;

	block_sigpipe(&guard);
	run->first_run_ns = kt_now_ns();
	r = kt_machine_start(run->machine, err);
	if (!r)
		kt_run_monitor_start(run);
	if (!r)
		r = kt_run_loop(run, err);
	kt_run_monitor_end(run);
	if (!r)
		kt_run_save(run);
	kt_machine_stop(run->machine);
	if (!r && run->timed_out)
		kt_run_note_state(run);
	if (!r)
		kt_run_drain(run);
	restore_sigpipe(&guard);
	return r;
}

static void tear_down(struct kt_run *run)
{
	kt_steal_deinit(&run->steal);
	kt_machine_destroy(run->machine);
	kt_session_deinit(&run->session);
	kt_initramfs_free(run->initramfs);
	free(run->state);
	kt_monitor_report_free(run->report);
	free(run->image_error);
}

int ktstr_vm_run(struct ktstr_vm *vm, struct ktstr_vm_result **ret,
		 struct ktstr_error *err)
{
	struct kt_run run = { .vm = vm,
			      .config = &vm->config,
			      .start_ns = kt_now_ns() };
	int r;

	if (atomic_exchange(&vm->ran, true))
		return kt_err(err, -EINVAL,
			      "this VM has run already; build another one");
	kt_session_init(&run.session, run.config);
	r = set_up(&run, err);
	if (!r) {
		run.stopped = kt_run_stop_requested(&run);
		if (!run.stopped)
			r = run_guest(&run, err);
		run.end_ns = kt_now_ns();
	}
	if (!r)
		r = kt_run_result(&run, ret, err);
	tear_down(&run);
	return r;
}
