// SPDX-License-Identifier: GPL-2.0-only
#include "host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ktstr/vm.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "bench.h"
#include "initramfs/initramfs.h"
#include "kernel/kernel.h"
#include "nest/nest.h"

const char *bench_kernel(void)
{
	const char *kernel = getenv("KTSTR_KERNEL");

	return kernel && *kernel ? kernel : "7.3";
}

char *bench_beside(const char *name)
{
	char self[4096], *path;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		bench_fail("/proc/self/exe: %s", strerror(errno));
	self[n] = '\0';
	if (name)
		*strrchr(self, '/') = '\0';
	if (asprintf(&path, "%s%s%s", self, name ? "/" : "", name ?: "") < 0)
		bench_fail("out of memory");
	return path;
}

int bench_where_kvm_works(const char *self, const char *argument)
{
	const char *const inside[] = { self, argument, NULL };
	struct ktstr_error err = { 0 };
	struct kt_nest_shape shape;
	int status = 1;

	if (kt_kvm_probe(&err) == 0) {
		execl(self, self, argument, NULL);
		bench_fail("%s: %s", self, strerror(errno));
	}
	fprintf(stderr, "bench: %s: running inside an emulated machine\n",
		err.message);
	kt_nest_shape_default(&shape);
	if (kt_nest_run(&shape, inside, NULL, &status, &err))
		bench_fail("%s", err.message);
	return status;
}

/* The path of the unpacked kernel in the cache. */
static char *unpacked_path(const struct kt_kernel_ref *ref)
{
	struct kt_kernel *kernel = NULL;
	struct ktstr_error err = { 0 };
	char link[64], elf[4096], *path;
	ssize_t n;

	if (kt_kernel_open(ref->image, NULL, &kernel, &err))
		bench_fail("%s", err.message);
	if (!kernel->elf)
		bench_fail("%s cannot be unpacked: %s", ref->image,
			   kernel->why_not_unpacked);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", kernel->elf_fd);
	n = readlink(link, elf, sizeof(elf) - 1);
	if (n < 0)
		bench_fail("%s: %s", link, strerror(errno));
	elf[n] = '\0';
	path = strdup(elf);
	kt_kernel_close(kernel);
	return path;
}

/* As our own guest sees it. */
static char *cmdline_of_ours(void)
{
	struct ktstr_vm_result *result = NULL;
	struct ktstr_error err = { 0 };
	struct ktstr_vm *vm = NULL;
	struct ktstr_vm_config config =
		KTSTR_VM_CONFIG(.kernel = bench_kernel(),
				.topology = KTSTR_TOPOLOGY(1, 1, 2, 1),
				.memory_mib = 256, .timeout_ms = 60000,
				.cmdline = "loglevel=0", .busybox = true,
				.exec_cmd = "cat /proc/cmdline");
	char *cmdline;

	if (ktstr_vm_build(&config, &vm, &err) || ktstr_vm_run(vm, &result, &err))
		bench_fail("%s", err.message);
	if (!result->success || !result->output)
		bench_fail("the guest did not tell its command line: %s",
			   result->crash ? result->crash : "no output");
	cmdline = strdup(result->output);
	if (!cmdline)
		bench_fail("out of memory");
	cmdline[strcspn(cmdline, "\n")] = '\0';
	ktstr_vm_result_free(result);
	ktstr_vm_destroy(vm);
	return cmdline;
}

void bench_qemu_prepare(const char *init, struct bench_qemu *ret)
{
	struct kt_initramfs *initramfs = NULL;
	_cleanup_free_ char *base = NULL;
	struct ktstr_error err = { 0 };
	struct kt_kernel_ref ref = { 0 };
	int fd;

	if (kt_kernel_resolve(bench_kernel(), &ref, &err))
		bench_fail("%s", err.message);

	struct kt_initramfs_spec spec = {
		.init_binary = init,
		.kernel_release = ref.release,
		.modules_dir = ref.modules_dir,
	};
	if (kt_initramfs_build(&spec, NULL, &initramfs, &err))
		bench_fail("%s", err.message);
	base = malloc(initramfs->base_bytes);
	*ret = (struct bench_qemu){
		.elf = unpacked_path(&ref),
		.bzimage = strdup(ref.image),
		.cmdline = cmdline_of_ours(),
	};
	/* QEMU inherits it; nothing is left when the benchmark is killed. */
	fd = memfd_create("ktstr-bench-initrd", 0);
	if (asprintf(&ret->initrd, "/proc/self/fd/%d", fd) < 0)
		ret->initrd = NULL;
	if (!base || !ret->elf || !ret->bzimage || !ret->initrd)
		bench_fail("out of memory");
	if (fd < 0 ||
	    kt_pread_all(initramfs->base_fd, base, initramfs->base_bytes, 0) ||
	    kt_write_all(fd, initramfs->run, initramfs->run_bytes) ||
	    kt_write_all(fd, base, initramfs->base_bytes))
		bench_fail("%s: %s", ret->initrd, strerror(errno));
	kt_initramfs_free(initramfs);
	kt_kernel_ref_deinit(&ref);
}

void bench_qemu_exec(const struct bench_qemu *qemu, bool q35, bool elf)
{
	execlp("qemu-system-x86_64", "qemu-system-x86_64", "-M",
	       q35 ? "q35" : "microvm,acpi=on,isa-serial=on,rtc=on,pit=on,pic=on",
	       "-accel", "kvm", "-cpu", "host", "-smp", "2", "-m", "256",
	       "-kernel", elf ? qemu->elf : qemu->bzimage, "-initrd",
	       qemu->initrd, "-append", qemu->cmdline, "-nodefaults",
	       "-no-user-config", "-display", "none", "-no-reboot", "-serial",
	       "stdio", NULL);
	_exit(127);
}
