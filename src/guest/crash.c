// SPDX-License-Identifier: GPL-2.0-only
#include "guest/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/macro.h"

#define CRASH_TTY       "/dev/ttyS1"
#define CRASH_TTY_MAJOR 4
#define CRASH_TTY_MINOR 65

static const struct {
	int signo;
	const char *name;
} crash_signals[] = {
	{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"},
	{SIGFPE, "SIGFPE"},   {SIGABRT, "SIGABRT"}, {SIGSYS, "SIGSYS"},
};

/* snprintf() may allocate and lock, so text is put together by hand. */
struct crash_text {
	char *data;
	size_t size;
	size_t length;
};

static void crash_add(struct crash_text *text, const char *part)
{
	while (*part && text->length + 1 < text->size)
		text->data[text->length++] = *part++;
	text->data[text->length] = '\0';
}

static void crash_add_number(struct crash_text *text, uintptr_t value,
			     unsigned int base)
{
	char digits[2 + 3 * sizeof(value)];
	size_t at = sizeof(digits) - 1;

	digits[at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (base == 16)
		crash_add(text, "0x");
	crash_add(text, digits + at);
}

size_t kt_crash_format_signal(char *data, size_t size, int signo,
			      uintptr_t address, uintptr_t instruction)
{
	struct crash_text text = {.data = data, .size = size};
	const char *name = NULL;

	for (size_t i = 0; i < KT_ARRAY_SIZE(crash_signals); i++)
		if (crash_signals[i].signo == signo)
			name = crash_signals[i].name;

	crash_add(&text, "init (PID 1) died of ");
	if (name) {
		crash_add(&text, name);
	} else {
		crash_add(&text, "signal ");
		crash_add_number(&text, (unsigned int)signo, 10);
	}
	crash_add(&text, " at address ");
	crash_add_number(&text, address, 16);
	crash_add(&text, ", instruction ");
	crash_add_number(&text, instruction, 16);
	crash_add(&text, "\n");
	return text.length;
}

void kt_crash_write(const char *text, size_t length)
{
	const int flags = O_WRONLY | O_NOCTTY | O_CLOEXEC;
	int fd = open(CRASH_TTY, flags);

	/* Init may fail before devtmpfs is there. */
	if (fd < 0 && errno == ENOENT) {
		mkdir("/dev", 0755);
		mknod(CRASH_TTY, S_IFCHR | 0600,
		      makedev(CRASH_TTY_MAJOR, CRASH_TTY_MINOR));
		fd = open(CRASH_TTY, flags);
	}
	if (fd < 0)
		return;

	while (length > 0) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		text += n;
		length -= (size_t)n;
	}
	/* tcdrain() is a cancellation point; the ioctl behind it is not. */
	ioctl(fd, TCSBRK, 1);
	close(fd);
}

_Noreturn void kt_guest_reboot(void)
{
	sync();
	reboot(RB_AUTOBOOT);
	/* Only a kernel without reboot support, or a lack of rights, gets us
	 * here. A PID 1 that returns panics the kernel: the host sees that. */
	_exit(1);
}

static uintptr_t crash_instruction(const void *context)
{
	const ucontext_t *uc = context;

#if defined(__x86_64__)
	return (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
	return (uintptr_t)uc->uc_mcontext.pc;
#else
	(void)uc;
	return 0;
#endif
}

static void crash_handle(int signo, siginfo_t *info, void *context)
{
	char text[160];
	size_t length;

	length = kt_crash_format_signal(text, sizeof(text), signo,
					(uintptr_t)info->si_addr,
					crash_instruction(context));
	kt_crash_write(text, length);
	kt_guest_reboot();
}

int kt_crash_install_handlers(void)
{
	/* A stack overflow needs another stack to be reported from; it lives
	 * as long as the process. */
	static char stack[16 * 1024];
	const stack_t alternate = {
		.ss_sp = stack,
		.ss_size = sizeof(stack),
	};
	struct sigaction action = {
		.sa_sigaction = crash_handle,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND,
	};

	if (sigaltstack(&alternate, NULL) < 0)
		return -errno;
	/* A second fault inside the handler ends init at once. */
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < KT_ARRAY_SIZE(crash_signals); i++)
		if (sigaction(crash_signals[i].signo, &action, NULL) < 0)
			return -errno;
	return 0;
}
