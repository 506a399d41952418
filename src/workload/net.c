// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work that talks over the loopback device, the network that every machine has.
 * Where it is down it is brought up.
 */
#include "workload/worker.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"

#define NET_MESSAGE_MAX     16384
/* Fits into a socket's buffers as they are: nobody waits for room. */
#define NET_BURST_MAX_BYTES 32768
#define NET_BURST_MAX       64
#define NET_LOOK_MS         20
#define NET_LOST_LOOKS      5 /* without an answer: a datagram was dropped */

static uint32_t net_pair(const struct ktstr_work *work)
{
	(void)work;
	return 2;
}

static int net_check(const struct ktstr_work *work, struct ktstr_error *err)
{
	const struct ktstr_net_traffic *net = &work->net_traffic;

	if (net->protocol != KTSTR_NET_UDP && net->protocol != KTSTR_NET_TCP)
		return kt_err(err, -EINVAL,
			      "NetTraffic: protocol %d is not known; use "
			      "KTSTR_NET_UDP or KTSTR_NET_TCP",
			      (int)net->protocol);
	if (!net->message_bytes || net->message_bytes > NET_MESSAGE_MAX)
		return kt_err(err, -EINVAL,
			      "NetTraffic: message_bytes must be 1 to %d, not "
			      "%u",
			      NET_MESSAGE_MAX, net->message_bytes);
	if (!net->burst || net->burst > NET_BURST_MAX ||
	    net->burst * net->message_bytes > NET_BURST_MAX_BYTES)
		return kt_err(
			err, -EINVAL,
			"NetTraffic: a burst of %u messages of %u bytes; "
			"it must be 1 to %d messages and at most %d bytes",
			net->burst, net->message_bytes, NET_BURST_MAX,
			NET_BURST_MAX_BYTES);
	return 0;
}

static int net_bring_up(int fd, struct ktstr_error *err)
{
	struct ifreq request = { .ifr_name = "lo" };

	if (ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return kt_err_errno(err, -errno,
				    "NetTraffic: there is no device lo");
	if (request.ifr_flags & IFF_UP)
		return 0;
	request.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return kt_err_errno(err, -errno,
				    "NetTraffic: lo is down and cannot be "
				    "brought up; run it as root, or bring it "
				    "up before: ip link set lo up");
	return 0;
}

/* A socket on a port of its own, which is told. */
static int net_bind(int type, struct sockaddr_in *ret)
{
	socklen_t length = sizeof(*ret);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	if (fd >= 0 && (bind(fd, (struct sockaddr *)ret, sizeof(*ret)) < 0 ||
			getsockname(fd, (struct sockaddr *)ret, &length) < 0))
		return kt_close(fd);
	return fd;
}

static int net_connect(int fd, const struct sockaddr_in *to)
{
	return connect(fd, (const struct sockaddr *)to, sizeof(*to));
}

/* `bound` and `fds[0]` are bound; makes the two of the pair talk. */
static int net_join(int type, int bound, const struct sockaddr_in names[2],
		    int *fds)
{
	const int on = 1;

	if (type == SOCK_DGRAM) {
		if (net_connect(fds[0], &names[1]) < 0 ||
		    net_connect(bound, &names[0]) < 0)
			return -errno;
		fds[1] = dup(bound);
		return fds[1] >= 0 ? 0 : -errno;
	}
	/* The kernel completes it without anybody in accept(). */
	if (listen(bound, 1) < 0 || net_connect(fds[0], &names[1]) < 0)
		return -errno;
	fds[1] = accept4(bound, NULL, NULL, SOCK_CLOEXEC);
	if (fds[1] < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return 0;
}

static int net_share(const struct ktstr_work *work, int *fds, uint32_t members,
		     struct ktstr_error *err)
{
	int type = work->net_traffic.protocol == KTSTR_NET_UDP ? SOCK_DGRAM :
								 SOCK_STREAM;
	_cleanup_close_ int bound = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in names[2];
	int r;

	(void)members;
	if (bound < 0)
		return kt_err_errno(err, -errno, "NetTraffic: no IPv4");
	r = net_bring_up(bound, err);
	if (r < 0)
		return r;
	kt_close(bound);
	bound = net_bind(type, &names[1]);
	fds[0] = bound >= 0 ? net_bind(type, &names[0]) : -1;
	fds[1] = -1;
	r = fds[0] >= 0 ? net_join(type, bound, names, fds) : -errno;
	if (r < 0) {
		fds[0] = kt_close(fds[0]);
		return kt_err_errno(err, r,
				    "NetTraffic: two sockets on 127.0.0.1");
	}
	return 0;
}

/*
 * Bytes received, at most `size`; 0: to end, or the partner is gone; -EAGAIN:
 * nothing came for so long that it must have been lost.
 */
static ssize_t net_receive(struct ktstr_worker *worker, void *message, size_t size)
{
	int fd = worker->shared_fds[worker->member];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t waits_ns = kt_now_ns(), stamp_ns;
	ssize_t n = recv(fd, message, size, MSG_DONTWAIT);

	for (int looks = 0; n < 0 && (errno == EAGAIN || errno == EINTR);
	     looks++) {
		if (ktstr_worker_stopping(worker))
			return 0;
		if (looks == NET_LOST_LOOKS)
			return -EAGAIN;
		poll(&p, 1, NET_LOOK_MS);
		n = recv(fd, message, size, MSG_DONTWAIT);
	}
	stamp_ns = atomic_load(&worker->set->stamp_ns[worker->member]);
	/* A message that was there already woke nobody. */
	if (n > 0 && stamp_ns > waits_ns)
		kt_woken(worker, stamp_ns);
	return n > 0 ? n : 0;
}

static bool net_send(struct ktstr_worker *worker, const void *message,
		     size_t bytes)
{
	atomic_store(&worker->set->stamp_ns[1 - worker->member], kt_now_ns());
	return kt_write_all(worker->shared_fds[worker->member], message,
			    bytes) == 0;
}

/* Sends a burst and reads the answers to it. */
static void net_run_client(struct ktstr_worker *worker, unsigned char *message)
{
	const struct ktstr_net_traffic *net = &worker->work->net_traffic;
	size_t burst_bytes = net->burst * net->message_bytes;
	ssize_t n;

	for (;;) {
		kt_spin(net->spins);
		for (uint32_t i = 0; i < net->burst; i++) {
			if (!net_send(worker, message, net->message_bytes))
				return;
		}
		for (size_t got = 0; got < burst_bytes; got += (size_t)n) {
			n = net_receive(worker, message, NET_MESSAGE_MAX);
			if (n == 0 ||
			    !ktstr_worker_mark(worker, n > 0 ? (uint64_t)n : 0))
				return;
			if (n < 0)
				break;
		}
	}
}

/*
 * Presses the wake from a soft interrupt: net_rx_action() runs behind the
 * sender's own system call or in ksoftirqd, and sock_def_readable() wakes from
 * there, on the sender's CPU, whoever waits for the message. Much of it is time
 * that a task pays for another one. A unit is a byte received.
 */
static void net_run(struct ktstr_worker *worker)
{
	unsigned char message[NET_MESSAGE_MAX] = { 0 };
	ssize_t n;

	/* So that the partner's end is seen. */
	kt_close(worker->shared_fds[1 - worker->member]);
	if (worker->member == 0) {
		net_run_client(worker, message);
		return;
	}
	do {
		n = net_receive(worker, message, sizeof(message));
		if (n == 0 || (n > 0 && !net_send(worker, message, (size_t)n)))
			return;
	} while (ktstr_worker_mark(worker, n > 0 ? (uint64_t)n : 0));
}

const struct kt_work_ops kt_work_net_traffic = {
	.name = "NetTraffic",
	.members = net_pair,
	.check = net_check,
	.share = net_share,
	.run = net_run,
};
