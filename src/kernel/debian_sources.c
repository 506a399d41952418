// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "kernel/debian_sources.h"

#define SOURCES_FILE_MAX_BYTES (1 * KT_MIB)
#define DEFAULT_KEYRING        "/usr/share/keyrings/debian-archive-keyring.gpg"

/* One line of apt's answer, cut into fields; borrows from the line. */
struct target {
	const char *origin;
	const char *release;
	const char *component;
	const char *uri;
	const char *entry; /* FILE:LINE, for .sources files FILE:STANZA */
};

struct targets {
	char *text;
	struct target list[256];
	size_t n;
};

static void targets_deinit(struct targets *targets)
{
	free(targets->text);
}

void kt_debian_sources_deinit(struct kt_debian_sources *sources)
{
	for (size_t i = 0; i < sources->n; i++) {
		free(sources->list[i].uri);
		free(sources->list[i].suite);
		free(sources->list[i].keyring);
	}
	sources->n = 0;
}

static bool starts_with(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

/* Whether the last part of the path is "debian", "debian-security" or so. */
static bool has_debian_path(const char *uri)
{
	size_t n = strlen(uri);

	while (n && uri[n - 1] == '/')
		n--;
	while (n && uri[n - 1] != '/')
		n--;
	return starts_with(uri + n, "debian");
}

static bool is_debian(const struct target *target)
{
	if (strcmp(target->component, "main") ||
	    starts_with(target->uri, "cdrom:"))
		return false;
	/* Unknown fields come back as they were asked for. */
	if (*target->origin && *target->origin != '$')
		return starts_with(target->origin, "Debian");
	return has_debian_path(target->uri);
}

static int parse_targets(const char *text, struct targets *ret)
{
	char *rest, *line;

	ret->text = strdup(text);
	if (!ret->text)
		return -ENOMEM;
	rest = ret->text;
	while ((line = strsep(&rest, "\n")) && ret->n < KT_ARRAY_SIZE(ret->list)) {
		struct target target = {
			.origin = strsep(&line, "|"),
			.release = strsep(&line, "|"),
			.component = strsep(&line, "|"),
			.uri = strsep(&line, "|"),
			.entry = strsep(&line, "|"),
		};

		if (target.entry && is_debian(&target))
			ret->list[ret->n++] = target;
	}
	return 0;
}

static bool is_security(const char *release)
{
	return ends_with(release, "-security") ||
	       ends_with(release, "/updates");
}

/* The target of that very release; else any of the security kind or not. */
static const struct target *find_target(const struct targets *targets,
					const char *release)
{
	const struct target *other = NULL;

	for (size_t i = 0; i < targets->n; i++) {
		const struct target *target = &targets->list[i];

		if (!strcmp(target->release, release))
			return target;
		if (!other && is_security(target->release) == is_security(release))
			other = target;
	}
	return other;
}

/* The path behind `signed-by=` or `Signed-By:`; NULL if it is no path. */
static char *take_path(const char *at)
{
	size_t n;

	at += strspn(at, " \t");
	n = strcspn(at, " \t\n],");
	return *at == '/' ? strndup(at, n) : NULL;
}

/* deb [arch=amd64 signed-by=/path] uri suite component */
static char *keyring_of_line(char *text, unsigned long number)
{
	char *line = NULL, *option;

	for (unsigned long i = 0; i < number && text; i++)
		line = strsep(&text, "\n");
	option = line ? strcasestr(line, "signed-by=") : NULL;
	return option ? take_path(option + strlen("signed-by=")) : NULL;
}

/* Stanzas of "Field: value" lines with empty lines between them. */
static char *keyring_of_stanza(char *text, unsigned long number)
{
	unsigned long stanza = 0;
	bool inside = false;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		if (!line[strspn(line, " \t\r")]) {
			inside = false;
			continue;
		}
		if (*line == '#')
			continue;
		if (!inside)
			stanza++;
		inside = true;
		if (stanza == number && !strncasecmp(line, "Signed-By:", 10))
			return take_path(line + 10);
	}
	return NULL;
}

static char *find_keyring(const char *entry)
{
	_cleanup_free_ char *file = strdup(entry), *text = NULL;
	char *keyring = NULL, *colon = file ? strrchr(file, ':') : NULL;
	unsigned long number;

	if (colon) {
		*colon = '\0';
		number = strtoul(colon + 1, NULL, 10);
		if (!kt_read_file(file, SOURCES_FILE_MAX_BYTES, &text, NULL))
			keyring = ends_with(file, ".sources")
					  ? keyring_of_stanza(text, number)
					  : keyring_of_line(text, number);
	}
	if (!keyring && !access(DEFAULT_KEYRING, R_OK))
		keyring = strdup(DEFAULT_KEYRING);
	return keyring;
}

static int add_source(struct kt_debian_sources *sources,
		      const struct target *target, const char *suite)
{
	struct kt_debian_source source;

	for (size_t i = 0; i < sources->n; i++) {
		if (!strcmp(sources->list[i].suite, suite))
			return 0;
	}
	if (sources->n == KT_ARRAY_SIZE(sources->list))
		return 0;
	source = (struct kt_debian_source){
		.uri = strdup(target->uri),
		.suite = strdup(suite),
		.keyring = find_keyring(target->entry),
	};
	sources->list[sources->n++] = source;
	return source.uri && source.suite ? 0 : -ENOMEM;
}

/* The suites that carry kernels for guests, the newest first. */
static const char *const kernel_suites[] = {
	"trixie-backports",
	"bookworm-security",
	"bookworm",
};

int kt_debian_sources_plan(const char *targets_text, const char *suite,
			   struct kt_debian_sources *ret, struct ktstr_error *err)
{
	_cleanup_(targets_deinit) struct targets targets = {0};
	_cleanup_(kt_debian_sources_deinit) struct kt_debian_sources sources = {0};
	const struct target *target;
	int r = parse_targets(targets_text, &targets);

	for (size_t i = 0; !r && i < KT_ARRAY_SIZE(kernel_suites); i++) {
		const char *name = suite ? suite : kernel_suites[i];

		target = find_target(&targets, name);
		if (target)
			r = add_source(&sources, target, name);
	}
	for (size_t i = 0; !r && !suite && i < targets.n; i++)
		r = add_source(&sources, &targets.list[i],
			       targets.list[i].release);
	if (r)
		return kt_err(err, r, "out of memory");
	if (!sources.n && suite && targets.n)
		return kt_err(
			err, -EINVAL,
			"this machine's apt sources name no Debian mirror "
			"that could have the suite \"%s\"",
			suite);
	if (!sources.n)
		return kt_err_kind(
			err, KTSTR_ERROR_ENVIRONMENT, -ENOENT,
			"this machine's apt sources name no Debian "
			"mirror to fetch kernels from (see "
			"sources.list(5)); a kernel image of your own "
			"needs none");
	*ret = sources;
	sources.n = 0;
	return 0;
}

void kt_debian_sources_print(const struct kt_debian_sources *sources,
			     const char *architecture, struct kt_strbuf *out)
{
	for (size_t i = 0; i < sources->n; i++) {
		const struct kt_debian_source *source = &sources->list[i];

		kt_strbuf_addf(out, "deb [arch=%s", architecture);
		if (source->keyring)
			kt_strbuf_addf(out, " signed-by=%s", source->keyring);
		kt_strbuf_addf(out, "] %s %s main\n", source->uri, source->suite);
	}
}

void kt_debian_sources_name(const struct kt_debian_sources *sources,
			    struct kt_strbuf *out)
{
	for (size_t i = 0; i < sources->n; i++) {
		if (i)
			kt_strbuf_add(out, i + 1 == sources->n ? " and " : ", ");
		kt_strbuf_add(out, sources->list[i].suite);
	}
}
