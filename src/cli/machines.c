// SPDX-License-Identifier: GPL-2.0-only
#include "cli/machines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/suggest.h"
#include "control/client.h"
#include "control/directory.h"
#include "nest/nest.h"

KT_DEFINE_CLEANUP(json_t *, json_decref)

/* NULL for one that has ended meanwhile, or says what cannot be. */
static json_t *ask(const char *name)
{
	struct kt_control_client client;
	_cleanup_free_ char *text = NULL;
	_cleanup_(json_decref_cleanup) json_t *said = NULL;
	const char *state, *kernel, *topology, *scheduler = NULL;
	json_int_t pid, memory_mib, started, seconds;
	int r;

	if (kt_control_connect(name, &client, NULL) < 0)
		return NULL;
	r = kt_control_description(&client, &text, NULL);
	kt_control_disconnect(&client);
	said = r ? NULL : json_loads(text, 0, NULL);
	if (json_unpack(said, "{s:I, s:s, s:s, s:s, s:I, s:I, s?s}", "pid",
			&pid, "state", &state, "release", &kernel, "topology",
			&topology, "memory_mib", &memory_mib, "started",
			&started, "scheduler", &scheduler) < 0)
		return NULL;
	seconds = (json_int_t)time(NULL) - started;
	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:I, s:s, s:I, s:s}",
			 "name", name, "pid", pid, "state", state, "kernel",
			 kernel, "topology", topology, "memory_mib", memory_mib,
			 "scheduler", scheduler ?: "-", "seconds",
			 seconds < 0 ? 0 : seconds, "where", KT_MACHINES_HERE);
}

static int list_here(json_t *list, struct ktstr_error *err)
{
	char **names;
	size_t n;
	int r = kt_control_list(&names, &n, err);

	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		json_t *machine = ask(names[i]);

		if (machine)
			json_array_append_new(list, machine);
	}
	kt_control_free_names(names, n);
	return 0;
}

/* What this program says in the machine behind that socket. */
static void list_there(json_t *list, const char *socket)
{
	static const char *const argv[] = { "ktstr", "ps", "--json", NULL };
	_cleanup_(json_decref_cleanup) json_t *there = NULL;
	_cleanup_free_ char *text = NULL;
	json_t *machine;
	size_t i;
	int status;

	/* One that has just ended has nothing to tell. */
	if (kt_nest_capture(socket, argv, &text, &status, NULL) < 0 || status)
		return;
	there = json_loads(text, 0, NULL);
	json_array_foreach(there, i, machine)
	{
		json_object_set_new(machine, "where", json_string(socket));
		json_array_append(list, machine);
	}
}

static int list_nested(json_t *list, struct ktstr_error *err)
{
	const char *nested = getenv("KTSTR_NESTED");
	char **sockets;
	size_t n;
	int r;

	if (nested && *nested)
		return 0;
	r = kt_nest_running(&sockets, &n, err);
	if (r)
		return r;
	for (size_t i = 0; i < n; i++) {
		list_there(list, sockets[i]);
		free(sockets[i]);
	}
	free(sockets);
	return 0;
}

json_t *kt_machines_list(struct ktstr_error *err)
{
	json_t *list = json_array();
	int r;

	if (!list) {
		kt_err(err, -ENOMEM, "no memory for a list");
		return NULL;
	}
	r = list_here(list, err);
	if (!r)
		r = list_nested(list, err);
	if (!r)
		return list;
	json_decref(list);
	return NULL;
}

static bool is_meant(json_t *machine, const char *word)
{
	const char *name = json_string_value(json_object_get(machine, "name"));
	char *end;
	long long pid = strtoll(word, &end, 10);

	if (name && strcmp(name, word) == 0)
		return true;
	return *word && !*end &&
	       json_integer_value(json_object_get(machine, "pid")) == pid;
}

int kt_machines_find(json_t *list, const char *word, json_t **ret,
		     struct ktstr_error *err)
{
	struct kt_suggestion near = { .word = word };
	json_t *machine, *found = NULL;
	size_t i;

	json_array_foreach(list, i, machine)
	{
		kt_suggestion_offer(&near, json_string_value(json_object_get(
						   machine, "name")));
		if (!is_meant(machine, word))
			continue;
		if (found)
			return kt_err(err, -EEXIST,
				      "\"%s\" means several running machines, "
				      "which `ktstr ps` lists; use a name that "
				      "one of them alone has",
				      word);
		found = machine;
	}
	if (!found && near.best)
		return kt_err(err, -ENOENT,
			      "\"%s\" is neither a file nor a machine that is "
			      "running; did you mean \"%s\"?",
			      word, near.best);
	if (!found)
		return kt_err(err, -ENOENT,
			      "\"%s\" is neither a file nor the name or pid of "
			      "a machine that is running; `ktstr ps` lists "
			      "these",
			      word);
	*ret = found;
	return 0;
}
