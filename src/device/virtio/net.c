// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/macro.h"
#include "device/virtio/net.h"

#define DEVICE_ID 1

#define FEATURE(bit) (1ULL << (bit))

#define HEADER_BYTES sizeof(struct virtio_net_hdr_v1)

/* A longer chain breaks the rules; up to this a frame is merely too long. */
#define MAX_CHAIN_BYTES KT_MIB

/* Frames of one queue between two looks at the others. */
#define TURN_FRAMES 64

/* Locally administered, the first of its kind. */
static const uint8_t mac_address[6] = { 0x02, 0, 0, 0, 0, 0x01 };

enum net_verdict {
	NET_RETURNED,
	NET_NO_BUFFER,
	NET_SMALL_BUFFER,
	NET_TOO_LONG,
	NET_TOO_SHORT,
	NET_OFFLOAD,
	NET_BROKEN, /* the driver broke the rules */
};

struct kt_net {
	struct kt_virtio_mmio mmio;
	struct kt_virtio_ops ops; /* its features are this device's own */
	struct virtio_net_config config_space;
	int eventfd;
	uint32_t n_pairs;
	bool has_worker;
	pthread_t worker;

	/* The rest is under the transport's lock. */
	uint32_t active_pairs; /* that the driver said it uses */
	uint32_t n_holds;
	bool stopping;
	struct ktstr_network_counters counters;
	uint32_t frame_bytes;
	uint8_t frame[KT_NET_FRAME_MAX];
	struct kt_virtqueue_chain sent;
	struct kt_virtqueue_chain first; /* buffer of a frame that returns */
	struct kt_virtqueue_chain next;  /* and the others */
};

static uint32_t rx_queue(uint32_t pair)
{
	return 2 * pair;
}

static uint32_t tx_queue(uint32_t pair)
{
	return 2 * pair + 1;
}

/* Section 5.1.2: behind all pairs, of which there is one without MQ. */
static uint32_t control_queue(const struct kt_net *net)
{
	bool mq = kt_virtio_mmio_has(&net->mmio, FEATURE(VIRTIO_NET_F_MQ));

	return 2 * (mq ? net->n_pairs : 1);
}

static void net_kick(const struct kt_net *net)
{
	/* A counter at its limit is a kick already pending. */
	(void)eventfd_write(net->eventfd, 1);
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

/* 1, 0 or -EPROTO, as kt_virtqueue_pop(); a violation stops the device. */
static int net_pop(struct kt_net *net, uint32_t queue,
		   struct kt_virtqueue_chain *chain)
{
	struct kt_virtqueue *vq = &net->mmio.queues[queue];
	int r = kt_virtqueue_pop(vq, chain);

	if (r < 0)
		kt_virtio_mmio_violated(&net->mmio, queue, vq->violation);
	return r;
}

/* For queues of which the driver tells: asks for that when it is empty. */
static int net_pop_told(struct kt_net *net, uint32_t queue,
			struct kt_virtqueue_chain *chain)
{
	struct kt_virtqueue *vq = &net->mmio.queues[queue];
	int r = net_pop(net, queue, chain);

	if (r == 0 && kt_virtqueue_want_notify(vq))
		r = net_pop(net, queue, chain);
	if (r > 0)
		kt_virtqueue_dont_notify(vq);
	return r;
}

/* Copies the frame out of the guest; all that is judged is the copy. */
static enum net_verdict take_frame(struct kt_net *net, uint32_t queue)
{
	struct virtio_net_hdr_v1 header;
	uint64_t bytes = net->sent.readable_bytes;

	if (bytes < HEADER_BYTES) {
		kt_virtio_mmio_violated(&net->mmio, queue,
					"a frame is shorter than its header");
		return NET_BROKEN;
	}
	bytes -= HEADER_BYTES;
	net->counters.sent_packets++;
	net->counters.sent_bytes += bytes;
	if (bytes > KT_NET_FRAME_MAX)
		return NET_TOO_LONG;
	if (bytes < KT_NET_FRAME_MIN)
		return NET_TOO_SHORT;
	kt_virtqueue_chain_read(&net->sent, 0, &header, HEADER_BYTES);
	if ((header.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
	    header.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return NET_OFFLOAD;
	net->frame_bytes = (uint32_t)bytes;
	kt_virtqueue_chain_read(&net->sent, HEADER_BYTES, net->frame, bytes);
	return NET_RETURNED;
}

/* Fills one buffer of the guest from `*done` on; returns what it wrote. */
static uint32_t fill_buffer(const struct kt_net *net,
			    const struct kt_virtqueue_chain *chain,
			    uint64_t offset, uint32_t *done)
{
	uint32_t length = (uint32_t)KT_MIN(chain->writable_bytes - offset,
					   net->frame_bytes - *done);

	kt_virtqueue_chain_write(chain, offset, net->frame + *done, length);
	*done += length;
	return (uint32_t)offset + length;
}

static enum net_verdict broken_buffer(struct kt_net *net, uint32_t queue)
{
	kt_virtio_mmio_violated(&net->mmio, queue,
				"a receive buffer is too short");
	return NET_BROKEN;
}

/* The first buffer, which has room for the header. */
static enum net_verdict pop_first(struct kt_net *net, uint32_t queue)
{
	int r = net_pop(net, queue, &net->first);

	if (r <= 0)
		return r < 0 ? NET_BROKEN : NET_NO_BUFFER;
	if (net->first.writable_bytes < HEADER_BYTES)
		return broken_buffer(net, queue);
	return NET_RETURNED;
}

/*
 * Puts the frame into as many buffers as it takes, where the driver allows for
 * more than one. It sees all of them or none.
 */
static enum net_verdict return_frame(struct kt_net *net, uint32_t queue)
{
	struct kt_virtqueue *vq = &net->mmio.queues[queue];
	bool mergeable =
		kt_virtio_mmio_has(&net->mmio, FEATURE(VIRTIO_NET_F_MRG_RXBUF));
	struct virtio_net_hdr_v1 header = { 0 };
	uint16_t heads[KT_NET_QUEUE_SIZE];
	uint32_t written[KT_NET_QUEUE_SIZE], done = 0;
	enum net_verdict verdict = pop_first(net, queue);
	uint16_t n = 1;

	if (verdict != NET_RETURNED)
		return verdict;
	heads[0] = net->first.head;
	written[0] = fill_buffer(net, &net->first, HEADER_BYTES, &done);
	while (done < net->frame_bytes) {
		int r;

		/* More than the queue can hold is more than there will be. */
		if (!mergeable || n == vq->size) {
			kt_virtqueue_unpop(vq, n);
			return NET_SMALL_BUFFER;
		}
		r = net_pop(net, queue, &net->next);
		if (r < 0)
			return NET_BROKEN;
		if (r == 0) {
			kt_virtqueue_unpop(vq, n);
			return NET_NO_BUFFER;
		}
		if (!net->next.writable_bytes)
			return broken_buffer(net, queue);
		heads[n] = net->next.head;
		written[n] = fill_buffer(net, &net->next, 0, &done);
		n++;
	}
	header.num_buffers = n;
	kt_virtqueue_chain_write(&net->first, 0, &header, HEADER_BYTES);
	for (uint16_t i = 0; i < n; i++)
		kt_virtqueue_stage(vq, heads[i], written[i]);
	kt_virtqueue_publish(vq);
	return NET_RETURNED;
}

static void net_count(struct kt_net *net, enum net_verdict verdict)
{
	struct ktstr_network_counters *c = &net->counters;

	switch (verdict) {
	case NET_RETURNED:
		c->returned_packets++;
		c->returned_bytes += net->frame_bytes;
		break;
	case NET_NO_BUFFER:
		c->dropped_no_buffer++;
		break;
	case NET_SMALL_BUFFER:
		c->dropped_small_buffer++;
		break;
	case NET_TOO_LONG:
		c->dropped_too_long++;
		break;
	case NET_TOO_SHORT:
		c->dropped_too_short++;
		break;
	case NET_OFFLOAD:
		c->dropped_offload++;
		break;
	case NET_BROKEN:
		break;
	}
}

/* One pair's turn; true when there may be more to do. */
static bool loop_pair(struct kt_net *net, uint32_t pair)
{
	uint32_t tx = tx_queue(pair);
	/* A driver hears nothing on pairs that it does not use (5.1.6.5.6). */
	uint32_t rx = rx_queue(pair % net->active_pairs);
	int n = 0;

	while (n < TURN_FRAMES && kt_virtio_mmio_running(&net->mmio) &&
	       net_pop_told(net, tx, &net->sent) > 0) {
		enum net_verdict verdict = take_frame(net, tx);

		if (verdict == NET_RETURNED)
			verdict = return_frame(net, rx);
		net_count(net, verdict);
		if (verdict == NET_BROKEN)
			break;
		kt_virtqueue_push(&net->mmio.queues[tx], net->sent.head, 0);
		n++;
	}
	if (n) {
		kt_virtio_mmio_interrupt(&net->mmio, rx);
		kt_virtio_mmio_interrupt(&net->mmio, tx);
	}
	return n == TURN_FRAMES;
}

/* Section 5.1.6.5.6: how many pairs the driver means to use. */
static uint8_t set_pairs(struct kt_net *net,
			 const struct kt_virtqueue_chain *chain)
{
	struct virtio_net_ctrl_hdr header;
	struct virtio_net_ctrl_mq mq;

	if (kt_virtqueue_chain_read(chain, 0, &header, sizeof(header)) <
		    sizeof(header) ||
	    kt_virtqueue_chain_read(chain, sizeof(header), &mq, sizeof(mq)) <
		    sizeof(mq) ||
	    header.class != VIRTIO_NET_CTRL_MQ ||
	    header.cmd != VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET ||
	    !kt_virtio_mmio_has(&net->mmio, FEATURE(VIRTIO_NET_F_MQ)) ||
	    mq.virtqueue_pairs < 1 || mq.virtqueue_pairs > net->n_pairs)
		return VIRTIO_NET_ERR;
	net->active_pairs = mq.virtqueue_pairs;
	return VIRTIO_NET_OK;
}

static bool serve_control(struct kt_net *net)
{
	uint32_t queue = control_queue(net);
	int n = 0;

	if (!kt_virtio_mmio_has(&net->mmio, FEATURE(VIRTIO_NET_F_CTRL_VQ)))
		return false;
	while (n < TURN_FRAMES && kt_virtio_mmio_running(&net->mmio) &&
	       net_pop_told(net, queue, &net->sent) > 0) {
		uint8_t ack = set_pairs(net, &net->sent);

		if (!kt_virtqueue_chain_write(&net->sent, 0, &ack, sizeof(ack))) {
			kt_virtio_mmio_violated(&net->mmio, queue,
						"a command has no room for its "
						"answer");
			break;
		}
		kt_virtqueue_push(&net->mmio.queues[queue], net->sent.head,
				  sizeof(ack));
		n++;
	}
	if (n)
		kt_virtio_mmio_interrupt(&net->mmio, queue);
	return n == TURN_FRAMES;
}

/* Lock held. All queues have a turn; true when there may be more to do. */
static bool net_turn(struct kt_net *net)
{
	bool more = serve_control(net);

	for (uint32_t pair = 0; pair < net->n_pairs; pair++) {
		if (!kt_virtio_mmio_running(&net->mmio) || net->n_holds)
			return false;
		more |= loop_pair(net, pair);
	}
	return more;
}

void kt_net_process(struct kt_net *net)
{
	bool more = true;
	eventfd_t count;

	(void)eventfd_read(net->eventfd, &count);
	while (more) {
		pthread_mutex_lock(&net->mmio.lock);
		more = !net->stopping && !net->n_holds &&
		       kt_virtio_mmio_running(&net->mmio) && net_turn(net);
		pthread_mutex_unlock(&net->mmio.lock);
	}
}

static bool net_is_stopping(struct kt_net *net)
{
	bool stopping;

	pthread_mutex_lock(&net->mmio.lock);
	stopping = net->stopping;
	pthread_mutex_unlock(&net->mmio.lock);
	return stopping;
}

static void *net_worker_main(void *userdata)
{
	struct kt_net *net = userdata;
	struct pollfd fd = { .fd = net->eventfd, .events = POLLIN };

	while (!net_is_stopping(net)) {
		/* Until a queue is notified; the end is a kick, too. */
		if (poll(&fd, 1, -1) > 0)
			kt_net_process(net);
	}
	return NULL;
}

void kt_net_hold(struct kt_net *net)
{
	/* All work is done with the lock held: there is none now. */
	pthread_mutex_lock(&net->mmio.lock);
	net->n_holds++;
	pthread_mutex_unlock(&net->mmio.lock);
}

void kt_net_release(struct kt_net *net)
{
	pthread_mutex_lock(&net->mmio.lock);
	if (--net->n_holds == 0)
		net_kick(net);
	pthread_mutex_unlock(&net->mmio.lock);
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

static void net_set_ops(struct kt_net *net)
{
	uint64_t features = FEATURE(VIRTIO_NET_F_MAC) |
			    FEATURE(VIRTIO_NET_F_STATUS) |
			    FEATURE(VIRTIO_NET_F_MRG_RXBUF);

	if (net->n_pairs > 1)
		features |= FEATURE(VIRTIO_NET_F_CTRL_VQ) |
			    FEATURE(VIRTIO_NET_F_MQ);
	net->ops = (struct kt_virtio_ops){
		.name = "virtio-net",
		.device_id = DEVICE_ID,
		.features = features,
		.config_bytes = offsetof(struct virtio_net_config, mtu),
		.read_config = net_read_config,
		.start = net_start,
		.reset = net_reset,
	};
	net->config_space = (struct virtio_net_config){
		.status = VIRTIO_NET_S_LINK_UP,
		.max_virtqueue_pairs = (uint16_t)net->n_pairs,
	};
	memcpy(net->config_space.mac, mac_address, sizeof(mac_address));
}

static int net_init_transport(struct kt_net *net,
			      const struct kt_net_config *config)
{
	struct kt_virtio_mmio_config transport = {
		.ops = &net->ops,
		.device = net,
		.memory = config->memory,
		.irq = config->irq,
		.log = config->log,
		.n_queues = 2 * net->n_pairs + (net->n_pairs > 1),
		.queue_max_size = KT_NET_QUEUE_SIZE,
		.max_chain_bytes = MAX_CHAIN_BYTES,
	};

	for (uint32_t i = 0; i < transport.n_queues; i++)
		transport.queue_eventfds[i] = net->eventfd;
	return kt_virtio_mmio_init(&net->mmio, &transport);
}

/* The thread takes no signals of the process; the caller has its mask back. */
static int net_start_worker(struct kt_net *net)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(&net->worker, NULL, net_worker_main, net);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return r;
	net->has_worker = true;
	pthread_setname_np(net->worker, "ktstr-net");
	return 0;
}

int kt_net_create(const struct kt_net_config *config, struct kt_net **ret,
		  struct ktstr_error *err)
{
	struct kt_net *net = calloc(1, sizeof(*net));
	int r;

	if (!net)
		return kt_err_errno(err, -ENOMEM, "cannot make a network card");
	net->n_pairs = config->n_pairs;
	net->active_pairs = 1;
	net_set_ops(net);
	net->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r = net->eventfd < 0 ? -errno : net_init_transport(net, config);
	if (r) {
		kt_close(net->eventfd);
		free(net);
		return kt_err_errno(err, r, "cannot make a network card");
	}
	if (!config->no_worker)
		r = net_start_worker(net);
	if (r) {
		kt_net_destroy(net);
		return kt_err_errno(err, r,
				    "cannot start a network card's "
				    "thread");
	}
	*ret = net;
	return 0;
}

void kt_net_destroy(struct kt_net *net)
{
	if (!net)
		return;
	pthread_mutex_lock(&net->mmio.lock);
	net->stopping = true;
	net_kick(net);
	pthread_mutex_unlock(&net->mmio.lock);
	if (net->has_worker)
		pthread_join(net->worker, NULL);
	kt_virtio_mmio_deinit(&net->mmio);
	kt_close(net->eventfd);
	free(net);
}
