// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"

/* How often `cancelled` is asked. */
#define TICK_MS          100
#define TERMINATE_MS     5000
#define OUTPUT_MAX_BYTES (64 * KT_MIB)
#define ERRORS_MAX_BYTES (64 * KT_KIB)
#define ERRORS_SHOWN     1200

enum { OUTPUT, ERRORS, STATUS, N_PIPES };

struct running {
	pid_t pid;
	int pidfd;
	int pipes[N_PIPES]; /* our ends; -1 once at their end */
	struct kt_strbuf errors;
	struct kt_strbuf status;
	struct kt_strbuf last_status;
	struct kt_strbuf *output;
	uint64_t start_ns;
	uint64_t last_sign_ns;
	size_t output_bytes;
};

static char *find_program(const char *name)
{
	const char *path = getenv("PATH");
	_cleanup_free_ char *all = NULL;
	char *rest, *directory;

	if (strchr(name, '/'))
		return access(name, X_OK) ? NULL : strdup(name);
	if (asprintf(&all, "%s:/usr/sbin:/sbin:/usr/bin:/bin:/usr/lib/apt",
		     path ? path : "") < 0) {
		all = NULL;
		return NULL;
	}
	rest = all;
	while ((directory = strsep(&rest, ":"))) {
		char *found;

		if (*directory != '/')
			continue;
		found = kt_path_join(directory, name);
		if (!found || !access(found, X_OK))
			return found;
		free(found);
	}
	return NULL;
}

/* The environment with LC_ALL=C, so that messages can be read; borrows. */
static char **make_environment(void)
{
	static char locale[] = "LC_ALL=C";
	size_t n = 0, kept = 0;
	char **copy;

	while (environ[n])
		n++;
	copy = calloc(n + 2, sizeof(*copy));
	if (!copy)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (strncmp(environ[i], "LC_ALL=", 7) &&
		    strncmp(environ[i], "LANGUAGE=", 9))
			copy[kept++] = environ[i];
	}
	copy[kept] = locale;
	return copy;
}

/* In the child: only what is allowed between fork and exec. */
_Noreturn static void become(const struct kt_process *process,
			     const char *program, char **environment,
			     const int ends[N_PIPES], pid_t parent)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Ignored signals stay so across exec; theirs are to end them. */
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(ends[OUTPUT], STDOUT_FILENO) < 0 ||
	    dup2(ends[ERRORS], STDERR_FILENO) < 0 ||
	    dup2(ends[STATUS], KT_PROCESS_STATUS_FD) < 0)
		_exit(127);
	if (process->directory && chdir(process->directory) < 0)
		_exit(127);
	execve(program, (char *const *)process->argv, environment);
	_exit(127);
}

static void running_deinit(struct running *running)
{
	for (int i = 0; i < N_PIPES; i++)
		running->pipes[i] = kt_close(running->pipes[i]);
	running->pidfd = kt_close(running->pidfd);
	kt_strbuf_deinit(&running->errors);
	kt_strbuf_deinit(&running->status);
	kt_strbuf_deinit(&running->last_status);
}

/*
 * Pipe ends above the standard descriptors and KT_PROCESS_STATUS_FD, so that
 * none is overwritten while the child moves them into place.
 */
static int make_pipe(int *ret_ours, int *ret_theirs)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ret_ours = ends[0];
	*ret_theirs = fcntl(ends[1], F_DUPFD_CLOEXEC, KT_PROCESS_STATUS_FD + 1);
	if (*ret_theirs < 0) {
		int r = -errno;

		kt_close(ends[0]);
		kt_close(ends[1]);
		*ret_ours = -1;
		return r;
	}
	kt_close(ends[1]);
	return fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

/* The wait status; -1 when somebody else has collected it. */
static int reap(const struct running *running)
{
	int status;

	while (waitpid(running->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return status;
}

static int exit_status(int wait_status)
{
	return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
					: WEXITSTATUS(wait_status);
}

static int start(const struct kt_process *process, const char *program,
		 struct running *running, struct ktstr_error *err)
{
	_cleanup_free_ char **environment = make_environment();
	int ends[N_PIPES] = {-1, -1, -1};
	pid_t parent = getpid();
	int r = environment ? 0 : -ENOMEM;

	for (int i = 0; !r && i < N_PIPES; i++)
		r = make_pipe(&running->pipes[i], &ends[i]);
	if (!r) {
		running->pid = fork();
		if (!running->pid)
			become(process, program, environment, ends, parent);
		if (running->pid < 0)
			r = -errno;
	}
	for (int i = 0; i < N_PIPES; i++)
		kt_close(ends[i]);
	if (r)
		return kt_err_errno(err, r, "cannot start %s", program);
	/* Both sides, so that neither has to wait for the other's. */
	setpgid(running->pid, running->pid);
	running->start_ns = kt_now_ns();
	running->last_sign_ns = running->start_ns;
	running->pidfd = pidfd_open(running->pid, 0);
	if (running->pidfd < 0) {
		r = -errno;
		kill(running->pid, SIGKILL);
		reap(running);
		return kt_err_errno(err, r, "cannot watch %s", program);
	}
	return 0;
}

/* The same line again says that nothing has moved. */
static void take_status(const struct kt_process *process,
			struct running *running, const char *line)
{
	if (strcmp(line, kt_strbuf_text(&running->last_status))) {
		running->last_sign_ns = kt_now_ns();
		kt_strbuf_reset(&running->last_status);
		kt_strbuf_add(&running->last_status, line);
	}
	if (process->on_status)
		process->on_status(process->userdata, line);
}

/* Hands complete lines on and keeps the rest. */
static void split_status(const struct kt_process *process, struct running *running)
{
	struct kt_strbuf *status = &running->status;
	char *line = status->data, *end;

	while (line && (end = strchr(line, '\n'))) {
		*end = '\0';
		take_status(process, running, line);
		line = end + 1;
	}
	if (line)
		kt_strbuf_drop(status, (size_t)(line - status->data));
	if (status->length > ERRORS_MAX_BYTES) /* no line, whatever it is */
		kt_strbuf_reset(status);
}

static bool is_too_much(const struct kt_process *process,
			const struct running *running)
{
	return process->output_max_bytes &&
	       running->output_bytes > process->output_max_bytes;
}

static size_t output_max(const struct kt_process *process)
{
	return process->output_max_bytes ?: OUTPUT_MAX_BYTES;
}

static void take_bytes(const struct kt_process *process, struct running *running,
		       int which, const char *data, size_t n)
{
	if (which == STATUS) {
		kt_strbuf_add_bytes(&running->status, data, n);
		split_status(process, running);
		return;
	}
	running->last_sign_ns = kt_now_ns();
	if (which == ERRORS) {
		if (running->errors.length < ERRORS_MAX_BYTES)
			kt_strbuf_add_bytes(&running->errors, data, n);
		return;
	}
	running->output_bytes += n;
	if (running->output && running->output_bytes - n < output_max(process))
		kt_strbuf_add_bytes(running->output, data, n);
}

static void drain(const struct kt_process *process, struct running *running)
{
	char buffer[16384];

	for (int i = 0; i < N_PIPES; i++) {
		ssize_t n;

		while (running->pipes[i] >= 0 && !is_too_much(process, running) &&
		       (n = read(running->pipes[i], buffer, sizeof(buffer))) >=
			       0) {
			if (n)
				take_bytes(process, running, i, buffer,
					   (size_t)n);
			else
				running->pipes[i] = kt_close(running->pipes[i]);
		}
	}
}

/* Waits for the process or its output; true once it has ended. */
static bool wait_ended(struct running *running, int timeout_ms)
{
	struct pollfd polled[N_PIPES + 1] = {
		{.fd = running->pidfd, .events = POLLIN},
	};

	for (int i = 0; i < N_PIPES; i++)
		polled[i + 1] = (struct pollfd){.fd = running->pipes[i],
						.events = POLLIN};
	return poll(polled, KT_ARRAY_SIZE(polled), timeout_ms) > 0 &&
	       polled[0].revents;
}

/* Its group too: apt's methods, dpkg's tar. */
static void end_group(struct running *running)
{
	struct pollfd polled = {.fd = running->pidfd, .events = POLLIN};

	kill(-running->pid, SIGTERM);
	if (poll(&polled, 1, TERMINATE_MS) != 1)
		kill(-running->pid, SIGKILL);
}

static int verdict(const char *name, const struct running *running, int status,
		   struct ktstr_error *err)
{
	const char *said = kt_strbuf_text(&running->errors);
	size_t length = running->errors.length;

	if (!status)
		return 0;
	while (length && said[length - 1] == '\n')
		length--;
	if (length > ERRORS_SHOWN) {
		said += length - ERRORS_SHOWN;
		length = ERRORS_SHOWN;
	}
	if (!length)
		return kt_err(err, -EREMOTEIO,
			      "%s failed with status %d and said nothing", name,
			      status);
	return kt_err(err, -EREMOTEIO, "%s failed with status %d:\n%.*s", name,
		      status, (int)length, said);
}

/* -errno when it has to be ended. */
static int check_limits(const struct kt_process *process,
			const struct running *running, struct ktstr_error *err)
{
	const char *name = process->argv[0];
	uint64_t now = kt_now_ns();

	if (is_too_much(process, running))
		return kt_err(err, -EFBIG,
			      "%s wrote more than %zu bytes and was ended", name,
			      process->output_max_bytes);
	if (now - running->last_sign_ns > process->silence_ms * 1000000ULL)
		return kt_err(err, -ETIMEDOUT,
			      "%s has been silent for %u s and was ended", name,
			      process->silence_ms / 1000);
	if (process->limit_ms &&
	    now - running->start_ns > process->limit_ms * 1000000ULL)
		return kt_err(err, -ETIMEDOUT,
			      "%s was still running after %g s and was ended",
			      name, process->limit_ms / 1000.0);
	return 0;
}

static int supervise(const struct kt_process *process, struct running *running,
		     struct ktstr_error *err)
{
	bool ended = false;
	int status, r = 0;

	while (!ended && !r) {
		ended = wait_ended(running, TICK_MS);
		drain(process, running);
		if (ended)
			break;
		if (process->cancelled && process->cancelled(process->userdata))
			r = kt_err(err, -ECANCELED, "interrupted");
		else
			r = check_limits(process, running, err);
	}
	if (!ended)
		end_group(running);
	status = reap(running);
	if (r)
		return r;
	if (process->wait_status)
		*process->wait_status = status;
	/* It may have ended before its last words were read. */
	if (is_too_much(process, running))
		return check_limits(process, running, err);
	return verdict(process->argv[0], running, exit_status(status), err);
}

int kt_process_run(const struct kt_process *process, struct kt_strbuf *output,
		   struct ktstr_error *err)
{
	_cleanup_free_ char *program = find_program(process->argv[0]);
	_cleanup_(running_deinit) struct running running = {
		.pidfd = -1,
		.pipes = {-1, -1, -1},
		.output = output,
	};
	int r;

	if (!program)
		return kt_err_kind(err, KTSTR_ERROR_ENVIRONMENT, -ENOENT,
				   "the program %s is missing (Debian package "
				   "%s)",
				   process->argv[0], process->package);
	r = start(process, program, &running, err);
	if (!r)
		r = supervise(process, &running, err);
	if (process->errors)
		kt_strbuf_add_bytes(process->errors, running.errors.data,
				    running.errors.length);
	return r;
}
