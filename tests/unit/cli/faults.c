// SPDX-License-Identifier: GPL-2.0-only

/*
 * Preloaded into ktstr, so that a test sees what it says on machines that are
 * not at hand. KTSTR_FAULTS holds words:
 *
 *	CALL=ERRNO		this function fails, always
 *	CALL:PREFIX=ERRNO	for paths (of descriptors, too) that begin so
 *	KVM_NAME=ERRNO		this ioctl fails
 *	KVM_NAME:NUMBER=ERRNO	where its argument's first field is that
 *	KVM_CAP_NAME=NUMBER	what KVM says of a capability
 *	kvm			/dev/kvm is there and can all
 *	reset			a guest resets its machine, instead of a fault
 *	nothing			no more than to have a word
 *
 * A guest of that KVM ends at its first instruction, in a triple fault.
 */

#include <cpuid.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <termios.h>
#include <unistd.h>

#define FAKE_RUN_BYTES 0x3000
#define FAKE_KVM_PATH  "/dev/kvm"

#define EXPORT     __attribute__((visibility("default")))
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static const struct {
	const char *name;
	unsigned long request;
} requests[] = {
#define REQUEST(name)                                                          \
	{                                                                      \
#name, name                                                    \
	}
	REQUEST(KVM_CREATE_IRQCHIP),
	REQUEST(KVM_CREATE_PIT2),
	REQUEST(KVM_CREATE_VCPU),
	REQUEST(KVM_CREATE_VM),
	REQUEST(KVM_ENABLE_CAP),
	REQUEST(KVM_GET_API_VERSION),
	REQUEST(KVM_GET_MSRS),
	REQUEST(KVM_GET_SREGS),
	REQUEST(KVM_GET_SUPPORTED_CPUID),
	REQUEST(KVM_GET_VCPU_MMAP_SIZE),
	REQUEST(KVM_IOEVENTFD),
	REQUEST(KVM_IRQFD),
	REQUEST(KVM_RUN),
	REQUEST(KVM_SET_CPUID2),
	REQUEST(KVM_SET_GSI_ROUTING),
	REQUEST(KVM_SET_IDENTITY_MAP_ADDR),
	REQUEST(KVM_SET_MSRS),
	REQUEST(KVM_SET_REGS),
	REQUEST(KVM_SET_SIGNAL_MASK),
	REQUEST(KVM_SET_SREGS),
	REQUEST(KVM_SET_TSS_ADDR),
	REQUEST(KVM_SET_USER_MEMORY_REGION),
#undef REQUEST
};

static const struct {
	const char *name;
	unsigned long number;
	int value; /* if not 1 */
} caps[] = {
	{ "KVM_CAP_BINARY_STATS_FD", KVM_CAP_BINARY_STATS_FD, 0 },
	{ "KVM_CAP_IRQFD", KVM_CAP_IRQFD, 1 },
	{ "KVM_CAP_MAX_VCPUS", KVM_CAP_MAX_VCPUS, 1024 },
	{ "KVM_CAP_MAX_VCPU_ID", KVM_CAP_MAX_VCPU_ID, 4096 },
	{ "KVM_CAP_NR_MEMSLOTS", KVM_CAP_NR_MEMSLOTS, 509 },
	{ "KVM_CAP_NR_VCPUS", KVM_CAP_NR_VCPUS, 8 },
	{ "KVM_CAP_SPLIT_IRQCHIP", KVM_CAP_SPLIT_IRQCHIP, 1 },
	{ "KVM_CAP_USER_MEMORY", KVM_CAP_USER_MEMORY, 1 },
};

/* The value that the rules have for a name, else NULL. */
static const char *rule_find(const char *name, const char *path)
{
	const char *rule = getenv("KTSTR_FAULTS");
	size_t length = strlen(name);

	while (rule && *rule) {
		size_t whole = strcspn(rule, " ");
		const char *value = memchr(rule, '=', whole);

		if (!value)
			value = rule + whole;
		if (!strncmp(rule, name, length)) {
			const char *prefix = rule + length + 1;

			if (rule + length == value)
				return value;
			if (rule[length] == ':' && path &&
			    !strncmp(path, prefix, (size_t)(value - prefix)))
				return value;
		}
		rule += whole;
		rule += strspn(rule, " ");
	}
	return NULL;
}

/* Sets errno to what the rule says; a rule that nobody understands is an end. */
static bool fails(const char *name, const char *path)
{
	const char *value = rule_find(name, path);
	size_t length;

	if (!value)
		return false;
	length = *value ? strcspn(value + 1, " ") : 0;
	for (int e = 1; length && e < 134; e++) {
		const char *symbol = strerrorname_np(e);

		if (symbol && strlen(symbol) == length &&
		    !strncmp(symbol, value + 1, length)) {
			errno = e;
			return true;
		}
	}
	fprintf(stderr, "faults: no such error: %s\n", value);
	abort();
}

/* The name of a descriptor's file, "" if it has none. */
static const char *path_of(int fd, char path[4096])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, 4095);
	path[n > 0 ? n : 0] = '\0';
	return path;
}

static int fake_descriptor(void)
{
	int fd = NEXT(memfd_create)("kvm", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, FAKE_RUN_BYTES) < 0)
		abort();
	return fd;
}

static bool open_fails(const char *path, int *ret)
{
	if (fails("open", path)) {
		*ret = -1;
		return true;
	}
	if (strcmp(path, FAKE_KVM_PATH) || !rule_find("kvm", NULL))
		return false;
	*ret = fake_descriptor();
	return true;
}

EXPORT int open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;
	int fd;

	if (open_fails(path, &fd))
		return fd;
	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return NEXT(open)(path, flags, mode);
}

/* A function that fails as a rule says, or is called as it is. */
#define DEFINE(type, failed, name, path, parameters, ...)                      \
	EXPORT type name parameters                                            \
	{                                                                      \
		return fails(#name, path) ? failed : NEXT(name)(__VA_ARGS__);  \
	}

DEFINE(int, -1, access, path, (const char *path, int mode), path, mode)
DEFINE(int, -1, stat, path, (const char *path, struct stat *st), path, st)
DEFINE(DIR *, NULL, opendir, path, (const char *path), path)
DEFINE(int, -1, mkdir, path, (const char *path, mode_t mode), path, mode)
DEFINE(int, -1, rename, to, (const char *from, const char *to), from, to)
DEFINE(int, -1, eventfd, NULL, (unsigned int count, int flags), count, flags)
DEFINE(int, -1, pipe2, NULL, (int ends[2], int flags), ends, flags)
DEFINE(int, -1, tcgetattr, NULL, (int fd, struct termios *settings), fd,
       settings)
DEFINE(int, -1, tcsetattr, NULL,
       (int fd, int when, const struct termios *settings), fd, when, settings)
DEFINE(int, -1, signalfd, NULL, (int fd, const sigset_t *set, int flags), fd,
       set, flags)
DEFINE(int, -1, memfd_create, name, (const char *name, unsigned int flags),
       name, flags)
DEFINE(int, errno, pthread_create, NULL,
       (pthread_t * thread, const pthread_attr_t *attr, void *(*start)(void *),
	void *argument),
       thread, attr, start, argument)

#define PATH_OF(fd) path_of(fd, (char[4096]){ 0 })

DEFINE(ssize_t, -1, write, PATH_OF(fd),
       (int fd, const void *data, size_t length), fd, data, length)
DEFINE(ssize_t, -1, pread, PATH_OF(fd),
       (int fd, void *data, size_t length, off_t at), fd, data, length, at)
DEFINE(void *, MAP_FAILED, mmap, PATH_OF(fd),
       (void *at, size_t length, int protection, int flags, int fd, off_t from),
       at, length, protection, flags, fd, from)
DEFINE(int, -1, remove, path, (const char *path), path)
DEFINE(int, -1, flock, PATH_OF(fd), (int fd, int operation), fd, operation)

/* ENOSPC is no error of its own, but no room. */
EXPORT int statvfs(const char *path, struct statvfs *st)
{
	int r = NEXT(statvfs)(path, st);

	if (r == 0 && fails("statvfs", path))
		st->f_bavail = 0;
	return r;
}

static int fake_capability(unsigned long number)
{
	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		const char *value = rule_find(caps[i].name, NULL);

		if (caps[i].number == number)
			return value ? atoi(value + 1) : caps[i].value;
	}
	return 1;
}

/* As much as CPUID's patching starts from. */
static int fake_cpuid(struct kvm_cpuid2 *cpuid)
{
	static const struct kvm_cpuid_entry2 entries[] = {
		{ .function = 0,
		  .eax = 0x1f,
		  .ebx = signature_INTEL_ebx,
		  .ecx = signature_INTEL_ecx,
		  .edx = signature_INTEL_edx },
		{ .function = 1, .eax = 0x806f0, .ecx = 1 << 21, .edx = ~0U },
		{ .function = 0x80000000, .eax = 0x80000008 },
		{ .function = 0x80000001, .edx = 1 << 29 },
		{ .function = 0x80000008, .eax = 0x3030 },
	};

	cpuid->nent = sizeof(entries) / sizeof(entries[0]);
	memcpy(cpuid->entries, entries, sizeof(entries));
	return 0;
}

/* What a guest does to the keyboard controller to reset its machine. */
static const struct kvm_run fake_reset = {
	.exit_reason = KVM_EXIT_IO,
	.io = {
		.direction = KVM_EXIT_IO_OUT,
		.size = 1,
		.port = 0x64,
		.count = 1,
		.data_offset = sizeof(struct kvm_run),
	},
};
static const struct kvm_run fake_fault = { .exit_reason = KVM_EXIT_SHUTDOWN };

static int fake_run(int fd)
{
	const uint8_t pulse = 0xfe;
	const struct kvm_run *run =
		rule_find("reset", NULL) ? &fake_reset : &fake_fault;

	if (pwrite(fd, run, sizeof(*run), 0) != sizeof(*run) ||
	    pwrite(fd, &pulse, 1, sizeof(*run)) != 1)
		abort();
	return 0;
}

static int fake_kvm(int fd, unsigned long request, void *argument)
{
	switch (request) {
	case KVM_GET_API_VERSION:
		return KVM_API_VERSION;
	case KVM_CHECK_EXTENSION:
		return fake_capability((uintptr_t)argument);
	case KVM_CREATE_VM:
	case KVM_CREATE_VCPU:
		return fake_descriptor();
	case KVM_GET_VCPU_MMAP_SIZE:
		return FAKE_RUN_BYTES;
	case KVM_GET_SUPPORTED_CPUID:
		return fake_cpuid(argument);
	case KVM_GET_SREGS:
		memset(argument, 0, sizeof(struct kvm_sregs));
		return 0;
	case KVM_GET_MSRS:
	case KVM_SET_MSRS:
		return (int)((struct kvm_msrs *)argument)->nmsrs;
	case KVM_RUN:
		return fake_run(fd);
	default:
		return 0;
	}
}

static const char *first_field(unsigned long request, const void *argument,
			       char text[16])
{
	uint32_t field;

	if (!(_IOC_DIR(request) & _IOC_WRITE) ||
	    _IOC_SIZE(request) < sizeof(field))
		return NULL;
	memcpy(&field, argument, sizeof(field));
	snprintf(text, 16, "%u", field);
	return text;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	char field[16];
	va_list args;
	void *argument;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (requests[i].request == request &&
		    fails(requests[i].name, first_field(request, argument, field)))
			return -1;
	}
	if (_IOC_TYPE(request) == KVMIO && rule_find("kvm", NULL))
		return fake_kvm(fd, request, argument);
	return NEXT(ioctl)(fd, request, argument);
}
