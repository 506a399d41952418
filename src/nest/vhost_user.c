// SPDX-License-Identifier: GPL-2.0-only
#include "nest/vhost_user.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/macro.h"
#include "device/virtio/mmio.h"
#include "device/virtio/queue.h"
#include "memory/guest_memory.h"

/* Requests, by QEMU's numbers; only those that come with our features. */
enum vhost_user_request {
	VHOST_GET_FEATURES = 1,
	VHOST_SET_FEATURES = 2,
	VHOST_SET_OWNER = 3,
	VHOST_RESET_OWNER = 4,
	VHOST_SET_MEM_TABLE = 5,
	VHOST_SET_VRING_NUM = 8,
	VHOST_SET_VRING_ADDR = 9,
	VHOST_SET_VRING_BASE = 10,
	VHOST_GET_VRING_BASE = 11,
	VHOST_SET_VRING_KICK = 12,
	VHOST_SET_VRING_CALL = 13,
	VHOST_SET_VRING_ERR = 14,
	VHOST_GET_PROTOCOL_FEATURES = 15,
	VHOST_SET_PROTOCOL_FEATURES = 16,
	VHOST_GET_QUEUE_NUM = 17,
	VHOST_SET_VRING_ENABLE = 18,
};

#define VHOST_F_PROTOCOL_FEATURES  (1ULL << 30)
#define VHOST_PROTOCOL_F_MQ        (1ULL << 0)
#define VHOST_PROTOCOL_F_REPLY_ACK (1ULL << 3)
#define VHOST_FLAGS_VERSION        1u
#define VHOST_FLAGS_VERSION_MASK   3u
#define VHOST_FLAGS_REPLY          4u
#define VHOST_FLAGS_NEED_REPLY     8u
#define VHOST_RING_INDEX_MASK      0xffu
#define VHOST_RING_NO_FD           0x100u

#define VHOST_REGIONS_MAX 8
#define VHOST_QUEUES      2 /* high priority, and one for requests */
#define VHOST_CHAIN_BYTES (4u << 20)

struct vhost_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
};

struct vhost_region {
	uint64_t gpa;
	uint64_t size;
	uint64_t qemu_va;
	uint64_t mmap_offset;
};

union vhost_payload {
	uint64_t u64;
	struct {
		uint32_t index;
		uint32_t number;
	} state;
	struct {
		uint32_t index;
		uint32_t flags;
		uint64_t desc;
		uint64_t used;
		uint64_t avail;
		uint64_t log;
	} addr;
	struct {
		uint32_t n;
		uint32_t padding;
		struct vhost_region regions[VHOST_REGIONS_MAX];
	} memory;
};

struct vhost_message {
	struct vhost_header header;
	union vhost_payload payload;
	int fds[VHOST_REGIONS_MAX];
	size_t n_fds;
};

struct vhost_ring {
	struct kt_virtqueue queue;
	int kick_fd;
	int call_fd;
	bool enabled;
};

/* What a region's mapping is, for munmap. */
struct vhost_mapping {
	void *base;
	size_t bytes;
	uint64_t qemu_va;
};

struct kt_vhost_user {
	pthread_t thread;
	int fd;
	int stop_fd;
	struct kt_fs *fs;
	uint64_t features;
	struct kt_memory_region regions[VHOST_REGIONS_MAX];
	struct vhost_mapping mappings[VHOST_REGIONS_MAX];
	struct kt_guest_memory memory;
	struct vhost_ring rings[VHOST_QUEUES];
	struct kt_virtqueue_chain chain;
	_Atomic(const char *) broken;
	atomic_bool crowded;
};

static void vhost_unmap(struct kt_vhost_user *server)
{
	for (size_t i = 0; i < server->memory.n_regions; i++)
		munmap(server->mappings[i].base, server->mappings[i].bytes);
	server->memory.n_regions = 0;
}

static const char *vhost_set_memory(struct kt_vhost_user *server,
				    struct vhost_message *msg)
{
	const uint32_t n = msg->payload.memory.n;

	if (n > VHOST_REGIONS_MAX || n != msg->n_fds)
		return "QEMU sent a memory table with the wrong number of "
		       "files";
	for (size_t i = 0; i < VHOST_QUEUES; i++)
		kt_virtqueue_reset(&server->rings[i].queue);
	vhost_unmap(server);
	for (uint32_t i = 0; i < n; i++) {
		const struct vhost_region *r = &msg->payload.memory.regions[i];
		struct vhost_mapping *mapping = &server->mappings[i];

		/* kt_guest_memory wants them ascending. */
		if (i && r->gpa < server->regions[i - 1].gpa)
			return "QEMU sent a memory table that is not in order";
		mapping->bytes = r->mmap_offset + r->size;
		mapping->qemu_va = r->qemu_va;
		mapping->base =
			mmap(NULL, mapping->bytes, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_NORESERVE, msg->fds[i], 0);
		if (mapping->base == MAP_FAILED)
			return "the machine's memory cannot be mapped";
		server->regions[i] = (struct kt_memory_region){
			.gpa = r->gpa,
			.size_bytes = r->size,
			.hva = (uint8_t *)mapping->base + r->mmap_offset,
		};
		server->memory.n_regions = i + 1;
	}
	return NULL;
}

/* Rings are named by QEMU's own addresses. 0 when there is no such. */
static uint64_t vhost_to_gpa(const struct kt_vhost_user *server, uint64_t va)
{
	for (size_t i = 0; i < server->memory.n_regions; i++) {
		uint64_t start = server->mappings[i].qemu_va;

		if (va >= start && va - start < server->regions[i].size_bytes)
			return server->regions[i].gpa + (va - start);
	}
	return 0;
}

static struct vhost_ring *vhost_ring(struct kt_vhost_user *server, uint64_t index)
{
	return index < VHOST_QUEUES ? &server->rings[index] : NULL;
}

/* A ring starts when QEMU has told how it is rung. */
static const char *vhost_start_ring(struct kt_vhost_user *server,
				    struct vhost_ring *ring)
{
	if (kt_virtqueue_enable(&ring->queue,
				server->features & KT_VIRTIO_F_EVENT_IDX,
				server->features & KT_VIRTIO_F_INDIRECT_DESC) < 0)
		return ring->queue.violation;
	return NULL;
}

/* A kick, call or error descriptor for a ring. */
static const char *vhost_set_ring_fd(struct kt_vhost_user *server,
				     struct vhost_message *msg)
{
	uint64_t value = msg->payload.u64;
	struct vhost_ring *ring =
		vhost_ring(server, value & VHOST_RING_INDEX_MASK);
	int *slot;

	if (!ring)
		return "QEMU named a ring that there is not";
	if (msg->header.request == VHOST_SET_VRING_ERR)
		return NULL;
	slot = msg->header.request == VHOST_SET_VRING_KICK ? &ring->kick_fd :
							     &ring->call_fd;
	kt_close(*slot);
	*slot = -1;
	if (!(value & VHOST_RING_NO_FD) && msg->n_fds)
		*slot = TAKE_FD(msg->fds[0]);
	if (msg->header.request == VHOST_SET_VRING_KICK)
		return vhost_start_ring(server, ring);
	return NULL;
}

static const char *vhost_set_ring_addr(struct kt_vhost_user *server,
				       const struct vhost_message *msg)
{
	struct vhost_ring *ring = vhost_ring(server, msg->payload.addr.index);

	if (!ring)
		return "QEMU named a ring that there is not";
	ring->queue.desc_gpa = vhost_to_gpa(server, msg->payload.addr.desc);
	ring->queue.avail_gpa = vhost_to_gpa(server, msg->payload.addr.avail);
	ring->queue.used_gpa = vhost_to_gpa(server, msg->payload.addr.used);
	return NULL;
}

static const char *vhost_set_ring_state(struct kt_vhost_user *server,
					const struct vhost_message *msg)
{
	struct vhost_ring *ring = vhost_ring(server, msg->payload.state.index);
	uint32_t number = msg->payload.state.number;

	if (!ring)
		return "QEMU named a ring that there is not";
	switch (msg->header.request) {
	case VHOST_SET_VRING_NUM:
		if (number > KT_VIRTQUEUE_MAX_SIZE)
			return "QEMU wants a ring that is too large";
		ring->queue.size = (uint16_t)number;
		break;
	case VHOST_SET_VRING_BASE:
		/* Only a machine that was stopped goes on elsewhere. */
		if (number != 0)
			return "QEMU wants a ring to go on in its middle";
		break;
	case VHOST_SET_VRING_ENABLE:
		ring->enabled = number;
		break;
	}
	return NULL;
}

static int vhost_reply(struct kt_vhost_user *server,
		       const struct vhost_message *msg, const void *data,
		       uint32_t size)
{
	struct {
		struct vhost_header header;
		uint8_t data[sizeof(union vhost_payload)];
	} KT_PACKED reply = {
		.header = { msg->header.request,
			    VHOST_FLAGS_VERSION | VHOST_FLAGS_REPLY, size },
	};

	memcpy(reply.data, data, size);
	return kt_write_all(server->fd, &reply, sizeof(reply.header) + size);
}

/* Does what the message asks for; NULL or why it cannot be. */
static const char *vhost_act(struct kt_vhost_user *server,
			     struct vhost_message *msg, bool *ret_replied)
{
	const uint64_t features =
		KT_VIRTIO_F_VERSION_1 | KT_VIRTIO_F_INDIRECT_DESC |
		KT_VIRTIO_F_EVENT_IDX | VHOST_F_PROTOCOL_FEATURES;
	struct vhost_ring *ring;
	uint64_t answer;

	*ret_replied = true;
	switch (msg->header.request) {
	case VHOST_GET_FEATURES:
		answer = features;
		break;
	case VHOST_GET_PROTOCOL_FEATURES:
		answer = VHOST_PROTOCOL_F_MQ | VHOST_PROTOCOL_F_REPLY_ACK;
		break;
	case VHOST_GET_QUEUE_NUM:
		answer = VHOST_QUEUES;
		break;
	case VHOST_GET_VRING_BASE:
		ring = vhost_ring(server, msg->payload.state.index);
		if (!ring)
			return "QEMU named a ring that there is not";
		msg->payload.state.number = ring->queue.next_avail;
		kt_virtqueue_reset(&ring->queue);
		ring->kick_fd = kt_close(ring->kick_fd);
		return vhost_reply(server, msg, &msg->payload.state,
				   sizeof(msg->payload.state)) < 0 ?
			       "QEMU does not take an answer" :
			       NULL;
	default:
		*ret_replied = false;
		answer = 0;
		break;
	}
	if (*ret_replied)
		return vhost_reply(server, msg, &answer, sizeof(answer)) < 0 ?
			       "QEMU does not take an answer" :
			       NULL;

	switch (msg->header.request) {
	case VHOST_SET_FEATURES:
		if (msg->payload.u64 & ~features)
			return "QEMU chose a feature that was not offered";
		server->features = msg->payload.u64;
		return NULL;
	case VHOST_SET_PROTOCOL_FEATURES:
	case VHOST_SET_OWNER:
	case VHOST_RESET_OWNER:
		return NULL;
	case VHOST_SET_MEM_TABLE:
		return vhost_set_memory(server, msg);
	case VHOST_SET_VRING_NUM:
	case VHOST_SET_VRING_BASE:
	case VHOST_SET_VRING_ENABLE:
		return vhost_set_ring_state(server, msg);
	case VHOST_SET_VRING_ADDR:
		return vhost_set_ring_addr(server, msg);
	case VHOST_SET_VRING_KICK:
	case VHOST_SET_VRING_CALL:
	case VHOST_SET_VRING_ERR:
		return vhost_set_ring_fd(server, msg);
	default:
		return "QEMU sent a vhost-user request that is not known here";
	}
}

/* 1 with a message, 0 at the stream's end, -errno. */
static int vhost_receive(struct kt_vhost_user *server, struct vhost_message *msg)
{
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(msg->fds))];
	} control;
	struct iovec iov = { &msg->header, sizeof(msg->header) };
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;

	memset(msg, 0, sizeof(*msg));
	do {
		n = recvmsg(server->fd, &mh, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	} while (n < 0 && errno == EINTR);
	for (struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&mh) : NULL; c;
	     c = CMSG_NXTHDR(&mh, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		msg->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(msg->fds, CMSG_DATA(c), msg->n_fds * sizeof(int));
	}
	if (n <= 0)
		return n < 0 ? -errno : 0;
	if ((size_t)n < sizeof(msg->header) ||
	    msg->header.size > sizeof(msg->payload) ||
	    (msg->header.flags & VHOST_FLAGS_VERSION_MASK) != VHOST_FLAGS_VERSION)
		return -EPROTO;
	return kt_read_all(server->fd, &msg->payload, msg->header.size) < 0 ?
		       -EPROTO :
		       1;
}

/* One message from QEMU. False when the thread is to end. */
static bool vhost_message(struct kt_vhost_user *server)
{
	struct vhost_message msg;
	const char *wrong = NULL;
	bool replied;
	int r = vhost_receive(server, &msg);

	if (r > 0) {
		wrong = vhost_act(server, &msg, &replied);
		if (!wrong && !replied &&
		    msg.header.flags & VHOST_FLAGS_NEED_REPLY) {
			const uint64_t fine = 0;

			if (vhost_reply(server, &msg, &fine, sizeof(fine)) < 0)
				wrong = "QEMU does not take an answer";
		}
	} else if (r < 0) {
		wrong = "QEMU's vhost-user messages cannot be read";
	}
	for (size_t i = 0; i < msg.n_fds; i++)
		kt_close(msg.fds[i]);
	if (wrong)
		atomic_store(&server->broken, wrong);
	return r > 0 && !wrong;
}

static int vhost_serve_ring(struct kt_vhost_user *server, struct vhost_ring *ring)
{
	struct kt_virtqueue_chain *chain = &server->chain;
	size_t held, limit;
	int r;

	do {
		kt_virtqueue_dont_notify(&ring->queue);
		while ((r = kt_virtqueue_pop(&ring->queue, chain)) > 0) {
			const struct kt_fs_request request = {
				.readable = chain->pieces,
				.n_readable = chain->n_readable,
				.writable = chain->pieces + chain->n_readable,
				.n_writable = chain->n_writable,
			};
			size_t written = kt_fs_handle(server->fs, &request);

			kt_virtqueue_push(&ring->queue, chain->head,
					  (uint32_t)written);
			if (kt_virtqueue_should_interrupt(&ring->queue) &&
			    ring->call_fd >= 0)
				eventfd_write(ring->call_fd, 1);
		}
		if (r < 0)
			return r;
	} while (kt_virtqueue_want_notify(&ring->queue));
	kt_fs_usage(server->fs, &held, &limit);
	atomic_store(&server->crowded, held > limit / 4 * 3);
	return 0;
}

static void *vhost_thread(void *userdata)
{
	struct kt_vhost_user *server = userdata;

	for (;;) {
		struct pollfd p[2 + VHOST_QUEUES] = {
			{ .fd = server->stop_fd, .events = POLLIN },
			{ .fd = server->fd, .events = POLLIN },
		};
		eventfd_t count;

		for (size_t i = 0; i < VHOST_QUEUES; i++)
			p[2 + i] = (struct pollfd){
				.fd = server->rings[i].kick_fd,
				.events = POLLIN,
			};
		if (poll(p, KT_ARRAY_SIZE(p), -1) < 0)
			continue;
		if (p[0].revents)
			return NULL;
		if (p[1].revents && !vhost_message(server))
			return NULL;
		for (size_t i = 0; i < VHOST_QUEUES; i++) {
			struct vhost_ring *ring = &server->rings[i];

			/* A message may have exchanged it meanwhile. */
			if (!(p[2 + i].revents & POLLIN) ||
			    ring->kick_fd != p[2 + i].fd)
				continue;
			eventfd_read(ring->kick_fd, &count);
			if (!ring->queue.ready)
				continue;
			if (vhost_serve_ring(server, ring) < 0) {
				atomic_store(&server->broken,
					     ring->queue.violation);
				return NULL;
			}
		}
	}
}

int kt_vhost_user_start(int fd, struct kt_fs *fs, struct kt_vhost_user **ret,
			struct ktstr_error *err)
{
	struct kt_vhost_user *server = calloc(1, sizeof(*server));
	sigset_t all, before;
	int r;

	if (!server) {
		kt_close(fd);
		kt_fs_destroy(fs);
		return kt_err(err, -ENOMEM, "no memory for the file server");
	}
	server->fd = fd;
	server->fs = fs;
	server->memory.regions = server->regions;
	for (size_t i = 0; i < VHOST_QUEUES; i++) {
		server->rings[i].kick_fd = server->rings[i].call_fd = -1;
		kt_virtqueue_init(&server->rings[i].queue, &server->memory,
				  KT_VIRTQUEUE_MAX_SIZE, VHOST_CHAIN_BYTES);
	}
	server->stop_fd = eventfd(0, EFD_CLOEXEC);
	/* Signals belong to the thread that waits for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = server->stop_fd < 0 ?
		    -errno :
		    -pthread_create(&server->thread, NULL, vhost_thread, server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0) {
		kt_close(server->stop_fd);
		kt_close(fd);
		kt_fs_destroy(fs);
		free(server);
		return kt_err_errno(err, r, "cannot start the file server");
	}
	*ret = server;
	return 0;
}

void kt_vhost_user_stop(struct kt_vhost_user *server)
{
	if (!server)
		return;
	eventfd_write(server->stop_fd, 1);
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	for (size_t i = 0; i < VHOST_QUEUES; i++) {
		kt_close(server->rings[i].kick_fd);
		kt_close(server->rings[i].call_fd);
	}
	vhost_unmap(server);
	kt_close(server->stop_fd);
	kt_close(server->fd);
	kt_fs_destroy(server->fs);
	free(server);
}

const char *kt_vhost_user_broken(struct kt_vhost_user *server)
{
	return atomic_load(&server->broken);
}

bool kt_vhost_user_crowded(struct kt_vhost_user *server)
{
	return atomic_load(&server->crowded);
}
