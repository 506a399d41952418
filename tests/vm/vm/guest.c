// SPDX-License-Identifier: GPL-2.0-only
/*
 * vm_guest INIT KERNEL SCX_KTSTR [CASE...]: the public calls with a stock kernel and
 * ktstr's own init in the guest: commands, streams, terminals, and all the ways
 * in which a guest can fail. Runs itself in the emulated machine where this
 * host's KVM cannot run a kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ktstr/vm.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "base/strbuf.h"
#include "guest.h"
#include "kernel/kernel.h"
#include "nest/nest.h"

/* For a guest that comes to its end, however slow the host. */
#define TIMEOUT_MS 180000

static const char *init_path;
static const char *kernel;
const char *guest_scheduler;

bool guest_has(const char *text, const char *part)
{
	if (text && strstr(text, part))
		return true;
	printf("  \"%s\" does not contain \"%s\"\n", text ? text : "(null)",
	       part);
	return false;
}

static void print(void *userdata, enum ktstr_log_level level, const char *message)
{
	(void)userdata;
	if (level != KTSTR_LOG_DEBUG)
		fprintf(stderr, "  %s\n", message);
}

static const struct ktstr_log log_sink = { .emit = print };

struct ktstr_vm_config guest_config(const char *command)
{
	return KTSTR_VM_CONFIG(.kernel = kernel, .init_binary = init_path,
			       .exec_cmd = command, .busybox = true,
			       .timeout_ms = TIMEOUT_MS, .log = &log_sink);
}

struct ktstr_vm_result *guest_run(const struct ktstr_vm_config *config)
{
	struct ktstr_vm_result *result = NULL;
	struct ktstr_error err = {};
	struct ktstr_vm *vm = NULL;

	if (ktstr_vm_build(config, &vm, &err) || ktstr_vm_run(vm, &result, &err)) {
		printf("  %s\n", err.message);
		result = NULL;
	}
	ktstr_vm_destroy(vm);
	return result;
}

/* A pipe with everything in it that the guest will read. */
static int input_of(const char *text)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0 || kt_write_all(fds[1], text, strlen(text)))
		return -1;
	close(fds[1]);
	return fds[0];
}

static int temporary_file(void)
{
	return memfd_create("output", MFD_CLOEXEC);
}

static char *text_of(int fd)
{
	char *text = NULL;

	lseek(fd, 0, SEEK_SET);
	return kt_read_fd(fd, 16 << 20, &text, NULL) ? NULL : text;
}

static bool a_command_gets_its_streams_and_gives_its_code(void)
{
	static const char *const symbols[] = { "init_task", "no_such_symbol",
					       NULL };
	struct ktstr_vm_config config =
		guest_config("cat; echo to stderr >&2; exit 7");
	_cleanup_close_ int in = input_of("from stdin\n");
	_cleanup_close_ int out = temporary_file(), err = temporary_file();
	_cleanup_result_ struct ktstr_vm_result *result = NULL;
	_cleanup_free_ char *out_text = NULL, *err_text = NULL;

	config.stdio = (struct ktstr_stdio){ in, out, err };
	config.kernel_symbols = symbols;
	config.topology = KTSTR_TOPOLOGY(1, 1, 2, 1);
	result = guest_run(&config);
	CHECK(result);
	out_text = text_of(out);
	err_text = text_of(err);
	CHECK(strcmp(out_text, "from stdin\n") == 0);
	CHECK(strcmp(err_text, "to stderr\n") == 0);
	CHECK(result->exit_code == 7 && !result->success);
	CHECK(result->ready && !result->timed_out && !result->crash);
	CHECK(result->timings.boot_ns > 0);
	CHECK(strcmp(result->output, "") == 0);
	CHECK(result->n_kernel_addresses == 2);
	CHECK(strcmp(result->kernel_addresses[0].name, "init_task") == 0);
	CHECK(result->kernel_addresses[0].address >> 47 == 0x1ffff);
	CHECK(result->kernel_addresses[1].address == 0);
	CHECK(result->n_kvm_stats > 0);
	return true;
}

static bool output_is_kept_where_nobody_reads_it(void)
{
	struct ktstr_vm_config config =
		guest_config("echo one; echo two >&2; printf 'a\\0b' | cat");
	_cleanup_result_ struct ktstr_vm_result *result = guest_run(&config);

	CHECK(result && result->success && result->exit_code == 0);
	CHECK(guest_has(result->output, "one\n") && guest_has(result->output, "two\n"));
	CHECK(result->output_bytes == strlen("one\ntwo\na") + 2);
	CHECK(memmem(result->output, result->output_bytes, "a\0b", 3));
	return true;
}

struct reader {
	int fd;
	size_t bytes;
};

/* Never more than a little at a time, so that the pipe stays full. */
static void *read_slowly(void *arg)
{
	struct reader *reader = arg;
	char data[512];
	ssize_t n;

	while ((n = read(reader->fd, data, sizeof(data))) > 0)
		reader->bytes += (size_t)n;
	return NULL;
}

static bool a_slow_reader_gets_every_byte(void)
{
	struct ktstr_vm_config config = guest_config("head -c 3000000 /dev/zero");
	_cleanup_result_ struct ktstr_vm_result *result = NULL;
	struct reader reader = {};
	pthread_t thread;
	int fds[2];

	CHECK(pipe2(fds, O_CLOEXEC) == 0);
	config.stdio.output_fd = fds[1];
	reader.fd = fds[0];
	CHECK(pthread_create(&thread, NULL, read_slowly, &reader) == 0);
	result = guest_run(&config);
	close(fds[1]);
	pthread_join(thread, NULL);
	close(fds[0]);
	CHECK(result && result->exit_code == 0);
	CHECK(reader.bytes == 3000000);
	return true;
}

static bool a_command_that_nobody_reads_dies_as_on_the_host(void)
{
	struct ktstr_vm_config config = guest_config("yes");
	_cleanup_result_ struct ktstr_vm_result *result = NULL;
	int fds[2];

	CHECK(pipe2(fds, O_CLOEXEC) == 0);
	close(fds[0]);
	config.stdio.output_fd = fds[1];
	result = guest_run(&config);
	close(fds[1]);
	CHECK(result && !result->timed_out);
	CHECK(result->exit_code == 128 + SIGPIPE);
	return true;
}

static bool a_shell_reads_its_terminal(void)
{
	struct ktstr_vm_config config = guest_config(NULL);
	_cleanup_close_ int in = input_of("echo answer: $((6 * 7))\nexit 3\n");
	_cleanup_close_ int out = temporary_file();
	_cleanup_result_ struct ktstr_vm_result *result = NULL;
	_cleanup_free_ char *text = NULL;

	config.stdio.input_fd = in;
	config.stdio.output_fd = out;
	result = guest_run(&config);
	CHECK(result && result->exit_code == 3);
	text = text_of(out);
	CHECK(guest_has(text, "answer: 42"));
	return true;
}

static bool a_panic_is_told(void)
{
	struct ktstr_vm_config config =
		guest_config("echo c > /proc/sysrq-trigger");
	_cleanup_result_ struct ktstr_vm_result *result = guest_run(&config);

	CHECK(result && !result->success && result->exit_code == -1);
	CHECK(result->ready && !result->timed_out);
	CHECK(guest_has(result->crash, "kernel panicked: sysrq triggered crash"));
	CHECK(guest_has(result->crash, "Call Trace"));
	return true;
}

static bool a_panic_before_init_is_told(void)
{
	struct ktstr_vm_config config = guest_config("true");
	_cleanup_result_ struct ktstr_vm_result *result = NULL;

	config.cmdline = "rdinit=/none init=/none root=/dev/none";
	result = guest_run(&config);
	CHECK(result && !result->ready && !result->timed_out);
	CHECK(guest_has(result->crash, "the guest's kernel panicked: "));
	return true;
}

static bool a_dead_init_is_told(void)
{
	struct ktstr_vm_config config = guest_config("kill -SEGV 1; sleep 60");
	_cleanup_result_ struct ktstr_vm_result *result = guest_run(&config);

	CHECK(result && !result->success && !result->timed_out);
	CHECK(guest_has(result->crash, "init (PID 1) died of SIGSEGV"));
	return true;
}

static bool memory_that_ran_out_is_told(void)
{
	struct ktstr_vm_config config = guest_config("tail /dev/zero");
	_cleanup_result_ struct ktstr_vm_result *result = guest_run(&config);

	CHECK(result && !result->success && !result->timed_out);
	CHECK(result->exit_code == 128 + SIGKILL);
	CHECK(guest_has(result->crash, "ran out of memory"));
	return true;
}

static bool a_guest_that_restarts_by_itself_is_told(void)
{
	struct ktstr_vm_config config = guest_config("reboot -f");
	_cleanup_result_ struct ktstr_vm_result *result = guest_run(&config);

	CHECK(result && !result->success && result->exit_code == -1);
	CHECK(guest_has(result->crash, "restarted before its init reported"));
	return true;
}

/*
 * A copy of the kernel whose header points 64 bytes into the payload: what is
 * found there is compressed in no known way, but the kernel's own decompressor
 * does not go by the header (Documentation/arch/x86/boot.rst, payload_offset).
 */
static bool make_opaque_kernel(const char *directory, char **ret)
{
	_cleanup_(kt_kernel_ref_deinit) struct kt_kernel_ref ref = {};
	_cleanup_free_ char *image = NULL, *modules = NULL, *link = NULL;
	struct ktstr_error err = {};
	const uint32_t skip = 64;
	size_t bytes;

	CHECK(kt_kernel_resolve(kernel, &ref, &err) == 0);
	CHECK(kt_read_file(ref.image, 256 * KT_MIB, &image, &bytes) == 0);
	kt_put_le32(image + 0x248, kt_le32_at(image + 0x248) + skip);
	kt_put_le32(image + 0x24c, kt_le32_at(image + 0x24c) - skip);
	CHECK(asprintf(ret, "%s/vmlinuz", directory) > 0);
	CHECK(asprintf(&modules, "%s/lib/modules", directory) > 0);
	CHECK(asprintf(&link, "%s/%s", modules, ref.release) > 0);
	CHECK(kt_write_file_atomic(*ret, image, bytes, 0644) == 0);
	CHECK(kt_mkdir_p(modules, 0755) == 0);
	CHECK(symlink(ref.modules_dir, link) == 0);
	return true;
}

static bool a_kernel_that_cannot_be_unpacked_unpacks_itself(void)
{
	char directory[] = "/tmp/ktstr-opaque-XXXXXX";
	struct ktstr_vm_config config = guest_config("uname -r; exit 7");
	_cleanup_result_ struct ktstr_vm_result *result = NULL;
	_cleanup_free_ char *image = NULL;

	CHECK(mkdtemp(directory));
	if (make_opaque_kernel(directory, &image)) {
		config.kernel = image;
		result = guest_run(&config);
	}
	kt_remove_tree(directory);
	CHECK(result && result->exit_code == 7);
	CHECK(guest_has(result->output, kernel));
	CHECK(!result->crash);
	return true;
}

static const struct {
	const char *name;
	bool (*run)(void);
} cases[] = {
	{ "command", a_command_gets_its_streams_and_gives_its_code },
	{ "kept", output_is_kept_where_nobody_reads_it },
	{ "slow-reader", a_slow_reader_gets_every_byte },
	{ "no-reader", a_command_that_nobody_reads_dies_as_on_the_host },
	{ "shell", a_shell_reads_its_terminal },
	{ "panic", a_panic_is_told },
	{ "early-panic", a_panic_before_init_is_told },
	{ "dead-init", a_dead_init_is_told },
	{ "out-of-memory", memory_that_ran_out_is_told },
	{ "reboot", a_guest_that_restarts_by_itself_is_told },
	{ "own-entry", a_kernel_that_cannot_be_unpacked_unpacks_itself },
	{ "disk", a_disk_tells_what_it_did },
	{ "network", a_network_card_tells_what_it_did },
	{ "scheduler", a_command_runs_under_its_scheduler },
	{ "scheduler-end", the_end_of_the_scheduler_is_that_of_the_command },
	{ "built-in", a_built_in_one_is_turned_on_and_off },
	{ "map-writes", maps_are_written_before_the_command },
	{ "bad-writes", writes_that_cannot_be_done_are_told },
};

static bool is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 4; i < argc; i++) {
		if (strcmp(argv[i], name) == 0)
			return true;
	}
	return argc == 4;
}

int main(int argc, char **argv)
{
	const struct kt_nest_request request = { .argv = (const char *const *)argv };
	struct ktstr_error err = { 0 };
	size_t n_wanted = 0, n_fine = 0;
	int r, status;

	if (argc < 4) {
		fprintf(stderr, "usage: %s INIT KERNEL SCX_KTSTR [CASE...]\n", argv[0]);
		return 2;
	}
	r = kt_nest_dispatch(&request, &log_sink, &status, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", err.message);
	if (r)
		return r < 0 ? 1 : status;
	init_path = argv[1];
	kernel = argv[2];
	guest_scheduler = argv[3];
	for (size_t i = 0; i < KT_ARRAY_SIZE(cases); i++) {
		uint64_t start_ns = kt_now_ns();
		bool fine;

		if (!is_wanted(cases[i].name, argc, argv))
			continue;
		n_wanted++;
		fine = cases[i].run();
		n_fine += fine;
		printf("%s %s (%.1f s)\n", fine ? "ok  " : "FAIL",
		       cases[i].name, (double)(kt_now_ns() - start_ns) / 1e9);
		fflush(stdout);
	}
	if (!n_wanted) {
		fprintf(stderr, "%s: no such case\n", argv[0]);
		return 2;
	}
	printf("%zu of %zu cases are right\n", n_fine, n_wanted);
	return n_fine == n_wanted ? 0 : 1;
}
