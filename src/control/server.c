// SPDX-License-Identifier: GPL-2.0-only
#include "control/server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "control/directory.h"
#include "control/protocol.h"

#define CLIENTS_MAX 16
#define ANSWER_S    1

enum server_fd {
	SERVER_STOP,
	SERVER_LISTEN,
	SERVER_CLIENT,
	SERVER_FDS = SERVER_CLIENT + CLIENTS_MAX,
};

struct client {
	int fd; /* -1: a free place */
	struct kt_control_request request;
	size_t n_bytes; /* of it that have come */
};

struct kt_control_server {
	struct kt_control_config config;
	int listen_fd;
	int stop_fd;
	pthread_t thread;
	pthread_mutex_t lock;
	char *description; /* under the lock */
	struct client clients[CLIENTS_MAX];
	uint8_t data[KT_CONTROL_READ_MAX];
};

/* All of it, or false; a reader that is gone raises no signal. */
static bool send_all(int fd, const void *data, size_t bytes, int flags)
{
	const uint8_t *at = data;

	while (bytes) {
		ssize_t n = send(fd, at, bytes, MSG_NOSIGNAL | flags);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		bytes -= (size_t)n;
	}
	return true;
}

static bool answer(int fd, int error, const void *data, size_t bytes)
{
	const struct kt_control_answer header = {
		.error = error,
		.length = error ? 0 : (uint32_t)bytes,
	};

	if (error || !bytes)
		return send_all(fd, &header, sizeof(header), 0);
	return send_all(fd, &header, sizeof(header), MSG_MORE) &&
	       send_all(fd, data, bytes, 0);
}

static bool describe(struct kt_control_server *server, int fd)
{
	_cleanup_free_ char *text = NULL;

	pthread_mutex_lock(&server->lock);
	text = strdup(server->description);
	pthread_mutex_unlock(&server->lock);
	return answer(fd, text ? 0 : -ENOMEM, text, text ? strlen(text) : 0);
}

static bool read_memory(struct kt_control_server *server, int fd,
			const struct kt_control_request *request)
{
	int r = request->length > sizeof(server->data) ?
			-E2BIG :
			kt_guest_memory_read(server->config.memory, request->gpa,
					     server->data, request->length);

	return answer(fd, r, server->data, request->length);
}

static bool serve(struct kt_control_server *server, int fd,
		  const struct kt_control_request *request)
{
	switch (request->what) {
	case KT_CONTROL_DESCRIBE:
		return describe(server, fd);
	case KT_CONTROL_BTF:
		return answer(fd, 0, server->config.btf,
			      server->config.btf_bytes);
	case KT_CONTROL_READ:
		return read_memory(server, fd, request);
	}
	return answer(fd, -EOPNOTSUPP, NULL, 0);
}

static void drop(struct client *client)
{
	close(client->fd);
	*client = (struct client){ .fd = -1 };
}

static void attend(struct kt_control_server *server, struct client *client)
{
	ssize_t n =
		recv(client->fd, (uint8_t *)&client->request + client->n_bytes,
		     sizeof(client->request) - client->n_bytes, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(client);
		return;
	}
	client->n_bytes += (size_t)n;
	if (client->n_bytes < sizeof(client->request))
		return;
	client->n_bytes = 0;
	if (!serve(server, client->fd, &client->request))
		drop(client);
}

static struct client *free_place(struct kt_control_server *server)
{
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (server->clients[i].fd < 0)
			return &server->clients[i];
	}
	return NULL;
}

static void admit(struct kt_control_server *server)
{
	const struct timeval bound = { .tv_sec = ANSWER_S };
	struct client *client = free_place(server);
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (!client || kt_control_check_peer(fd) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound)) < 0) {
		close(fd);
		return;
	}
	client->fd = fd;
}

static void *run(void *userdata)
{
	struct kt_control_server *server = userdata;

	for (;;) {
		struct pollfd fds[SERVER_FDS] = {
			[SERVER_STOP] = { server->stop_fd, POLLIN, 0 },
			[SERVER_LISTEN] = { server->listen_fd, POLLIN, 0 },
		};

		for (size_t i = 0; i < CLIENTS_MAX; i++)
			fds[SERVER_CLIENT + i] =
				(struct pollfd){ server->clients[i].fd, POLLIN,
						 0 };
		if (poll(fds, SERVER_FDS, -1) < 0)
			continue;
		if (fds[SERVER_STOP].revents)
			return NULL;
		for (size_t i = 0; i < CLIENTS_MAX; i++) {
			if (fds[SERVER_CLIENT + i].revents)
				attend(server, &server->clients[i]);
		}
		if (fds[SERVER_LISTEN].revents)
			admit(server);
	}
}

static void destroy(struct kt_control_server *server)
{
	kt_close(server->listen_fd);
	kt_close(server->stop_fd);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		kt_close(server->clients[i].fd);
	pthread_mutex_destroy(&server->lock);
	free(server->description);
	free(server);
}

/* One that takes no signals, from its begin on. */
static int start_thread(struct kt_control_server *server)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(&server->thread, NULL, run, server);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!r)
		pthread_setname_np(server->thread, "control");
	return r;
}

int kt_control_start(const struct kt_control_config *config,
		     const char *description, struct kt_control_server **ret,
		     struct ktstr_error *err)
{
	struct kt_control_server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return kt_err(err, -ENOMEM, "no memory for a control socket");
	server->config = *config;
	pthread_mutex_init(&server->lock, NULL);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		server->clients[i].fd = -1;
	server->listen_fd = -1;
	server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	server->description = strdup(description);
	r = server->stop_fd < 0 ? -errno : !server->description ? -ENOMEM : 0;
	if (r)
		kt_err_errno(err, r, "cannot make a control socket");
	if (!r)
		r = kt_control_listen(config->name, &server->listen_fd, err);
	if (!r) {
		r = start_thread(server);
		if (r)
			kt_err_errno(err, r, "cannot start a thread");
	}
	if (r) {
		destroy(server);
		return r;
	}
	*ret = server;
	return 0;
}

int kt_control_redescribe(struct kt_control_server *server,
			  const char *description)
{
	char *copy = strdup(description);

	if (!copy)
		return -ENOMEM;
	pthread_mutex_lock(&server->lock);
	free(server->description);
	server->description = copy;
	pthread_mutex_unlock(&server->lock);
	return 0;
}

void kt_control_stop(struct kt_control_server *server)
{
	if (!server)
		return;
	(void)eventfd_write(server->stop_fd, 1);
	pthread_join(server->thread, NULL);
	destroy(server);
}
