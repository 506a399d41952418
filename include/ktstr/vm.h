/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KTSTR_VM_H
#define KTSTR_VM_H

/*
 * Boot a Linux kernel in a KVM virtual machine of declared topology.
 *
 *	struct ktstr_vm_config config = KTSTR_VM_CONFIG(
 *		.kernel = "/boot/vmlinuz-7.3",
 *		.topology = KTSTR_TOPOLOGY(1, 2, 4, 2),
 *		.busybox = true, .exec_cmd = "lscpu");
 *	ktstr_vm_build(&config, &vm, &err);
 *	ktstr_vm_run(vm, &result, &err);
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ktstr/defaults.h>
#include <ktstr/disk.h>
#include <ktstr/error.h>
#include <ktstr/log.h>
#include <ktstr/map_write.h>
#include <ktstr/monitor.h>
#include <ktstr/network.h>
#include <ktstr/topology.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A file of the host to be found at `archive_path` in the guest. */
struct ktstr_include_file {
	const char *archive_path; /* relative to the guest's root, no ".." */
	const char *host_path;	  /* a regular file */
};

/*
 * Host descriptors for an interactive guest; borrowed for the run, -1 for
 * none. In shell mode they carry the terminal, in exec mode the command's
 * standard input, output and error stream.
 */
struct ktstr_stdio {
	int input_fd;
	int output_fd;
	int error_fd;
};

#define KTSTR_TIMEOUT_NONE UINT32_MAX

/*
 * Everything a VM is made from. Fill it in with KTSTR_VM_CONFIG(), which puts
 * the defaults in first; give it named arrays, not compound literals, which
 * would end with the expression. Strings and arrays are borrowed until
 * ktstr_vm_build() returns; `log` and `stdio` until the VM is destroyed.
 */
struct ktstr_vm_config {
	size_t size; /* of this struct; set by KTSTR_VM_CONFIG() */

	/* An image, a source tree, or a version such as "7.3". Required,
	 * unless kernel_dir is set: a source tree, whose built image is used. */
	const char *kernel;
	const char *kernel_dir;

	/* PID 1 of the guest; NULL: ktstr's own init (shell and exec only).
	 * A path below /proc/ is not checked for existence at build time. */
	const char *init_binary;
	const char *const *run_args; /* its argv[1..], NULL-terminated */

	struct ktstr_topology topology;

	/* Guest RAM. With memory_deferred, or a memory_deferred_min_mib other
	 * than 0, it is sized from the kernel and the initramfs instead. */
	uint32_t memory_mib;
	bool memory_deferred;
	uint32_t memory_deferred_min_mib;

	const char *cmdline;	   /* appended to the kernel command line */
	uint32_t timeout_ms;	   /* then the host ends the run */
	const struct ktstr_include_file *include_files;
	size_t n_include_files;
	bool busybox;		   /* pack it; needed by exec_cmd and a shell */
	bool dmesg;		   /* stream the kernel log to log->emit */
	const char *exec_cmd;	   /* one command instead of a shell */

	/* Packed as bin/ktstr-jemalloc-probe, bin/ktstr-jemalloc-alloc-worker,
	 * byte for byte. */
	const char *jemalloc_probe_binary;
	const char *jemalloc_alloc_worker_binary;

	/* A program that loads a scheduler and stays for as long as it is to be
	 * attached, with its arguments (NULL-terminated; NULL for none); its
	 * shared libraries come with it. And commands for the guest's shell, to
	 * turn one on that is built into the kernel, and off (likewise; need
	 * busybox). They come before and after exec_cmd, or the test of
	 * run_args: attached is proved before it starts; when the scheduler
	 * ends before, so does the run, as a failure that tells how. */
	const char *scheduler_binary;
	const char *const *sched_args;
	const char *const *sched_enable_cmds;
	const char *const *sched_disable_cmds;
	/* Written in this order once the scheduler is attached and all their
	 * maps are there, which is tried for 30 s; needs the monitor, for
	 * whose first look at a scheduler_binary the workload waits. */
	const struct ktstr_bpf_map_write *bpf_map_writes;
	size_t n_bpf_map_writes;

	/* Kernel symbols whose addresses the guest shall report, by name,
	 * NULL-terminated; NULL for none. */
	const char *const *kernel_symbols;

	/* Watch the guest's scheduler from outside, and judge by these; NULL:
	 * by the defaults. Needs a kernel with BTF, and an init that reports
	 * addresses, which ktstr's own and test binaries do. */
	bool monitor;
	const struct ktstr_monitor_thresholds *monitor_thresholds;
	/* How long a task may be runnable before sched_ext ends its scheduler,
	 * in place of the scheduler's own time; 0 leaves that. Set by the
	 * monitor, where the kernel has such a time. */
	uint32_t watchdog_timeout_ms;
	/* Where the guest's memory is saved at the end of the run, while the
	 * guest still runs; needs the monitor. NULL: nowhere. */
	const char *memory_image;
	/* Not at the end, but this long after the guest's command or shell was
	 * started; a run that is over before is saved at its end. 0: the end. */
	uint32_t memory_image_after_ms;

	/* The guest's /dev/vda, made by KTSTR_DISK_CONFIG(); NULL: none. */
	const struct ktstr_disk *disk;
	/* Its eth0, made by KTSTR_NETWORK_CONFIG(), likewise. */
	const struct ktstr_network *network;

	struct ktstr_stdio stdio;
	const struct ktstr_log *log;
};

#define KTSTR_VM_CONFIG(...)                                                   \
	({                                                                     \
		_Pragma("GCC diagnostic push") KTSTR_ALLOW_OVERRIDE_           \
		struct ktstr_vm_config ktstr_config_ = {                       \
			.size = sizeof(struct ktstr_vm_config),                \
			.topology = KTSTR_TOPOLOGY(1, 1, 1, 1),                \
			.memory_mib = 256,                                     \
			.timeout_ms = 12000,                                   \
			.monitor = true,                                       \
			.watchdog_timeout_ms = 5000,                           \
			.stdio = { -1, -1, -1 },                               \
			__VA_ARGS__                                            \
		};                                                             \
		_Pragma("GCC diagnostic pop")                                  \
		ktstr_config_;                                                 \
	})

struct ktstr_vm; /* opaque */

/* One KVM statistic, KVM_GET_STATS_FD (Documentation/virt/kvm/api.rst). */
struct ktstr_kvm_stat {
	char name[48];
	int32_t vcpu;	/* -1: the VM as a whole */
	uint64_t value; /* scalar; in the unit that KVM declares */
};

struct ktstr_kernel_address {
	char *name;
	uint64_t address; /* 0: the guest's kernel has no such symbol */
};

/*
 * What a test in the guest said that it did, when it did it. Texts are UTF-8,
 * and may hold any character but NUL.
 */
struct ktstr_vm_event {
	char *kind; /* not empty */
	char *step;
	char *detail;
	uint64_t guest_ns;    /* the guest's CLOCK_MONOTONIC, as it said */
	uint64_t received_ns; /* when the host had it, by its CLOCK_MONOTONIC */
	/*
	 * guest_ns on the host's clock, give or take host_error_ns. Not placed
	 * where the guest did not answer what time it has, or said a time that
	 * cannot be.
	 */
	bool placed;
	uint64_t host_ns;
	uint64_t host_error_ns;
};

/* Of one vCPU's thread, from its start to its end, as the host counted. */
struct ktstr_vcpu_steal {
	uint64_t lived_ns;
	uint64_t ran_ns;    /* on a CPU */
	uint64_t stolen_ns; /* runnable, but not running (steal) */
};

/* Where the time before and during the boot went, in nanoseconds. */
struct ktstr_vm_timings {
	uint64_t setup_memory_ns;
	uint64_t setup_kernel_ns;
	uint64_t setup_initramfs_ns;
	uint64_t setup_vcpus_ns;
	uint64_t setup_total_ns; /* start of the run to the first KVM_RUN */
	uint64_t setup_cpu_ns;	 /* CPU time of the process in that span */
	uint64_t boot_ns;	 /* first KVM_RUN to the guest's ready frame */
};

/* Owned by the caller; every pointer in it lives as long as the result. */
struct ktstr_vm_result {
	bool success;	   /* the guest reported an exit code of 0 */
	int exit_code;	   /* as reported by the guest; -1 if it never did */
	uint64_t started_ns; /* on the host's CLOCK_MONOTONIC */
	uint64_t duration_ns;
	bool timed_out;
	bool stopped;	   /* ended by ktstr_vm_stop() */
	bool ready;	   /* the guest's init had come up */
	/* Bytes as they came, NULs among them, and a NUL behind them. */
	char *console;	   /* COM1, the kernel log: the last 256 KiB */
	size_t console_bytes;
	char *output;	   /* the command's stdout and stderr, if not streamed */
	size_t output_bytes;
	/* Of more than 63 MiB the first 62 and the last one are kept, and so
	 * many bytes between them are not. */
	uint64_t output_lost_bytes;
	int output_error;  /* 0, or why output could not be streamed: -ENOSPC */
	char *crash;	   /* NULL, or what ended the guest, with the log's tail */
	bool restarted;    /* or powered off, and `crash` knows no more */
	/* NULL, or what the guest sent that its init would not have sent, as in
	 * "27 bytes that are no frame": then none of it is to be believed. */
	char *wire_error;
	char *state;       /* NULL, or where the guest was when time was up */
	/* NULL, or what a test binary reported as it came: hostile bytes, of
	 * which those that are NUL read '?'. */
	char *test_result;
	/* NULL, or the end of what a test's scheduler wrote; NULs likewise. */
	char *scheduler_log;
	struct ktstr_kernel_address *kernel_addresses;
	size_t n_kernel_addresses;
	struct ktstr_kvm_stat *kvm_stats;
	size_t n_kvm_stats;
	struct ktstr_vm_event *events; /* in the order in which they came */
	size_t n_events;
	uint64_t n_events_lost; /* refused, or past the bound; see the log */
	/* By vCPU; none where the vCPUs did not run or the host cannot count. */
	struct ktstr_vcpu_steal *vcpu_steal;
	size_t n_vcpu_steal;
	/* Samples of steal that a test in the guest was sent, and the greatest
	 * bound of the error of the times that it was told for them. */
	uint64_t n_steal_samples;
	uint64_t steal_error_ns;
	/* NULL when nobody was to watch, or the guest never ran. */
	struct ktstr_monitor_report *monitor;
	char *image_error; /* NULL, or why there is no memory_image */
	struct ktstr_disk_counters *disk; /* NULL: the guest had none */
	struct ktstr_network_counters *network; /* likewise */
	struct ktstr_vm_timings timings;
};

/* The functions below are what the shared library exports. */
#pragma GCC visibility push(default)

/*
 * Checks the whole configuration without running anything, and makes a VM
 * from it. Holds no lock and no guest memory when it returns.
 */
int ktstr_vm_build(const struct ktstr_vm_config *config, struct ktstr_vm **ret,
		   struct ktstr_error *err);

/*
 * Runs the VM once, to its end, on the host's own KVM; running in an emulated
 * machine is the command line's. A guest that crashed, failed or ran out of
 * time is a result, not an error; an error means that no verdict about the
 * guest exists. Two VMs may run at once in one process, on threads of theirs.
 *
 * No signal handler is installed. Each vCPU has a thread that blocks all
 * signals and is woken up by SIGRTMIN, which only it receives; the calling
 * thread blocks SIGPIPE until this returns.
 */
int ktstr_vm_run(struct ktstr_vm *vm, struct ktstr_vm_result **ret,
		 struct ktstr_error *err);

/* Ends a run from any thread or signal handler; before one, it never starts. */
void ktstr_vm_stop(struct ktstr_vm *vm);

/* Tells the guest's terminal its size; any thread, ignored without a guest. */
void ktstr_vm_resize_terminal(struct ktstr_vm *vm, uint16_t columns,
			      uint16_t rows);

/* NULL is fine. The VM must not be running. */
void ktstr_vm_destroy(struct ktstr_vm *vm);

void ktstr_vm_result_free(struct ktstr_vm_result *result);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
