// SPDX-License-Identifier: GPL-2.0-only
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/macro.h"
#include "device/virtio/blk.h"
#include "device/virtio/blk_io.h"

#define DEVICE_ID 2

#define F_SEG_MAX      (1ULL << 2)
#define F_RO           (1ULL << 5)
#define F_BLK_SIZE     (1ULL << 6)
#define F_FLUSH        (1ULL << 9)
#define F_MQ           (1ULL << 12)
#define F_DISCARD      (1ULL << 13)
#define F_WRITE_ZEROES (1ULL << 14)

#define QUEUE_SIZE 256

/* Header and status take a descriptor each. */
#define SEG_MAX (QUEUE_SIZE - 2)

/* More than this in one request no driver asks for. */
#define MAX_CHAIN_BYTES KT_GIB

#define MAX_CLEAR_SECTORS (UINT32_MAX / 2)

/* Section 5.2.4. */
struct blk_config_space {
	uint64_t capacity; /* sectors */
	uint32_t size_max;
	uint32_t seg_max;
	uint16_t cylinders;
	uint8_t heads;
	uint8_t sectors;
	uint32_t blk_size;
	uint8_t physical_block_exp;
	uint8_t alignment_offset;
	uint16_t min_io_size;
	uint32_t opt_io_size;
	uint8_t writeback;
	uint8_t unused0;
	uint16_t num_queues;
	uint32_t max_discard_sectors;
	uint32_t max_discard_seg;
	uint32_t discard_sector_alignment;
	uint32_t max_write_zeroes_sectors;
	uint32_t max_write_zeroes_seg;
	uint8_t write_zeroes_may_unmap;
	uint8_t unused1[3];
};
_Static_assert(sizeof(struct blk_config_space) == 64, "with a tail of four");
#define CONFIG_BYTES 60

/* A request and whence it came. */
struct blk_job {
	struct kt_blk_request request;
	uint32_t queue;
	uint32_t generation;
	uint64_t taken_ns;
};

struct blk_worker {
	struct kt_blk *blk;
	struct blk_job *job; /* its own, but for an exchange with `waiting` */
	pthread_t thread;
};

struct kt_blk {
	struct kt_virtio_mmio mmio;
	struct kt_virtio_ops ops; /* with the features of this one */
	struct kt_blk_backing backing;
	struct blk_config_space config_space;
	int kick_eventfd;
	int stop_eventfd;
	int timerfd; /* until the buckets have enough for `waiting` */
	int epoll_fd;
	struct blk_worker workers[KT_BLK_MAX_WORKERS + 1]; /* and a caller */
	uint32_t n_workers;                                /* started */

	/* The rest is under the transport's lock. */
	pthread_cond_t quiet; /* fewer requests are in work */
	struct kt_throttle throttle;
	struct blk_job *waiting; /* taken, and held up by the throttle */
	bool has_waiting;
	bool stop;
	uint32_t holds;
	uint32_t next_queue; /* the first to look at, so that all get a turn */
	uint32_t n_working;  /* requests in work */
	uint32_t n_stale;    /* of these, begun before the last reset */
	uint32_t generation; /* resets */
	struct ktstr_disk_counters counters;
};

static void blk_kick(struct kt_blk *blk)
{
	/* A counter at its limit is a kick already pending. */
	(void)eventfd_write(blk->kick_eventfd, 1);
}

static void blk_read_config(void *device, uint32_t offset, void *data,
			    uint32_t length)
{
	const struct kt_blk *blk = device;

	memcpy(data, (const uint8_t *)&blk->config_space + offset, length);
}

static void blk_start(void *device)
{
	/* Chains may have been offered, and notified, before DRIVER_OK. */
	blk_kick(device);
}

/*
 * A driver that has reset the device takes its buffers back, so requests in
 * work are waited for; nobody hears of them any more. Meanwhile the lock is
 * free, and a driver that begins anew is not what is waited for.
 */
static void blk_reset(void *device)
{
	struct kt_blk *blk = device;

	blk->has_waiting = false;
	blk->generation++;
	blk->n_stale = blk->n_working;
	while (blk->n_stale)
		pthread_cond_wait(&blk->quiet, &blk->mmio.lock);
}

static const struct kt_virtio_ops blk_ops = {
	.name = "virtio-blk",
	.device_id = DEVICE_ID,
	.features = F_SEG_MAX | F_BLK_SIZE | F_FLUSH | F_MQ,
	.config_bytes = CONFIG_BYTES,
	.read_config = blk_read_config,
	.start = blk_start,
	.reset = blk_reset,
};

/* 1, 0 or -EPROTO, as kt_virtqueue_pop(); a violation stops the device. */
static int blk_pop(struct kt_blk *blk, uint32_t queue, struct blk_job *job)
{
	struct kt_virtqueue *vq = &blk->mmio.queues[queue];
	const char *violation = NULL;
	int r = kt_virtqueue_pop(vq, &job->request.chain);

	/* Ask to be told of the next one; it may have come meanwhile. */
	if (r == 0 && kt_virtqueue_want_notify(vq))
		r = kt_virtqueue_pop(vq, &job->request.chain);
	/* Whoever takes one comes back by itself, until there is none. */
	if (r > 0) {
		kt_virtqueue_dont_notify(vq);
		r = kt_blk_parse(&job->request, &violation) ?: 1;
	} else if (r < 0) {
		violation = vq->violation;
	}
	if (violation)
		kt_virtio_mmio_violated(&blk->mmio, queue, violation);
	if (r <= 0)
		return r;
	job->request.write_through = !kt_virtio_mmio_has(&blk->mmio, F_FLUSH);
	job->queue = queue;
	job->generation = blk->generation;
	return 1;
}

/* The next request of any queue. */
static bool blk_pop_any(struct kt_blk *blk, struct blk_job *job)
{
	for (uint32_t i = 0; i < blk->mmio.n_queues; i++) {
		uint32_t queue = (blk->next_queue + i) % blk->mmio.n_queues;

		if (!kt_virtio_mmio_running(&blk->mmio))
			return false;
		if (blk_pop(blk, queue, job) > 0) {
			blk->next_queue = queue + 1;
			return true;
		}
	}
	return false;
}

static void blk_arm_timer(struct kt_blk *blk, uint64_t wait_ns)
{
	const uint64_t second = 1000000000ULL;
	struct itimerspec when = {
		.it_value = { .tv_sec = (time_t)(wait_ns / second),
			      .tv_nsec = (long)(wait_ns % second) },
	};

	(void)timerfd_settime(blk->timerfd, 0, &when, NULL);
}

/* True when the buckets have enough for it; else the timer will tell. */
static bool blk_admit(struct kt_blk *blk, const struct blk_job *job)
{
	uint64_t now = kt_now_ns();
	uint64_t wait_ns =
		kt_throttle_admit(&blk->throttle, job->request.data_bytes, now);

	if (wait_ns) {
		blk_arm_timer(blk, wait_ns);
		return false;
	}
	if (job == blk->waiting)
		blk->counters.delayed_ns += now - job->taken_ns;
	return true;
}

static void blk_exchange(struct kt_blk *blk, struct blk_worker *worker)
{
	struct blk_job *job = worker->job;

	worker->job = blk->waiting;
	blk->waiting = job;
}

/*
 * Puts the next request that may be done into the worker's hands. Behind one
 * that waits for the throttle all others wait, too, and in the queues.
 */
static bool blk_take(struct kt_blk *blk, struct blk_worker *worker)
{
	if (blk->stop || blk->holds || !kt_virtio_mmio_running(&blk->mmio))
		return false;
	if (blk->has_waiting) {
		if (!blk_admit(blk, blk->waiting))
			return false;
		blk_exchange(blk, worker);
		blk->has_waiting = false;
		return true;
	}
	if (!blk_pop_any(blk, worker->job))
		return false;
	if (blk_admit(blk, worker->job))
		return true;
	worker->job->taken_ns = kt_now_ns();
	blk->counters.delayed++;
	blk_exchange(blk, worker);
	blk->has_waiting = true;
	return false;
}

static bool blk_has_more(const struct kt_blk *blk)
{
	for (uint32_t i = 0; i < blk->mmio.n_queues; i++) {
		if (kt_virtqueue_pending(&blk->mmio.queues[i]))
			return true;
	}
	return false;
}

static void blk_count(struct ktstr_disk_counters *counters,
		      const struct kt_blk_request *request)
{
	if (request->status == KT_BLK_UNSUPPORTED) {
		counters->unsupported++;
		return;
	}
	if (request->status != KT_BLK_OK) {
		counters->errors++;
		return;
	}
	switch (request->type) {
	case KT_BLK_IN:
		counters->reads++;
		counters->read_bytes += request->data_bytes;
		break;
	case KT_BLK_OUT:
		counters->writes++;
		counters->written_bytes += request->data_bytes;
		break;
	case KT_BLK_FLUSH:
		counters->flushes++;
		break;
	case KT_BLK_DISCARD:
		counters->discards++;
		break;
	case KT_BLK_WRITE_ZEROES:
		counters->write_zeroes++;
		break;
	default:
		break;
	}
}

static void blk_answer(struct kt_blk *blk, const struct blk_job *job)
{
	const struct kt_virtqueue_chain *chain = &job->request.chain;

	blk_count(&blk->counters, &job->request);
	if (job->generation != blk->generation) {
		/* The ring that it came from is no more. */
		blk->n_stale--;
	} else {
		kt_virtqueue_push(&blk->mmio.queues[job->queue], chain->head,
				  (uint32_t)chain->writable_bytes);
		kt_virtio_mmio_interrupt(&blk->mmio, job->queue);
	}
	blk->n_working--;
	pthread_cond_broadcast(&blk->quiet);
}

/* Does requests until there is none that may be done. */
static void blk_work_off(struct kt_blk *blk, struct blk_worker *worker)
{
	pthread_mutex_lock(&blk->mmio.lock);
	while (blk_take(blk, worker)) {
		blk->n_working++;
		if (blk->n_working < blk->n_workers && blk_has_more(blk))
			blk_kick(blk);
		pthread_mutex_unlock(&blk->mmio.lock);
		kt_blk_execute(&worker->job->request, &blk->backing);
		pthread_mutex_lock(&blk->mmio.lock);
		blk_answer(blk, worker->job);
	}
	pthread_mutex_unlock(&blk->mmio.lock);
}

void kt_blk_process(struct kt_blk *blk)
{
	blk_work_off(blk, &blk->workers[blk->n_workers]);
}

static void *blk_run_worker(void *userdata)
{
	struct blk_worker *worker = userdata;
	struct kt_blk *blk = worker->blk;

	for (;;) {
		struct epoll_event event;
		int n = epoll_wait(blk->epoll_fd, &event, 1, -1);

		if (n < 0 && errno != EINTR)
			return NULL;
		if (n > 0 && event.data.fd == blk->stop_eventfd)
			return NULL;
		if (n > 0)
			blk_work_off(blk, worker);
	}
}

void kt_blk_hold(struct kt_blk *blk)
{
	pthread_mutex_lock(&blk->mmio.lock);
	blk->holds++;
	while (blk->n_working)
		pthread_cond_wait(&blk->quiet, &blk->mmio.lock);
	pthread_mutex_unlock(&blk->mmio.lock);
}

void kt_blk_release(struct kt_blk *blk)
{
	pthread_mutex_lock(&blk->mmio.lock);
	assert(blk->holds);
	blk->holds--;
	pthread_mutex_unlock(&blk->mmio.lock);
	blk_kick(blk);
}

void kt_blk_get_counters(struct kt_blk *blk, struct ktstr_disk_counters *ret)
{
	pthread_mutex_lock(&blk->mmio.lock);
	*ret = blk->counters;
	pthread_mutex_unlock(&blk->mmio.lock);
}

struct kt_virtio_mmio *kt_blk_mmio(struct kt_blk *blk)
{
	return &blk->mmio;
}

/*
 * Kick and timer wake one worker each time that they tell something new; the
 * end wakes all of them.
 */
static int blk_watch(struct kt_blk *blk, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(blk->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno :
									 0;
}

static int blk_open_events(struct kt_blk *blk)
{
	int r;

	blk->kick_eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	blk->stop_eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	blk->timerfd =
		timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	blk->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (blk->kick_eventfd < 0 || blk->stop_eventfd < 0 ||
	    blk->timerfd < 0 || blk->epoll_fd < 0)
		return -errno;
	r = blk_watch(blk, blk->kick_eventfd, EPOLLIN | EPOLLET);
	if (!r)
		r = blk_watch(blk, blk->timerfd, EPOLLIN | EPOLLET);
	if (!r)
		r = blk_watch(blk, blk->stop_eventfd, EPOLLIN);
	return r;
}

static int blk_start_workers(struct kt_blk *blk, uint32_t n_workers)
{
	sigset_t all, old;
	int r = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);
	while (blk->n_workers < n_workers) {
		struct blk_worker *worker = &blk->workers[blk->n_workers];

		r = -pthread_create(&worker->thread, NULL, blk_run_worker,
				    worker);
		if (r)
			break;
		pthread_setname_np(worker->thread, "disk");
		blk->n_workers++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

static void blk_stop_workers(struct kt_blk *blk)
{
	pthread_mutex_lock(&blk->mmio.lock);
	blk->stop = true;
	pthread_mutex_unlock(&blk->mmio.lock);
	(void)eventfd_write(blk->stop_eventfd, 1);
	for (uint32_t i = 0; i < blk->n_workers; i++)
		pthread_join(blk->workers[i].thread, NULL);
	blk->n_workers = 0;
}

static void blk_free(struct kt_blk *blk)
{
	for (size_t i = 0; i < KT_ARRAY_SIZE(blk->workers); i++)
		free(blk->workers[i].job);
	free(blk->waiting);
	kt_close(blk->epoll_fd);
	kt_close(blk->timerfd);
	kt_close(blk->stop_eventfd);
	kt_close(blk->kick_eventfd);
	free(blk);
}
KT_DEFINE_CLEANUP(struct kt_blk *, blk_free)

static struct kt_blk *blk_alloc(uint32_t n_workers)
{
	_cleanup_(blk_free_cleanup) struct kt_blk *blk = calloc(1, sizeof(*blk));

	if (!blk)
		return NULL;
	blk->kick_eventfd = blk->stop_eventfd = -1;
	blk->timerfd = blk->epoll_fd = -1;
	blk->waiting = malloc(sizeof(*blk->waiting));
	if (!blk->waiting)
		return NULL;
	for (uint32_t i = 0; i <= n_workers; i++) {
		blk->workers[i].blk = blk;
		blk->workers[i].job = malloc(sizeof(*blk->workers[i].job));
		if (!blk->workers[i].job)
			return NULL;
	}
	return TAKE_PTR(blk);
}

static void blk_set_up(struct kt_blk *blk, const struct kt_blk_config *config)
{
	blk->backing = (struct kt_blk_backing){
		.fd = config->fd,
		.size_bytes = config->size_bytes,
		.read_only = config->read_only,
	};
	if (config->name)
		memcpy(blk->backing.id, config->name,
		       strnlen(config->name, sizeof(blk->backing.id)));
	blk->ops = blk_ops;
	blk->ops.features |=
		config->read_only ? F_RO : F_DISCARD | F_WRITE_ZEROES;
	blk->config_space = (struct blk_config_space){
		.capacity = config->size_bytes / KT_BLK_SECTOR_BYTES,
		.seg_max = SEG_MAX,
		.blk_size = KT_BLK_SECTOR_BYTES,
		.num_queues = (uint16_t)config->n_queues,
	};
	if (!config->read_only) {
		blk->config_space.max_discard_sectors = MAX_CLEAR_SECTORS;
		blk->config_space.max_discard_seg = KT_BLK_MAX_SEGMENTS;
		blk->config_space.discard_sector_alignment =
			4096 / KT_BLK_SECTOR_BYTES;
		blk->config_space.max_write_zeroes_sectors = MAX_CLEAR_SECTORS;
		blk->config_space.max_write_zeroes_seg = KT_BLK_MAX_SEGMENTS;
		blk->config_space.write_zeroes_may_unmap = 1;
	}
	kt_throttle_init(&blk->throttle, &config->limits, kt_now_ns());
}

int kt_blk_create(const struct kt_blk_config *config, struct kt_blk **ret,
		  struct ktstr_error *err)
{
	_cleanup_(blk_free_cleanup) struct kt_blk *blk =
		blk_alloc(config->n_workers);
	struct kt_virtio_mmio_config transport = {
		.memory = config->memory,
		.irq = config->irq,
		.log = config->log,
		.n_queues = config->n_queues,
		.queue_max_size = QUEUE_SIZE,
		.max_chain_bytes = MAX_CHAIN_BYTES,
	};
	int r;

	assert(config->n_queues && config->n_queues <= KT_BLK_MAX_QUEUES);
	assert(config->n_workers <= KT_BLK_MAX_WORKERS);
	assert(config->size_bytes &&
	       config->size_bytes % KT_BLK_SECTOR_BYTES == 0);
	if (!blk)
		return kt_err_errno(err, -ENOMEM, "no memory for a disk");
	blk_set_up(blk, config);
	r = blk_open_events(blk);
	if (r)
		return kt_err_errno(err, r, "cannot make the disk's events");
	transport.ops = &blk->ops;
	transport.device = blk;
	for (uint32_t i = 0; i < config->n_queues; i++)
		transport.queue_eventfds[i] = blk->kick_eventfd;
	r = kt_virtio_mmio_init(&blk->mmio, &transport);
	if (r)
		return kt_err_errno(err, r, "cannot set the disk up");
	pthread_cond_init(&blk->quiet, NULL);
	r = blk_start_workers(blk, config->n_workers);
	if (r) {
		kt_blk_destroy(TAKE_PTR(blk));
		return kt_err_errno(err, r, "cannot start the disk's threads");
	}
	*ret = TAKE_PTR(blk);
	return 0;
}

void kt_blk_destroy(struct kt_blk *blk)
{
	if (!blk)
		return;
	blk_stop_workers(blk);
	pthread_cond_destroy(&blk->quiet);
	kt_virtio_mmio_deinit(&blk->mmio);
	blk_free(blk);
}
