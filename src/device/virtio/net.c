// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/macro.h"
#include "device/virtio/net.h"

#define DEVICE_ID 1

#define F_MAC       (1ULL << 5)
#define F_MRG_RXBUF (1ULL << 15)
#define F_STATUS    (1ULL << 16)
#define F_CTRL_VQ   (1ULL << 17)
#define F_MQ        (1ULL << 22)

#define QUEUE_SIZE 256

/* Larger than any buffer that a driver has use for. */
#define MAX_CHAIN_BYTES KT_MIB

/* So many frames of a queue, then the next one has its turn. */
#define BATCH 64

/* How often one kt_net_process() goes over all queues. */
#define ROUNDS 64

#define STATUS_LINK_UP 1

/* Section 5.1.4. */
struct net_config_space {
	uint8_t mac[6];
	uint16_t status;
	uint16_t max_virtqueue_pairs;
	uint16_t mtu;
};

/* Section 5.1.6; always with num_buffers, since version 1 is a must. */
struct net_header {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
	uint16_t num_buffers;
};

/* Section 5.1.6.5. */
struct net_control {
	uint8_t class;
	uint8_t command;
};

enum {
	CONTROL_MQ = 4,
	CONTROL_MQ_PAIRS_SET = 0,
	CONTROL_OK = 0,
	CONTROL_ERR = 1,
};

struct kt_net {
	struct kt_virtio_mmio mmio;
	struct kt_virtio_ops ops; /* with the features of this one */
	struct net_config_space config_space;
	uint32_t n_pairs;
	int kick_eventfd;
	int stop_eventfd;
	pthread_t thread;
	bool has_thread;

	/* The rest is under the transport's lock. */
	uint32_t active_pairs; /* as the driver set it */
	uint32_t holds;
	struct ktstr_network_counters counters;

	/* Of the frame in work. */
	struct kt_virtqueue_chain tx_chain;
	struct kt_virtqueue_chain rx_first; /* it gets the header */
	struct kt_virtqueue_chain rx_chain;
	struct kt_virtqueue_returned rx_returned[QUEUE_SIZE];
	uint8_t frame[KT_NET_MAX_FRAME];
};

static void net_kick(struct kt_net *net)
{
	/* A counter at its limit is a kick already pending. */
	(void)eventfd_write(net->kick_eventfd, 1);
}

static void net_read_config(void *device, uint32_t offset, void *data,
			    uint32_t length)
{
	const struct kt_net *net = device;

	memcpy(data, (const uint8_t *)&net->config_space + offset, length);
}

static void net_start(void *device)
{
	/* Chains may have been offered, and notified, before DRIVER_OK. */
	net_kick(device);
}

static void net_reset(void *device)
{
	struct kt_net *net = device;

	net->active_pairs = 1;
}

static const struct kt_virtio_ops net_ops = {
	.name = "virtio-net",
	.device_id = DEVICE_ID,
	.features = F_MAC | F_MRG_RXBUF | F_STATUS,
	.config_bytes = sizeof(struct net_config_space),
	.read_config = net_read_config,
	.start = net_start,
	.reset = net_reset,
};

/*
 * 1, 0 or -EPROTO, as kt_virtqueue_pop(); a violation stops the device. For the
 * queues that the device waits for.
 */
static int net_pop(struct kt_net *net, uint32_t queue,
		   struct kt_virtqueue_chain *chain)
{
	struct kt_virtqueue *vq = &net->mmio.queues[queue];
	int r = kt_virtqueue_pop(vq, chain);

	/* Ask to be told of the next one; it may have come meanwhile. */
	if (r == 0 && kt_virtqueue_want_notify(vq))
		r = kt_virtqueue_pop(vq, chain);
	/* Whoever takes one comes back by itself, until there is none. */
	if (r > 0)
		kt_virtqueue_dont_notify(vq);
	if (r < 0)
		kt_virtio_mmio_violated(&net->mmio, queue, vq->violation);
	return r;
}

/* The same of buffers to receive into, whose coming is not waited for. */
static int net_pop_buffer(struct kt_net *net, uint32_t queue,
			  struct kt_virtqueue_chain *chain)
{
	struct kt_virtqueue *vq = &net->mmio.queues[queue];
	const char *violation = NULL;
	int r = kt_virtqueue_pop(vq, chain);

	if (r < 0)
		violation = vq->violation;
	else if (r > 0 && chain->writable_bytes < sizeof(struct net_header))
		violation = "a receive buffer has no room for a header";
	if (violation) {
		kt_virtio_mmio_violated(&net->mmio, queue, violation);
		return -EPROTO;
	}
	return r;
}

/* The sent frame's length, or 0 when it was dropped. */
static uint32_t net_take_frame(struct kt_net *net)
{
	const struct kt_virtqueue_chain *chain = &net->tx_chain;
	struct ktstr_network_counters *counters = &net->counters;
	struct net_header header = { 0 };
	uint64_t length = chain->readable_bytes;

	counters->sent++;
	kt_virtqueue_chain_read(chain, 0, &header, sizeof(header));
	length -= KT_MIN(length, sizeof(header));
	counters->sent_bytes += length;
	/* Neither checksums nor segmentation were offered. */
	if (header.flags || header.gso_type) {
		counters->dropped_header++;
		return 0;
	}
	if (length < KT_NET_MIN_FRAME) {
		counters->dropped_too_short++;
		return 0;
	}
	if (length > KT_NET_MAX_FRAME) {
		counters->dropped_too_long++;
		return 0;
	}
	kt_virtqueue_chain_read(chain, sizeof(header), net->frame, length);
	return (uint32_t)length;
}

/*
 * Lays the frame into buffers, from the first one on, as many as it takes; how
 * many, or 0 when there are not enough (all are on offer again then) and
 * -EPROTO when the driver broke the rules.
 */
static int net_fill_buffers(struct kt_net *net, uint32_t queue, uint32_t length)
{
	struct kt_virtqueue *vq = &net->mmio.queues[queue];
	bool mergeable = kt_virtio_mmio_has(&net->mmio, F_MRG_RXBUF);
	uint64_t skip = sizeof(struct net_header);
	uint32_t done = 0;
	uint16_t n = 0;

	while (done < length) {
		struct kt_virtqueue_chain *chain =
			n ? &net->rx_chain : &net->rx_first;
		int r = n == QUEUE_SIZE ? 0 : net_pop_buffer(net, queue, chain);
		size_t filled;

		if (r < 0)
			return r;
		if (r == 0) {
			kt_virtqueue_put_back(vq, n);
			net->counters.dropped_no_buffer++;
			return 0;
		}
		if (!mergeable && chain->writable_bytes < skip + length) {
			kt_virtqueue_put_back(vq, 1);
			net->counters.dropped_small_buffer++;
			return 0;
		}
		filled = kt_virtqueue_chain_write(chain, skip, net->frame + done,
						  length - done);
		net->rx_returned[n++] = (struct kt_virtqueue_returned){
			.head = chain->head,
			.written = (uint32_t)(skip + filled),
		};
		done += (uint32_t)filled;
		skip = 0;
	}
	return n;
}

static void net_receive(struct kt_net *net, uint32_t queue, uint32_t length)
{
	int n = net_fill_buffers(net, queue, length);
	struct net_header header = { .num_buffers = (uint16_t)n };

	if (n <= 0)
		return;
	kt_virtqueue_chain_write(&net->rx_first, 0, &header, sizeof(header));
	/* All at once: a driver looks for all of a frame (5.1.6.4). */
	kt_virtqueue_push_all(&net->mmio.queues[queue], net->rx_returned,
			      (uint16_t)n);
	net->counters.received++;
	net->counters.received_bytes += length;
}

/* Moves a batch of a pair's frames; true when there may be more. */
static bool net_move(struct kt_net *net, uint32_t pair)
{
	uint32_t tx = 2 * pair + 1, rx = 2 * (pair % net->active_pairs);
	int frames = 0;

	while (frames < BATCH && kt_virtio_mmio_running(&net->mmio) &&
	       net_pop(net, tx, &net->tx_chain) > 0) {
		uint32_t length = net_take_frame(net);

		if (length)
			net_receive(net, rx, length);
		kt_virtqueue_push(&net->mmio.queues[tx], net->tx_chain.head, 0);
		frames++;
	}
	if (frames) {
		kt_virtio_mmio_interrupt(&net->mmio, rx);
		kt_virtio_mmio_interrupt(&net->mmio, tx);
	}
	return frames == BATCH;
}

static uint8_t net_obey(struct kt_net *net, const struct kt_virtqueue_chain *chain)
{
	struct net_control control;
	uint16_t pairs;

	if (kt_virtqueue_chain_read(chain, 0, &control, sizeof(control)) <
		    sizeof(control) ||
	    kt_virtqueue_chain_read(chain, sizeof(control), &pairs,
				    sizeof(pairs)) < sizeof(pairs))
		return CONTROL_ERR;
	if (control.class != CONTROL_MQ ||
	    control.command != CONTROL_MQ_PAIRS_SET ||
	    !kt_virtio_mmio_has(&net->mmio, F_MQ) || !pairs ||
	    pairs > net->n_pairs)
		return CONTROL_ERR;
	net->active_pairs = pairs;
	return CONTROL_OK;
}

static bool net_control(struct kt_net *net)
{
	/* Behind all pairs if there may be several, else behind the first. */
	uint32_t queue =
		kt_virtio_mmio_has(&net->mmio, F_MQ) ? 2 * net->n_pairs : 2;
	int commands = 0;

	if (!kt_virtio_mmio_has(&net->mmio, F_CTRL_VQ))
		return false;
	while (commands < BATCH && kt_virtio_mmio_running(&net->mmio) &&
	       net_pop(net, queue, &net->tx_chain) > 0) {
		const struct kt_virtqueue_chain *chain = &net->tx_chain;
		uint8_t ack = net_obey(net, chain);

		/* The last writable byte; what comes before it there is not. */
		if (chain->writable_bytes != sizeof(ack)) {
			kt_virtio_mmio_violated(&net->mmio, queue,
						"a command has no byte for "
						"its answer");
			break;
		}
		kt_virtqueue_chain_write(chain, 0, &ack, sizeof(ack));
		kt_virtqueue_push(&net->mmio.queues[queue], chain->head,
				  sizeof(ack));
		commands++;
	}
	kt_virtio_mmio_interrupt(&net->mmio, queue);
	return commands == BATCH;
}

static uint32_t net_usable_pairs(const struct kt_net *net)
{
	return kt_virtio_mmio_has(&net->mmio, F_MQ) ? net->n_pairs : 1;
}

static bool net_round(struct kt_net *net)
{
	bool more = false;

	pthread_mutex_lock(&net->mmio.lock);
	if (!net->holds && kt_virtio_mmio_running(&net->mmio)) {
		more = net_control(net);
		for (uint32_t i = 0; i < net_usable_pairs(net); i++)
			more |= net_move(net, i);
	}
	pthread_mutex_unlock(&net->mmio.lock);
	return more;
}

void kt_net_process(struct kt_net *net)
{
	eventfd_t kicks;

	/* Read first: a kick during the work counts for the next call. */
	(void)eventfd_read(net->kick_eventfd, &kicks);
	for (int i = 0; i < ROUNDS; i++)
		if (!net_round(net))
			return;
	net_kick(net);
}

static void *net_run(void *userdata)
{
	struct kt_net *net = userdata;
	struct pollfd fds[2] = {
		{ .fd = net->stop_eventfd, .events = POLLIN },
		{ .fd = net->kick_eventfd, .events = POLLIN },
	};

	for (;;) {
		int n = poll(fds, KT_ARRAY_SIZE(fds), -1);

		if (n < 0 && errno != EINTR)
			return NULL;
		if (n > 0 && fds[0].revents)
			return NULL;
		/* A guest that never stops sending is left in between. */
		if (n > 0) {
			eventfd_t kicks;

			(void)eventfd_read(net->kick_eventfd, &kicks);
			if (net_round(net))
				net_kick(net);
		}
	}
}

void kt_net_hold(struct kt_net *net)
{
	/* All work is done under the lock. */
	pthread_mutex_lock(&net->mmio.lock);
	net->holds++;
	pthread_mutex_unlock(&net->mmio.lock);
}

void kt_net_release(struct kt_net *net)
{
	pthread_mutex_lock(&net->mmio.lock);
	assert(net->holds);
	net->holds--;
	pthread_mutex_unlock(&net->mmio.lock);
	net_kick(net);
}

void kt_net_get_counters(struct kt_net *net, struct ktstr_network_counters *ret)
{
	pthread_mutex_lock(&net->mmio.lock);
	*ret = net->counters;
	pthread_mutex_unlock(&net->mmio.lock);
}

struct kt_virtio_mmio *kt_net_mmio(struct kt_net *net)
{
	return &net->mmio;
}

static int net_start_thread(struct kt_net *net)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	r = -pthread_create(&net->thread, NULL, net_run, net);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return r;
	pthread_setname_np(net->thread, "network");
	net->has_thread = true;
	return 0;
}

static void net_free(struct kt_net *net)
{
	kt_close(net->kick_eventfd);
	kt_close(net->stop_eventfd);
	free(net);
}
KT_DEFINE_CLEANUP(struct kt_net *, net_free)

static int net_set_up(struct kt_net *net, const struct kt_net_config *config)
{
	net->n_pairs = config->n_pairs;
	net->active_pairs = 1;
	net->ops = net_ops;
	if (config->n_pairs > 1)
		net->ops.features |= F_CTRL_VQ | F_MQ;
	net->config_space = (struct net_config_space){
		.mac = KT_NET_MAC,
		.status = STATUS_LINK_UP,
		.max_virtqueue_pairs = (uint16_t)config->n_pairs,
	};
	net->kick_eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	net->stop_eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return net->kick_eventfd < 0 || net->stop_eventfd < 0 ? -errno : 0;
}

int kt_net_create(const struct kt_net_config *config, struct kt_net **ret,
		  struct ktstr_error *err)
{
	_cleanup_(net_free_cleanup) struct kt_net *net = calloc(1, sizeof(*net));
	struct kt_virtio_mmio_config transport = {
		.memory = config->memory,
		.irq = config->irq,
		.log = config->log,
		.n_queues = 2 * config->n_pairs + (config->n_pairs > 1),
		.queue_max_size = QUEUE_SIZE,
		.max_chain_bytes = MAX_CHAIN_BYTES,
	};
	int r;

	assert(config->n_pairs && config->n_pairs <= KT_NET_MAX_PAIRS);
	if (!net)
		return kt_err_errno(err, -ENOMEM, "no memory for a network");
	r = net_set_up(net, config);
	if (r)
		return kt_err_errno(err, r, "cannot make the network's events");
	transport.ops = &net->ops;
	transport.device = net;
	for (uint32_t i = 0; i < transport.n_queues; i++)
		transport.queue_eventfds[i] = net->kick_eventfd;
	r = kt_virtio_mmio_init(&net->mmio, &transport);
	if (r)
		return kt_err_errno(err, r, "cannot set the network up");
	r = config->threaded ? net_start_thread(net) : 0;
	if (r) {
		kt_net_destroy(TAKE_PTR(net));
		return kt_err_errno(err, r, "cannot start the network's thread");
	}
	*ret = TAKE_PTR(net);
	return 0;
}

void kt_net_destroy(struct kt_net *net)
{
	if (!net)
		return;
	if (net->has_thread) {
		(void)eventfd_write(net->stop_eventfd, 1);
		pthread_join(net->thread, NULL);
	}
	kt_virtio_mmio_deinit(&net->mmio);
	net_free(net);
}
