// SPDX-License-Identifier: GPL-2.0-only
#include "nest/join.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "nest/channel.h"
#include "nest/launch.h"
#include "nest/lock.h"
#include "nest/place.h"
#include "nest/slots.h"

/* The making of the machine's own kernel and files, and one HELLO. */
#define JOIN_LOCK_S        120
#define JOIN_HELLO_MS      30000
#define JOIN_TRIES_MAX     3
#define JOIN_MEMINFO_BYTES 65536

int kt_nest_connect(const struct sockaddr_un *address, uint32_t *ret_others)
{
	_cleanup_close_ int fd = -1;
	struct kt_nest_header header;
	struct kt_nest_hello hello;
	struct pollfd p;
	int r;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address,
		    sizeof(*address)) < 0)
		return -errno;
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	do {
		r = poll(&p, 1, JOIN_HELLO_MS);
	} while (r < 0 && errno == EINTR);
	if (r == 0)
		return -ETIMEDOUT;
	if (kt_read_all(fd, &header, sizeof(header)) < 0 ||
	    header.type != KT_NEST_HELLO || header.length != sizeof(hello) ||
	    kt_read_all(fd, &hello, sizeof(hello)) < 0)
		return -ECONNRESET;
	*ret_others = hello.others;
	return TAKE_FD(fd);
}

static int join_fail(const struct kt_nest_place *place, int error,
		     struct ktstr_error *err)
{
	return kt_err_errno(err, error,
			    "the emulated machine's supervisor does not "
			    "answer; see %s",
			    place->log);
}

/* Nobody is there, or nobody will be in a moment. */
static bool join_is_absent(int error)
{
	return error == -ECONNREFUSED || error == -ENOENT || error == -ECONNRESET;
}

/* To the machine of that place, which is started if nobody else did. */
static int join_start(const struct kt_nest_shape *shape,
		      const struct kt_nest_place *place,
		      const struct ktstr_log *log, uint32_t *ret_others,
		      struct ktstr_error *err)
{
	_cleanup_close_ int lock = kt_nest_lock(
		place->lock,
		kt_nest_seconds("KTSTR_NEST_LOCK_S", JOIN_LOCK_S) * 1000, err);
	int fd = -1, r;

	if (lock < 0)
		return lock;
	/* One that just ends resets who waits, then is not there. */
	for (int i = 0; i < JOIN_TRIES_MAX; i++) {
		fd = kt_nest_connect(&place->address, ret_others);
		if (fd != -ECONNRESET)
			break;
	}
	if (fd >= 0)
		return fd;
	/* One that is there keeps its machine, and its clients theirs. */
	if (fd != -ECONNREFUSED && fd != -ENOENT)
		return join_fail(place, fd, err);
	r = kt_nest_launch(shape, place, log, err);
	if (r < 0)
		return r;
	fd = kt_nest_connect(&place->address, ret_others);
	return fd < 0 ? join_fail(place, fd, err) : fd;
}

/* A walk over the slots, and the machine with the fewest commands so far. */
struct join {
	const struct kt_nest_shape *shape;
	const struct ktstr_log *log;
	uint32_t slots;
	bool absent[KT_NEST_SLOTS_MAX];
	int fd; /* -1: no machine yet */
	uint32_t slot;
	uint32_t others;
};

/* Takes `fd` over. Whether nobody else uses that machine: look no further. */
static bool join_consider(struct join *j, uint32_t slot, int fd, uint32_t others)
{
	if (j->fd >= 0 && others >= j->others) {
		kt_close(fd);
		return false;
	}
	kt_close(j->fd);
	j->fd = fd;
	j->slot = slot;
	j->others = others;
	return others == 0;
}

/*
 * The machines that are up. 1: found one without commands; 0: perhaps none at
 * all; -errno: the same, and one is there that does not answer.
 */
static int join_walk_up(struct join *j, struct ktstr_error *err)
{
	int bad = 0;

	for (uint32_t slot = 0; slot < j->slots; slot++) {
		_cleanup_(kt_nest_place_deinit) struct kt_nest_place place = { 0 };
		uint32_t others = 0;
		int fd, r;

		r = kt_nest_place_find(j->shape, slot, &place, err);
		if (r < 0)
			return r;
		fd = kt_nest_connect(&place.address, &others);
		j->absent[slot] = join_is_absent(fd);
		if (fd >= 0 && join_consider(j, slot, fd, others))
			return 1;
		if (fd < 0 && !j->absent[slot] && bad == 0)
			bad = join_fail(&place, fd, err);
	}
	return bad;
}

static bool join_has_room(const struct join *j)
{
	_cleanup_free_ char *meminfo = NULL;

	return kt_read_file("/proc/meminfo", JOIN_MEMINFO_BYTES, &meminfo,
			    NULL) == 0 &&
	       kt_nest_slots_fit(j->shape, meminfo);
}

/*
 * All that are up are busy: starts further ones. Who comes at the same time may
 * have the same in mind, so that one just started may be busy as well. 0, or
 * -errno: a machine could not be started.
 */
static int join_walk_absent(struct join *j, struct ktstr_error *err)
{
	for (uint32_t slot = 0; slot < j->slots; slot++) {
		_cleanup_(kt_nest_place_deinit) struct kt_nest_place place = { 0 };
		uint32_t others = 0;
		int fd, r;

		if (!j->absent[slot])
			continue;
		if (j->fd >= 0 && !join_has_room(j)) {
			kt_debug(j->log,
				 "no memory for a further emulated machine of "
				 "%u MiB",
				 j->shape->memory_mib);
			return 0;
		}
		r = kt_nest_place_find(j->shape, slot, &place, err);
		if (r < 0)
			return r;
		fd = join_start(j->shape, &place, j->log, &others, err);
		if (fd < 0)
			return fd;
		if (join_consider(j, slot, fd, others))
			return 0;
	}
	return 0;
}

int kt_nest_join(const struct kt_nest_shape *shape, uint32_t slots,
		 const struct ktstr_log *log, int *ret_fd, uint32_t *ret_slot,
		 struct ktstr_error *err)
{
	struct join j = { .shape = shape, .log = log, .slots = slots, .fd = -1 };
	struct ktstr_error why = { 0 };
	const char *notice = "passing over an emulated machine";
	int r, started;

	r = join_walk_up(&j, &why);
	if (r <= 0) {
		started = join_walk_absent(&j, &why);
		if (started < 0) {
			notice = "going without a further emulated machine";
			r = started;
		}
	}
	if (j.fd < 0) {
		if (err)
			*err = why;
		return r;
	}
	if (r < 0)
		kt_notice(log, "%s: %s", notice, why.message);
	if (j.others)
		kt_debug(log, "the emulated machine has %u other commands",
			 j.others);
	*ret_fd = j.fd;
	*ret_slot = j.slot;
	return 0;
}
