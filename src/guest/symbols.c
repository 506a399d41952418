// SPDX-License-Identifier: GPL-2.0-only
#include "guest/symbols.h"

#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/fd.h"
#include "guest/kallsyms.h"

struct kt_symbols {
	struct kt_kallsyms *kallsyms; /* the thread's until it is joined */
	char *path; /* NULL: ask first */
	pthread_t thread;
	int done_fd;
	int result;
};

static void symbols_free(struct kt_symbols *symbols)
{
	if (!symbols)
		return;
	kt_kallsyms_free(symbols->kallsyms);
	free(symbols->path);
	kt_close(symbols->done_fd);
	free(symbols);
}
KT_DEFINE_CLEANUP(struct kt_symbols *, symbols_free)

static void *symbols_main(void *arg)
{
	struct kt_symbols *symbols = arg;
	const uint64_t one = 1;

	if (symbols->path)
		symbols->result =
			kt_kallsyms_read(symbols->kallsyms, symbols->path);
	else if (kt_kallsyms_ask(symbols->kallsyms) < 0)
		symbols->result =
			kt_kallsyms_read(symbols->kallsyms, "/proc/kallsyms");
	/* Cannot fail: the counter is far from its end. */
	(void)kt_write_all(symbols->done_fd, &one, sizeof(one));
	return NULL;
}

int kt_symbols_start(const char *kallsyms_path, const void *names,
		     size_t length, struct kt_symbols **ret)
{
	_cleanup_(symbols_free_cleanup) struct kt_symbols *symbols =
		calloc(1, sizeof(*symbols));
	int r;

	if (!symbols)
		return -ENOMEM;
	symbols->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (symbols->done_fd < 0)
		return -errno;
	if (kallsyms_path) {
		symbols->path = strdup(kallsyms_path);
		if (!symbols->path)
			return -ENOMEM;
	}
	r = kt_kallsyms_create(names, length, &symbols->kallsyms);
	if (r < 0)
		return r;
	r = pthread_create(&symbols->thread, NULL, symbols_main, symbols);
	if (r != 0)
		return -r;
	*ret = TAKE_PTR(symbols);
	return 0;
}

int kt_symbols_fd(const struct kt_symbols *symbols)
{
	return symbols->done_fd;
}

int kt_symbols_finish(struct kt_symbols *symbols, struct kt_strbuf *ret)
{
	int result;

	pthread_join(symbols->thread, NULL);
	result = symbols->result;
	kt_kallsyms_answer(symbols->kallsyms, ret);
	symbols_free(symbols);
	return result;
}
