// SPDX-License-Identifier: GPL-2.0-only
#include "nest/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/macro.h"
#include "nest/nest.h"

#define PROBE_TIMEOUT_MS 5000

/* The guest: four pages, the tables of which map the first 2 MiB. */
#define PROBE_PML4  0x0000
#define PROBE_PDPT  0x1000
#define PROBE_PD    0x2000
#define PROBE_CODE  KT_PROBE_CODE_GPA
#define PROBE_BYTES 0x4000
#define PROBE_PORT  0xf4

#define PTE_TABLE 0x03 /* present, writable */
#define PTE_LARGE 0x83 /* and a 2 MiB page */

struct probe_vm {
	int kvm_fd;
	int vm_fd;
	int vcpu_fd;
	void *memory;
	struct kvm_run *run;
	size_t run_bytes;
	bool has_bmi;
	bool has_avx;
};

static void probe_vm_deinit(struct probe_vm *vm)
{
	if (vm->run)
		munmap(vm->run, vm->run_bytes);
	kt_close(vm->vcpu_fd);
	kt_close(vm->vm_fd);
	kt_close(vm->kvm_fd);
	if (vm->memory)
		munmap(vm->memory, PROBE_BYTES);
}

static int probe_open(const char *path, struct probe_vm *vm,
		      struct ktstr_error *err)
{
	int version;

	vm->kvm_fd = open(path, O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd < 0) {
		switch (errno) {
		case ENOENT:
		case ENXIO:
		case ENODEV:
			return kt_err(err, -ENODEV,
				      "there is no %s: the CPU's "
				      "virtualization is off, or its "
				      "module is not loaded (modprobe kvm_amd "
				      "or kvm_intel)",
				      path);
		case EACCES:
		case EPERM:
			return kt_err(err, -EACCES,
				      "no right to use %s: join the group that "
				      "owns it "
				      "(sudo usermod -aG kvm USER, then log in "
				      "again)",
				      path);
		default:
			return kt_err_errno(err, -errno, "cannot open %s", path);
		}
	}
	version = ioctl(vm->kvm_fd, KVM_GET_API_VERSION, 0);
	if (version != KVM_API_VERSION)
		return kt_err(err, -ENODEV,
			      "%s does not speak KVM's API version %d", path,
			      KVM_API_VERSION);

	vm->vm_fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, 0);
	if (vm->vm_fd < 0)
		return kt_err_kind(
			err, KTSTR_ERROR_ENVIRONMENT, -errno,
			"%s cannot create a VM: %s%s", path, strerror(errno),
			errno == EBUSY ? " (another hypervisor holds the CPU's "
					 "virtualization)" :
					 "");
	return 0;
}

static int probe_load(struct probe_vm *vm, struct ktstr_error *err)
{
	/*
	 * TZCNT's encoding is in every kernel: a CPU without BMI takes it for
	 * BSF. ANDN is VEX-encoded; a CPU without BMI raises #UD, which ends
	 * this guest in a shutdown, and that is fine. What is not fine is a KVM
	 * that gives up at either.
	 */
	static const uint8_t integer[] = {
		0xb9, 0x00, 0x5a, 0x00, 0x00, /* mov $0x5a00, %ecx */
		0xf3, 0x0f, 0xbc, 0xd1,       /* tzcnt %ecx, %edx: 9 */
		0x8d, 0x42, 0x51,             /* lea 0x51(%rdx), %eax */
		0x31, 0xd2,                   /* xor %edx, %edx */
		0xc4, 0xe2, 0x68, 0xf2, 0xc0, /* andn %eax, %edx, %eax */
	};
	static const uint8_t with_avx[] = {
		0xc5, 0xf9, 0xef, 0xc0, /* vpxor %xmm0, %xmm0, %xmm0 */
	};
	static const uint8_t finish[] = {
		0xe6, PROBE_PORT, /* out %al, $PROBE_PORT */
		0xf4,             /* hlt */
	};
	const struct {
		const uint8_t *code;
		size_t bytes;
		bool wanted;
	} parts[] = {
		{ integer, sizeof(integer), true },
		{ with_avx, sizeof(with_avx), vm->has_avx },
		{ finish, sizeof(finish), true },
	};
	struct kvm_userspace_memory_region slot = {
		.memory_size = PROBE_BYTES,
	};
	uint8_t *memory, *code;

	memory = mmap(NULL, PROBE_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return kt_err_errno(err, -errno, "cannot map the probe's memory");
	vm->memory = memory;
	*(uint64_t *)(memory + PROBE_PML4) = PROBE_PDPT | PTE_TABLE;
	*(uint64_t *)(memory + PROBE_PDPT) = PROBE_PD | PTE_TABLE;
	*(uint64_t *)(memory + PROBE_PD) = PTE_LARGE;
	code = memory + PROBE_CODE;
	for (size_t i = 0; i < KT_ARRAY_SIZE(parts); i++) {
		if (!parts[i].wanted)
			continue;
		memcpy(code, parts[i].code, parts[i].bytes);
		code += parts[i].bytes;
	}

	slot.userspace_addr = (uintptr_t)memory;
	if (ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &slot) < 0)
		return kt_err_errno(err, -errno, "KVM refuses memory");
	return 0;
}

/* Gives the vCPU all that KVM supports and notes which extensions that has. */
static int probe_cpuid(struct probe_vm *vm, struct ktstr_error *err)
{
	const uint32_t room = 256;
	_cleanup_free_ struct kvm_cpuid2 *cpuid = NULL;

	cpuid = calloc(1, sizeof(*cpuid) + room * sizeof(cpuid->entries[0]));
	if (!cpuid)
		return kt_err(err, -ENOMEM, "no memory for the probe's CPUID");
	cpuid->nent = room;
	if (ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
		return kt_err_errno(err, -errno, "KVM_GET_SUPPORTED_CPUID");
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		if (e->function == 1)
			vm->has_avx = (e->ecx >> 26 & 1) && (e->ecx >> 28 & 1);
		if (e->function == 7 && e->index == 0)
			vm->has_bmi = e->ebx >> 3 & 1;
	}
	if (ioctl(vm->vcpu_fd, KVM_SET_CPUID2, cpuid) < 0)
		return kt_err_errno(err, -errno, "KVM_SET_CPUID2");
	return 0;
}

/* 64-bit mode at PROBE_CODE, with AVX enabled where there is any. */
static int probe_registers(struct probe_vm *vm, struct ktstr_error *err)
{
	const struct kvm_segment code = {
		.limit = 0xffffffff,
		.selector = 0x08,
		.type = 11,
		.present = 1,
		.s = 1,
		.l = 1,
		.g = 1,
	};
	const struct kvm_segment data = {
		.limit = 0xffffffff,
		.selector = 0x10,
		.type = 3,
		.present = 1,
		.s = 1,
		.db = 1,
		.g = 1,
	};
	const struct kvm_regs regs = { .rip = PROBE_CODE, .rflags = 2 };
	const struct kvm_xcrs xcrs = {
		.nr_xcrs = 1,
		.xcrs[0] = { .xcr = 0, .value = 7 }, /* x87, SSE, AVX */
	};
	struct kvm_sregs sregs;

	if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, &sregs) < 0)
		return kt_err_errno(err, -errno, "KVM_GET_SREGS");
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 = 0x80000033; /* PG, NE, ET, MP, PE */
	sregs.cr3 = PROBE_PML4;
	sregs.cr4 = 0x620; /* OSXMMEXCPT, OSFXSR, PAE */
	if (vm->has_avx)
		sregs.cr4 |= 0x40000; /* OSXSAVE */
	sregs.efer = 0x500;           /* LMA, LME */
	if (ioctl(vm->vcpu_fd, KVM_SET_SREGS, &sregs) < 0)
		return kt_err_errno(err, -errno, "KVM_SET_SREGS");
	if (vm->has_avx && ioctl(vm->vcpu_fd, KVM_SET_XCRS, &xcrs) < 0)
		return kt_err_errno(err, -errno, "KVM_SET_XCRS");
	if (ioctl(vm->vcpu_fd, KVM_SET_REGS, &regs) < 0)
		return kt_err_errno(err, -errno, "KVM_SET_REGS");
	return 0;
}

static int probe_make_vcpu(struct probe_vm *vm, struct ktstr_error *err)
{
	int bytes;

	/* Below 4 GiB and out of the way; only old Intel CPUs use it. */
	ioctl(vm->vm_fd, KVM_SET_TSS_ADDR, 0xfffbd000UL);
	vm->vcpu_fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, 0);
	if (vm->vcpu_fd < 0)
		return kt_err_errno(err, -errno, "KVM_CREATE_VCPU");
	bytes = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (bytes < (int)sizeof(struct kvm_run))
		return kt_err_errno(err, bytes < 0 ? -errno : -EPROTO,
				    "KVM_GET_VCPU_MMAP_SIZE");
	vm->run_bytes = bytes;
	vm->run = mmap(NULL, vm->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		       vm->vcpu_fd, 0);
	if (vm->run == MAP_FAILED) {
		vm->run = NULL;
		return kt_err_errno(err, -errno, "cannot map the vCPU's state");
	}
	return 0;
}

/*
 * KVM_RUN with a bound. The timer's signal stays blocked for the thread, so no
 * handler ever runs; only KVM_RUN takes it for a reason to return.
 */
static int probe_run(struct probe_vm *vm, unsigned int timeout_ms,
		     struct kt_probe_outcome *ret, struct ktstr_error *err)
{
	const int signo = SIGRTMAX;
	const struct itimerspec bound = {
		.it_value = { .tv_sec = timeout_ms / 1000,
			      .tv_nsec = timeout_ms % 1000 * 1000000L },
	};
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = signo,
	};
	/* A length, then a set of the kernel's size: 8 bytes. */
	_Alignas(struct kvm_signal_mask) uint8_t mask_bytes[4 + 8];
	struct kvm_signal_mask *mask = (struct kvm_signal_mask *)mask_bytes;
	sigset_t only, before;
	timer_t timer;
	int r;

	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	sigemptyset(&only);
	sigaddset(&only, signo);
	/* Everything blocked in KVM_RUN but the timer's signal. */
	mask->len = 8;
	memset(mask->sigset, 0xff, mask->len);
	mask->sigset[(signo - 1) / 8] &= ~(1u << ((signo - 1) % 8));
	if (ioctl(vm->vcpu_fd, KVM_SET_SIGNAL_MASK, mask) < 0)
		return kt_err_errno(err, -errno, "KVM_SET_SIGNAL_MASK");
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) < 0)
		return kt_err_errno(err, -errno, "cannot make a timer");

	pthread_sigmask(SIG_BLOCK, &only, &before);
	timer_settime(timer, 0, &bound, NULL);
	r = ioctl(vm->vcpu_fd, KVM_RUN, 0);
	ret->run_errno = r < 0 ? errno : 0;
	timer_delete(timer);
	ret->expired =
		sigtimedwait(&only, NULL, &(struct timespec){ 0 }) == signo &&
		ret->run_errno == EINTR;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return 0;
}

int kt_probe_judge(const struct kt_probe_outcome *outcome, struct ktstr_error *err)
{
	const unsigned long long rip = outcome->rip;
	const enum ktstr_error_kind kind = KTSTR_ERROR_ENVIRONMENT;

	if (outcome->expired)
		return kt_err_kind(err, kind, -ETIMEDOUT,
				   "KVM hangs in a guest of ten instructions");
	if (outcome->run_errno)
		return kt_err_kind(err, kind, -outcome->run_errno,
				   "KVM cannot run a guest: KVM_RUN: %s",
				   strerror(outcome->run_errno));

	switch (outcome->exit_reason) {
	case KVM_EXIT_IO:
		if (outcome->answer == KT_PROBE_ANSWER)
			return 0;
		return kt_err_kind(err, kind, -ENOTSUP,
				   "KVM runs guest code wrongly: a tiny guest "
				   "computed %#x instead of %#x",
				   outcome->answer, KT_PROBE_ANSWER);
	case KVM_EXIT_SHUTDOWN:
		if (outcome->without_bmi && rip == KT_PROBE_ANDN_GPA)
			return 0;
		break;
	case KVM_EXIT_INTERNAL_ERROR:
		if (outcome->suberror == KVM_INTERNAL_ERROR_EMULATION)
			return kt_err_kind(
				err, kind, -ENOTSUP,
				"KVM here emulates guest code and gives up at "
				"instructions of ordinary kernels (a tiny "
				"guest's at %#llx)",
				rip);
		return kt_err_kind(err, kind, -ENOTSUP,
				   "KVM cannot run a guest: internal error %u "
				   "at %#llx",
				   outcome->suberror, rip);
	}
	return kt_err_kind(err, kind, -ENOTSUP,
			   "KVM cannot run a guest: a tiny one ended with exit "
			   "reason %u at %#llx",
			   outcome->exit_reason, rip);
}

int kt_probe_device(const char *path, unsigned int timeout_ms,
		    struct ktstr_error *err)
{
	_cleanup_(probe_vm_deinit) struct probe_vm vm = {
		.kvm_fd = -1,
		.vm_fd = -1,
		.vcpu_fd = -1,
	};
	struct kt_probe_outcome outcome = { 0 };
	struct kvm_regs regs = { 0 };
	int r;

	r = probe_open(path, &vm, err);
	if (r < 0)
		return r;
	r = probe_make_vcpu(&vm, err);
	if (r == 0)
		r = probe_cpuid(&vm, err);
	if (r == 0)
		r = probe_load(&vm, err);
	if (r == 0)
		r = probe_registers(&vm, err);
	if (r == 0)
		r = probe_run(&vm, timeout_ms, &outcome, err);
	if (r < 0)
		return kt_err_context(err, r, "%s cannot run a guest", path);

	if (ioctl(vm.vcpu_fd, KVM_GET_REGS, &regs) == 0)
		outcome.rip = regs.rip;
	if (outcome.run_errno == 0) {
		outcome.without_bmi = !vm.has_bmi;
		outcome.exit_reason = vm.run->exit_reason;
		outcome.suberror = vm.run->internal.suberror;
		if (outcome.exit_reason == KVM_EXIT_IO)
			outcome.answer =
				((uint8_t *)vm.run)[vm.run->io.data_offset];
	}
	return kt_probe_judge(&outcome, err);
}

int kt_kvm_probe(struct ktstr_error *err)
{
	return kt_probe_device("/dev/kvm", PROBE_TIMEOUT_MS, err);
}
