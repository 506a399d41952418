// SPDX-License-Identifier: GPL-2.0-only
#include "runner/here.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/process.h"
#include "wire/guest_files.h"

/* Of a binary that could not do what it was asked. */
#define EXIT_BROKEN 125

/* Beyond the time that the binary allows the test: groups made and removed. */
#define GROUPS_MS        30000
#define RESULT_MAX_BYTES (1u << 20)

static int no_memory(struct ktstr_error *err)
{
	return kt_err_errno(err, -ENOMEM, "no memory for a run");
}

static int describe(const struct kt_here_request *request, struct kt_test_run *run)
{
	run->topology = strdup(request->topology);
	run->numa_nodes = request->numa_nodes;
	run->llcs = request->llcs;
	run->n_cpus = request->n_cpus;
	return run->topology ? 0 : -ENOMEM;
}

/* As if a guest had ended so. */
static int judge(const struct kt_here_request *request, int status,
		 const struct kt_strbuf *result, const struct kt_strbuf *said,
		 uint32_t timeout_ms, struct kt_test_run *run)
{
	const struct kt_judging judging = {
		.test = request->test,
		.timeout_ms = timeout_ms,
		.no_skip = request->no_skip,
	};
	const struct ktstr_vm_result ended = {
		.ready = true,
		.success = status == 0,
		.exit_code = status,
		.console = (char *)"",
		.output = (char *)kt_strbuf_text(said),
		.output_bytes = said->length,
		.test_result =
			result->length ? (char *)kt_strbuf_text(result) : NULL,
	};

	return kt_outcome_judge(&judging, &ended, &run->outcome);
}

/* Its own words, if it said any. */
static int explain(const struct kt_here_request *request, int status,
		   struct kt_strbuf *said, struct ktstr_error *err)
{
	while (said->length && said->data[said->length - 1] == '\n')
		said->data[--said->length] = '\0';
	if (said->length)
		return kt_err(err, -EREMOTEIO, "%s", kt_strbuf_text(said));
	return kt_err(err, -EREMOTEIO, "%s ended with %d and said nothing",
		      request->binary, status);
}

static int run_binary(const struct kt_here_request *request, uint32_t limit_ms,
		      int *ret_status, struct kt_strbuf *result,
		      struct kt_strbuf *said, struct ktstr_error *err)
{
	char seconds[16];
	const char *const argv[] = {
		request->binary,       KT_TEST_ARG_HERE, request->test->name,
		request->cgroup ?: "", seconds,          NULL,
	};
	const struct kt_process process = {
		.argv = argv,
		.silence_ms = limit_ms,
		.limit_ms = limit_ms,
		.output_max_bytes = RESULT_MAX_BYTES,
		.wait_status = ret_status,
		.errors = said,
		.cancelled = request->cancelled,
		.userdata = request->userdata,
	};
	int r;

	snprintf(seconds, sizeof(seconds), "%u", request->duration_s);
	r = kt_process_run(&process, result, err);
	/* It has ended by itself, whatever its status. */
	return r == -EREMOTEIO ? 0 : r;
}

int kt_here_run_once(const struct kt_here_request *request,
		     struct kt_test_run *ret, struct ktstr_error *err)
{
	_cleanup_test_run_ struct kt_test_run run = {
		.test = request->test,
		.binary = request->binary,
		.nth = 1,
		.of = 1,
		.started = time(NULL),
	};
	_cleanup_strbuf_ struct kt_strbuf result = {}, said = {};
	uint32_t limit_ms =
		1000 * kt_test_timeout_s(0, request->duration_s) + GROUPS_MS;
	uint64_t start_ns = kt_now_ns();
	int wait_status = 0, status;
	int r = run_binary(request, limit_ms, &wait_status, &result, &said, err);

	if (r < 0 && r != -ECANCELED)
		return r;
	status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
	run.interrupted = r == -ECANCELED || status == 128 + SIGINT ||
			  status == 128 + SIGTERM;
	if (!run.interrupted && status == EXIT_BROKEN)
		return explain(request, status, &said, err);
	if (describe(request, &run) < 0 ||
	    (!run.interrupted &&
	     judge(request, status, &result, &said, limit_ms, &run) < 0))
		return no_memory(err);
	run.wall_ns = kt_now_ns() - start_ns;
	*ret = run;
	run = (struct kt_test_run){};
	return 0;
}
