// SPDX-License-Identifier: GPL-2.0-only
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/macro.h"
#include "cli/terminal.h"

/* Set once before `raw` first becomes true, constant afterwards. */
static struct {
	int fd;
	struct termios before;
	struct termios wanted;
	atomic_bool raw;
} terminal;

static const int crash_signals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL,
				    SIGSEGV, SIGSYS, SIGTRAP};
static struct sigaction crash_actions[KT_ARRAY_SIZE(crash_signals)];

/* Gives the terminal back, then lets the signal do what it would have done. */
static void on_crash(int signal_number)
{
	kt_terminal_restore();
	for (size_t i = 0; i < KT_ARRAY_SIZE(crash_signals); i++) {
		if (crash_signals[i] == signal_number)
			sigaction(signal_number, &crash_actions[i], NULL);
	}
	raise(signal_number);
}

static void watch_crashes(void)
{
	struct sigaction action = {.sa_handler = on_crash};

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < KT_ARRAY_SIZE(crash_signals); i++)
		sigaction(crash_signals[i], &action, &crash_actions[i]);
}

int kt_terminal_make_raw(int fd, struct ktstr_error *err)
{
	if (tcgetattr(fd, &terminal.before) < 0)
		return kt_err_errno(err, -errno,
				    "cannot read the terminal's settings");
	terminal.fd = fd;
	terminal.wanted = terminal.before;
	cfmakeraw(&terminal.wanted);
	watch_crashes();
	atomic_store(&terminal.raw, true);
	if (tcsetattr(fd, TCSADRAIN, &terminal.wanted) < 0) {
		int r = -errno;

		kt_terminal_restore();
		return kt_err_errno(err, r, "cannot change the terminal");
	}
	return 0;
}

void kt_terminal_restore(void)
{
	int saved = errno;

	/* TCSANOW: a drain could wait for a terminal that is stopped. */
	if (atomic_exchange(&terminal.raw, false))
		tcsetattr(terminal.fd, TCSANOW, &terminal.before);
	errno = saved;
}

void kt_terminal_raw_again(void)
{
	atomic_store(&terminal.raw, true);
	tcsetattr(terminal.fd, TCSANOW, &terminal.wanted);
}

bool kt_terminal_is_raw(void)
{
	return atomic_load(&terminal.raw);
}

bool kt_terminal_size(int fd, uint16_t *ret_columns, uint16_t *ret_rows)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 ||
	    size.ws_row == 0)
		return false;
	*ret_columns = size.ws_col;
	*ret_rows = size.ws_row;
	return true;
}
