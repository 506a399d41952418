// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/macro.h"
#include "device/virtio/blk.h"
#include "device/virtio/blk_request.h"

#define DEVICE_ID 2

#define FEATURE(bit) (1ULL << (bit))

/* How often the log says that requests fail. */
#define LOGGED_ERRORS 8

/* A guest that resets waits for what is active; from here on the log tells. */
#define SLOW_RESET_MS 10000

#define NO_DEADLINE UINT64_MAX

struct blk_worker {
	struct kt_blk *blk;
	pthread_t thread;
	struct kt_blk_request request;
};

struct kt_blk {
	struct kt_virtio_mmio mmio;
	struct kt_virtio_ops ops; /* its features are this device's own */
	struct virtio_blk_config config_space;
	struct kt_blk_file file;
	const struct ktstr_log *log;
	int eventfd;
	uint32_t n_workers;
	struct blk_worker *workers; /* one more than there are threads */

	/* The rest is under the transport's lock. */
	pthread_cond_t work;    /* for a worker: look again */
	pthread_cond_t changed; /* `n_active`, `held`, `epoch` or `stopping` */
	uint64_t epoch;         /* changes with each reset */
	uint32_t next_queue;    /* where to look first */
	uint32_t n_active;
	uint32_t n_holds;
	bool polling; /* a worker waits for the eventfd */
	bool stalled; /* a request waits for its tokens */
	bool stopping;
	struct kt_throttle throttle;
	struct ktstr_disk_counters counters;
	uint64_t n_failed; /* also those that the guest forgot by a reset */
};

static void blk_kick(const struct kt_blk *blk)
{
	/* A counter at its limit is a kick already pending. */
	(void)eventfd_write(blk->eventfd, 1);
}

/* Lets one of the other workers look for work. */
static void blk_wake(struct kt_blk *blk)
{
	if (blk->polling)
		blk_kick(blk);
	else
		pthread_cond_signal(&blk->work);
}

/* Waits for `changed`; false once the deadline (of kt_now_ns()) has passed. */
static bool blk_wait(struct kt_blk *blk, uint64_t deadline_ns)
{
	struct timespec at = {
		.tv_sec = (time_t)(deadline_ns / 1000000000),
		.tv_nsec = (long)(deadline_ns % 1000000000),
	};

	if (deadline_ns == NO_DEADLINE)
		return !pthread_cond_wait(&blk->changed, &blk->mmio.lock);
	return pthread_cond_timedwait(&blk->changed, &blk->mmio.lock, &at) !=
	       ETIMEDOUT;
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
 * The guest may use the buffers for other things from now on, so the vCPU
 * stays here until nobody works with them any more.
 */
static void blk_reset(void *device)
{
	struct kt_blk *blk = device;
	const uint64_t told_at = kt_now_ns() + SLOW_RESET_MS * 1000000ULL;
	bool told = false;

	blk->epoch++;
	pthread_cond_broadcast(&blk->changed);
	while (blk->n_active) {
		if (blk_wait(blk, told ? NO_DEADLINE : told_at) || told)
			continue;
		kt_warn(blk->log,
			"virtio-blk: the guest resets its disk, and has been "
			"waiting for %u requests for %u seconds",
			blk->n_active, SLOW_RESET_MS / 1000);
		told = true;
	}
}

static bool blk_is_pending(const struct kt_blk *blk)
{
	for (uint32_t i = 0; i < blk->mmio.n_queues; i++) {
		if (kt_virtqueue_pending(&blk->mmio.queues[i]))
			return true;
	}
	return false;
}

/* Takes the next request of one queue, if there is any. */
static bool blk_take_from(struct kt_blk *blk, uint32_t queue,
			  struct kt_blk_request *request, bool *ret_more)
{
	struct kt_virtqueue *vq = &blk->mmio.queues[queue];
	int r = kt_virtqueue_pop(vq, &request->chain);
	const char *wrong;

	/* Ask to be told of the next one; it may have come meanwhile. */
	if (r == 0 && kt_virtqueue_want_notify(vq))
		r = kt_virtqueue_pop(vq, &request->chain);
	if (r == 0)
		return false;
	if (r < 0) {
		kt_virtio_mmio_violated(&blk->mmio, queue, vq->violation);
		return false;
	}
	wrong = kt_blk_request_parse(request);
	if (wrong) {
		kt_virtio_mmio_violated(&blk->mmio, queue, wrong);
		return false;
	}
	request->queue = queue;
	request->epoch = blk->epoch;
	/* Whoever works on this one hears of the next by a notification. */
	*ret_more = kt_virtqueue_want_notify(vq) || blk_is_pending(blk);
	return true;
}

/* Queues take turns. */
static bool blk_take(struct kt_blk *blk, struct kt_blk_request *request,
		     bool *ret_more)
{
	for (uint32_t i = 0; i < blk->mmio.n_queues; i++) {
		uint32_t queue = (blk->next_queue + i) % blk->mmio.n_queues;

		if (!kt_virtio_mmio_running(&blk->mmio) || blk->n_holds ||
		    blk->stalled)
			return false;
		if (!blk_take_from(blk, queue, request, ret_more))
			continue;
		blk->next_queue = (queue + 1) % blk->mmio.n_queues;
		return true;
	}
	return false;
}

/* The guest reset the device, or the device goes: nobody wants it any more. */
static bool blk_is_dropped(const struct kt_blk *blk,
			   const struct kt_blk_request *request)
{
	return blk->stopping || request->epoch != blk->epoch;
}

/* Waits for tokens and for the release of a hold; false: it is dropped. */
static bool blk_await_turn(struct kt_blk *blk,
			   const struct kt_blk_request *request)
{
	uint64_t bytes = kt_blk_request_moves(request);
	uint64_t since = kt_now_ns();
	bool throttled = false;

	blk->stalled = true;
	while (!blk_is_dropped(blk, request)) {
		uint64_t now = kt_now_ns(), wait, deadline;

		if (blk->n_holds) {
			blk_wait(blk, NO_DEADLINE);
			continue;
		}
		wait = kt_throttle_take(&blk->throttle, bytes, now);
		if (!wait)
			break;
		throttled = true;
		if (__builtin_add_overflow(now, wait, &deadline))
			deadline = NO_DEADLINE;
		blk_wait(blk, deadline);
	}
	blk->stalled = false;
	if (throttled) {
		blk->counters.throttled++;
		blk->counters.throttled_ns += kt_now_ns() - since;
		/* They were not to take any meanwhile. */
		blk_wake(blk);
	}
	return !blk_is_dropped(blk, request);
}

static void blk_count(struct kt_blk *blk, const struct kt_blk_request *request)
{
	struct ktstr_disk_counters *c = &blk->counters;

	if (request->result != VIRTIO_BLK_S_OK) {
		c->errors++;
		return;
	}
	switch (request->type) {
	case VIRTIO_BLK_T_IN:
		c->reads++;
		c->read_bytes += request->done_bytes;
		break;
	case VIRTIO_BLK_T_OUT:
		c->writes++;
		c->written_bytes += request->done_bytes;
		break;
	case VIRTIO_BLK_T_FLUSH:
		c->flushes++;
		break;
	case VIRTIO_BLK_T_DISCARD:
		c->discards++;
		c->discarded_bytes += request->done_bytes;
		break;
	case VIRTIO_BLK_T_WRITE_ZEROES:
		c->zeroes++;
		c->zeroed_bytes += request->done_bytes;
		break;
	default:
		break;
	}
}

static void blk_give_back(struct kt_blk *blk, struct kt_blk_request *request)
{
	if (request->file_error && blk->n_failed++ < LOGGED_ERRORS)
		kt_warn(blk->log,
			"virtio-blk: a request (%s) at sector %llu failed on "
			"the disk's file: %s",
			kt_blk_request_name(request),
			(unsigned long long)request->sector,
			strerror(-request->file_error));
	/* Of a device that was reset, nothing is left to give it back to. */
	if (request->epoch != blk->epoch)
		return;
	blk_count(blk, request);
	kt_virtqueue_push(&blk->mmio.queues[request->queue],
			  request->chain.head, kt_blk_request_finish(request));
	kt_virtio_mmio_interrupt(&blk->mmio, request->queue);
}

/* Lock held, but for the work on the file itself. */
static void blk_serve(struct kt_blk *blk, struct kt_blk_request *request,
		      bool more)
{
	bool dsync = !kt_virtio_mmio_has(&blk->mmio, FEATURE(VIRTIO_BLK_F_FLUSH));

	if (!blk_await_turn(blk, request))
		return;
	if (more || dsync || kt_blk_request_is_slow(request))
		blk_wake(blk);
	blk->n_active++;
	pthread_mutex_unlock(&blk->mmio.lock);
	kt_blk_request_execute(request, &blk->file, dsync);
	pthread_mutex_lock(&blk->mmio.lock);
	blk_give_back(blk, request);
	if (--blk->n_active == 0)
		pthread_cond_broadcast(&blk->changed);
}

/* Waits until there may be work. One worker does so outside, for all. */
static void blk_await_work(struct kt_blk *blk)
{
	struct pollfd fd = { .fd = blk->eventfd, .events = POLLIN };
	eventfd_t count;

	if (blk->polling) {
		pthread_cond_wait(&blk->work, &blk->mmio.lock);
		return;
	}
	blk->polling = true;
	pthread_mutex_unlock(&blk->mmio.lock);
	while (poll(&fd, 1, -1) < 0 && errno == EINTR)
		;
	(void)eventfd_read(blk->eventfd, &count);
	pthread_mutex_lock(&blk->mmio.lock);
	blk->polling = false;
}

static void *blk_worker_main(void *userdata)
{
	struct blk_worker *worker = userdata;
	struct kt_blk *blk = worker->blk;
	bool more = false;

	pthread_mutex_lock(&blk->mmio.lock);
	while (!blk->stopping) {
		if (blk_take(blk, &worker->request, &more))
			blk_serve(blk, &worker->request, more);
		else
			blk_await_work(blk);
	}
	pthread_mutex_unlock(&blk->mmio.lock);
	return NULL;
}

void kt_blk_process(struct kt_blk *blk)
{
	struct kt_blk_request *request = &blk->workers[blk->n_workers].request;
	eventfd_t count;
	bool more;

	(void)eventfd_read(blk->eventfd, &count);
	pthread_mutex_lock(&blk->mmio.lock);
	while (blk_take(blk, request, &more))
		blk_serve(blk, request, more);
	pthread_mutex_unlock(&blk->mmio.lock);
}

int kt_blk_hold(struct kt_blk *blk, uint32_t timeout_ms)
{
	uint64_t deadline = kt_now_ns() + timeout_ms * 1000000ULL;
	int r = 0;

	pthread_mutex_lock(&blk->mmio.lock);
	blk->n_holds++;
	while (blk->n_active && !r) {
		if (!blk_wait(blk, deadline) && blk->n_active)
			r = -ETIMEDOUT;
	}
	pthread_mutex_unlock(&blk->mmio.lock);
	if (r)
		kt_blk_release(blk);
	return r;
}

void kt_blk_release(struct kt_blk *blk)
{
	pthread_mutex_lock(&blk->mmio.lock);
	if (--blk->n_holds == 0) {
		pthread_cond_broadcast(&blk->changed);
		pthread_cond_broadcast(&blk->work);
		blk_kick(blk);
	}
	pthread_mutex_unlock(&blk->mmio.lock);
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

static void blk_set_ops(struct kt_blk *blk, const struct kt_blk_config *config)
{
	uint64_t features =
		FEATURE(VIRTIO_BLK_F_SIZE_MAX) | FEATURE(VIRTIO_BLK_F_SEG_MAX) |
		FEATURE(VIRTIO_BLK_F_BLK_SIZE) | FEATURE(VIRTIO_BLK_F_FLUSH);

	if (config->read_only)
		features |= FEATURE(VIRTIO_BLK_F_RO);
	else
		features |= FEATURE(VIRTIO_BLK_F_DISCARD) |
			    FEATURE(VIRTIO_BLK_F_WRITE_ZEROES);
	if (config->n_queues > 1)
		features |= FEATURE(VIRTIO_BLK_F_MQ);
	blk->ops = (struct kt_virtio_ops){
		.name = "virtio-blk",
		.device_id = DEVICE_ID,
		.features = features,
		.config_bytes = sizeof(blk->config_space),
		.read_config = blk_read_config,
		.start = blk_start,
		.reset = blk_reset,
	};
	blk->config_space = (struct virtio_blk_config){
		.capacity = config->bytes / KT_BLK_SECTOR_BYTES,
		.size_max = KT_BLK_SIZE_MAX,
		.seg_max = KT_BLK_SEG_MAX,
		.blk_size = KT_BLK_SECTOR_BYTES,
		.num_queues = (uint16_t)config->n_queues,
		.max_discard_sectors = KT_BLK_RANGE_SECTORS,
		.max_discard_seg = KT_BLK_RANGES,
		.discard_sector_alignment = 1,
		.max_write_zeroes_sectors = KT_BLK_RANGE_SECTORS,
		.max_write_zeroes_seg = KT_BLK_RANGES,
		.write_zeroes_may_unmap = 1,
	};
}

static int blk_init_transport(struct kt_blk *blk,
			      const struct kt_blk_config *config)
{
	struct kt_virtio_mmio_config transport = {
		.ops = &blk->ops,
		.device = blk,
		.memory = config->memory,
		.irq = config->irq,
		.log = config->log,
		.n_queues = config->n_queues,
		.queue_max_size = KT_BLK_QUEUE_SIZE,
		.max_chain_bytes = KT_BLK_CHAIN_BYTES,
	};

	for (uint32_t i = 0; i < config->n_queues; i++)
		transport.queue_eventfds[i] = blk->eventfd;
	return kt_virtio_mmio_init(&blk->mmio, &transport);
}

static int blk_init_conditions(struct kt_blk *blk)
{
	pthread_condattr_t attr;
	int r;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	r = pthread_cond_init(&blk->work, &attr);
	if (!r) {
		r = pthread_cond_init(&blk->changed, &attr);
		if (r)
			pthread_cond_destroy(&blk->work);
	}
	pthread_condattr_destroy(&attr);
	return -r;
}

/* The threads take no signals of the process; the caller has its mask back. */
static int blk_start_workers(struct kt_blk *blk, uint32_t n)
{
	sigset_t all, old;
	int r = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (!r && blk->n_workers < n) {
		struct blk_worker *worker = &blk->workers[blk->n_workers];

		worker->blk = blk;
		r = -pthread_create(&worker->thread, NULL, blk_worker_main,
				    worker);
		if (r)
			break;
		pthread_setname_np(worker->thread, "ktstr-blk");
		blk->n_workers++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

static int no_disk(struct kt_blk *blk, int r, struct ktstr_error *err)
{
	kt_close(blk->eventfd);
	free(blk->workers);
	free(blk);
	return kt_err_errno(err, r, "cannot make a disk");
}

int kt_blk_create(const struct kt_blk_config *config, struct kt_blk **ret,
		  struct ktstr_error *err)
{
	struct kt_blk *blk = calloc(1, sizeof(*blk));
	int r;

	if (!blk)
		return kt_err_errno(err, -ENOMEM, "cannot make a disk");
	blk->log = config->log;
	kt_blk_file_init(&blk->file, config->fd,
			 config->bytes / KT_BLK_SECTOR_BYTES, config->read_only,
			 config->name);
	kt_throttle_init(&blk->throttle, &config->limits, kt_now_ns());
	blk_set_ops(blk, config);
	blk->workers = calloc(config->n_workers + 1, sizeof(*blk->workers));
	blk->eventfd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (blk->eventfd < 0)
		return no_disk(blk, -errno, err);
	if (!blk->workers)
		return no_disk(blk, -ENOMEM, err);
	r = blk_init_conditions(blk);
	if (r)
		return no_disk(blk, r, err);
	r = blk_init_transport(blk, config);
	if (r) {
		pthread_cond_destroy(&blk->work);
		pthread_cond_destroy(&blk->changed);
		return no_disk(blk, r, err);
	}
	r = blk_start_workers(blk, config->n_workers);
	if (r) {
		kt_blk_destroy(blk);
		return kt_err_errno(err, r, "cannot start a disk's threads");
	}
	*ret = blk;
	return 0;
}

void kt_blk_destroy(struct kt_blk *blk)
{
	if (!blk)
		return;
	pthread_mutex_lock(&blk->mmio.lock);
	blk->stopping = true;
	pthread_cond_broadcast(&blk->work);
	pthread_cond_broadcast(&blk->changed);
	blk_kick(blk);
	pthread_mutex_unlock(&blk->mmio.lock);
	for (uint32_t i = 0; i < blk->n_workers; i++)
		pthread_join(blk->workers[i].thread, NULL);
	kt_virtio_mmio_deinit(&blk->mmio);
	pthread_cond_destroy(&blk->work);
	pthread_cond_destroy(&blk->changed);
	kt_close(blk->eventfd);
	free(blk->workers);
	free(blk);
}
