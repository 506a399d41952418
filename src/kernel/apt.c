// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/process.h"
#include "kernel/apt.h"
#include "kernel/cache.h"

/* apt's own time limits and retries come first, where they work: on a full
 * disk it waits for its own helper for ever. */
#define APT_SILENCE_MS (3 * 60 * 1000)

#if defined(__x86_64__)
#define DEBIAN_ARCHITECTURE "amd64"
#else
#define DEBIAN_ARCHITECTURE "arm64"
#endif
#define CLOUD_FLAVOUR "-cloud-" DEBIAN_ARCHITECTURE
#define RT_FLAVOUR    "-rt-" DEBIAN_ARCHITECTURE

static int out_of_memory(struct ktstr_error *err)
{
	return kt_err(err, -ENOMEM, "out of memory");
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && !strcmp(text + n - m, end);
}

void kt_apt_deinit(struct kt_apt *apt)
{
	free(apt->directory);
	free(apt->configuration);
	free(apt->downloads);
	kt_debian_sources_deinit(&apt->sources);
	kt_strbuf_deinit(&apt->names);
}

/* Runs one of apt's programs in our directory, so that it finds no file. */
static int run(struct kt_apt *apt, const char *const *argv,
	       struct kt_strbuf *output, struct kt_strbuf *errors,
	       struct ktstr_error *err)
{
	struct kt_process process = {
		.argv = argv,
		.package = "apt",
		.directory = apt->directory,
		.silence_ms = APT_SILENCE_MS,
		.errors = errors,
		.cancelled = apt->cancelled,
		.userdata = apt->userdata,
	};

	return kt_process_run(&process, output, err);
}

/* The machine's own sources, with the archives' origins if apt knows them. */
static int read_targets(struct kt_apt *apt, struct kt_strbuf *targets,
			struct ktstr_error *err)
{
	const char *argv[] = {"apt-get",
			      "indextargets",
			      "--format",
			      KT_DEBIAN_TARGET_FORMAT,
			      "Created-By: Packages",
			      NULL,
			      NULL};
	int r;

	r = run(apt, argv, targets, NULL, err);
	if (r || targets->length)
		return r;
	argv[5] = "--no-release-info";
	return run(apt, argv, targets, NULL, err);
}

static int write_configuration(struct kt_apt *apt, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf text = {0};
	int r;

	kt_strbuf_addf(&text, "Dir::Etc::SourceList \"%s/sources.list\";\n",
		       apt->directory);
	kt_strbuf_add(&text, "Dir::Etc::SourceParts \"/dev/null\";\n"
			     "Dir::Etc::Preferences \"/dev/null\";\n"
			     "Dir::Etc::PreferencesParts \"/dev/null\";\n");
	kt_strbuf_addf(&text, "Dir::State \"%s\";\n", apt->directory);
	kt_strbuf_addf(&text, "Dir::State::lists \"%s/lists\";\n",
		       apt->directory);
	kt_strbuf_addf(&text, "Dir::State::status \"%s/status\";\n",
		       apt->directory);
	kt_strbuf_addf(&text, "Dir::Cache \"%s\";\n", apt->directory);
	kt_strbuf_add(&text, "Dir::Cache::pkgcache \"\";\n"
			     "Dir::Cache::srcpkgcache \"\";\n"
			     "Acquire::Languages \"none\";\n"
			     "Acquire::Retries \"3\";\n"
			     "Acquire::http::Timeout \"30\";\n"
			     "Acquire::https::Timeout \"30\";\n"
			     "APT::Get::List-Cleanup \"false\";\n"
			     /* A sign of life while a download is slow. */
			     "APT::Status-Fd \"3\";\n"
			     /* Hooks that the system runs for itself. */
			     "#clear APT::Update::Pre-Invoke;\n"
			     "#clear APT::Update::Post-Invoke;\n"
			     "#clear APT::Update::Post-Invoke-Success;\n");
	/* Root's downloads are handed to a user who may not see our cache. */
	if (!geteuid())
		kt_strbuf_add(&text, "APT::Sandbox::User \"root\";\n");
	if (kt_strbuf_failed(&text))
		return out_of_memory(err);
	r = kt_write_file_atomic(apt->configuration, text.data, text.length,
				 0644);
	return r ? kt_err_errno(err, r, "cannot write %s", apt->configuration)
		 : 0;
}

static int write_file(struct kt_apt *apt, const char *name, const char *text,
		      struct ktstr_error *err)
{
	_cleanup_free_ char *path = kt_path_join(apt->directory, name);
	int r = path ? kt_write_file_atomic(path, text, strlen(text), 0644)
		     : -ENOMEM;

	return r ? kt_err_errno(err, r, "cannot write %s/%s", apt->directory, name)
		 : 0;
}

int kt_apt_init(struct kt_apt *apt, const char *suite,
		bool (*cancelled)(void *userdata), void *userdata,
		struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf targets = {0}, list = {0};
	static const char *const directories[] = {
		"apt/lists/partial", "apt/archives/partial", "apt/downloads"};
	int r;

	*apt = (struct kt_apt){.cancelled = cancelled, .userdata = userdata};
	for (size_t i = 0; i < KT_ARRAY_SIZE(directories); i++) {
		_cleanup_free_ char *made = NULL;

		r = kt_cache_dir(directories[i], &made, err);
		if (r)
			return r;
	}
	r = kt_cache_path("apt", &apt->directory, err);
	if (r)
		return r;
	if (strpbrk(apt->directory, "\"\\\n"))
		return kt_err(err, -EINVAL,
			      "apt cannot use a cache whose path holds quotes "
			      "or backslashes: %s",
			      apt->directory);
	apt->configuration = kt_path_join(apt->directory, "apt.conf");
	apt->downloads = kt_path_join(apt->directory, "downloads");
	if (!apt->configuration || !apt->downloads)
		return out_of_memory(err);
	r = read_targets(apt, &targets, err);
	if (!r)
		r = kt_debian_sources_plan(kt_strbuf_text(&targets), suite,
					   &apt->sources, err);
	if (r)
		return r;
	kt_debian_sources_print(&apt->sources, DEBIAN_ARCHITECTURE, &list);
	if (kt_strbuf_failed(&list))
		return out_of_memory(err);
	r = write_file(apt, "sources.list", kt_strbuf_text(&list), err);
	if (!r) /* nothing is installed, as far as this apt knows */
		r = write_file(apt, "status", "", err);
	return r ? r : write_configuration(apt, err);
}

int kt_apt_update(struct kt_apt *apt, struct kt_strbuf *complaints,
		  struct ktstr_error *err)
{
	const char *argv[] = {"apt-get",          "-q",     "-c",
			      apt->configuration, "update", NULL};
	int r = run(apt, argv, NULL, complaints, err);

	/* A suite that is not there makes it fail, although others are. */
	return r == -EREMOTEIO ? 0 : r;
}

void kt_apt_offers_deinit(struct kt_apt_offers *offers)
{
	free(offers->list);
	*offers = (struct kt_apt_offers){0};
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "6.18.15+deb13-cloud-amd64", but not the series' own "6.18-cloud-amd64". */
static bool is_point_release(const char *release)
{
	for (int dots = 0; dots < 2; dots++) {
		if (!is_digit(*release))
			return false;
		while (is_digit(*release))
			release++;
		if (dots &&
		    (!strncmp(release, "~rc", 3) || !strncmp(release, "-rc", 3)))
			return true;
		if (*release++ != '.')
			return false;
	}
	return is_digit(*release);
}

static int by_newest(const void *a, const void *b)
{
	const struct kt_apt_offer *left = a, *right = b;

	return -kt_release_compare(left->release, right->release);
}

/* Whether the lists have a package of that name with a version to install. */
static bool has_package(const struct kt_apt *apt, const char *name)
{
	size_t n = strlen(name);
	const char *at = kt_strbuf_text(&apt->names);

	for (; (at = strstr(at, name)); at += n) {
		if (at != apt->names.data && at[-1] == '\n' &&
		    (at[n] == '\n' || !at[n]))
			return true;
	}
	return false;
}

static bool has_part(const struct kt_apt *apt, const char *part,
		     const char *release)
{
	char name[KT_RELEASE_BYTES + 32];

	snprintf(name, sizeof(name), "linux-%s-%s", part, release);
	return has_package(apt, name);
}

static int add_offer(const struct kt_apt *apt, struct kt_apt_offers *offers,
		     const char *name)
{
	struct kt_apt_offer *grown;
	char release[KT_RELEASE_BYTES];

	if (kt_release_parse(name, strlen(name), release) ||
	    strcmp(name, release) || !is_point_release(release) ||
	    !ends_with(release, "-" DEBIAN_ARCHITECTURE))
		return 0;
	grown = reallocarray(offers->list, offers->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	offers->list = grown;
	grown += offers->n++;
	strcpy(grown->release, release);
	/* A kernel without a binary package has all in its image package. */
	grown->complete = has_part(apt, "modules", release) ||
			  !has_part(apt, "binary", release);
	return 0;
}

int kt_apt_offers(struct kt_apt *apt, struct kt_apt_offers *ret,
		  struct ktstr_error *err)
{
	static const char image[] = "linux-image-";
	const char *argv[] = {"apt-cache", "-c",     apt->configuration,
			      "pkgnames",  "linux-", NULL};
	_cleanup_(kt_apt_offers_deinit) struct kt_apt_offers offers = {0};
	_cleanup_free_ char *copy = NULL;
	char *rest, *name;
	int r;

	kt_strbuf_reset(&apt->names);
	kt_strbuf_add_char(&apt->names, '\n');
	r = run(apt, argv, &apt->names, NULL, err);
	if (r)
		return r;
	copy = strdup(kt_strbuf_text(&apt->names));
	if (!copy)
		return out_of_memory(err);
	rest = copy;
	while ((name = strsep(&rest, "\n"))) {
		if (!strncmp(name, image, strlen(image)) &&
		    add_offer(apt, &offers, name + strlen(image)))
			return out_of_memory(err);
	}
	if (offers.n)
		qsort(offers.list, offers.n, sizeof(*offers.list), by_newest);
	*ret = offers;
	offers = (struct kt_apt_offers){0};
	return 0;
}

const char *kt_apt_pick(const struct kt_apt_offers *offers, const char *version,
			bool complete)
{
	const char *other = NULL;

	for (size_t i = 0; i < offers->n; i++) {
		const char *release = offers->list[i].release;

		if (offers->list[i].complete == complete &&
		    !strcmp(release, version))
			return release;
	}
	for (size_t i = 0; i < offers->n; i++) {
		const char *release = offers->list[i].release;

		if (offers->list[i].complete != complete ||
		    (strcmp(version, "latest") &&
		     !kt_release_matches(release, version)))
			continue;
		if (ends_with(release, CLOUD_FLAVOUR))
			return release;
		if (!other && !ends_with(release, RT_FLAVOUR))
			other = release;
	}
	return other;
}

void kt_apt_packages_deinit(struct kt_apt_packages *packages)
{
	for (size_t i = 0; i < packages->n; i++) {
		free(packages->list[i].uri);
		free(packages->list[i].file);
		free(packages->list[i].hash);
	}
	packages->n = 0;
}

/* Names of the kernel's packages; each has to be freed. */
struct names {
	char *list[8];
	size_t n;
};

static void names_deinit(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
}

static int add_name(struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (!strcmp(names->list[i], name))
			return 0;
	}
	if (names->n == KT_ARRAY_SIZE(names->list))
		return 0;
	names->list[names->n] = strdup(name);
	return names->list[names->n++] ? 0 : -ENOMEM;
}

/* The image package and linux-SOMETHING-RELEASE of its dependencies. */
static int find_names(struct kt_apt *apt, const char *release,
		      struct names *names, struct ktstr_error *err)
{
	_cleanup_strbuf_ struct kt_strbuf record = {0};
	_cleanup_free_ char *image = NULL, *suffix = NULL;
	const char *argv[] = {"apt-cache",
			      "-c",
			      apt->configuration,
			      "show",
			      "--no-all-versions",
			      NULL,
			      NULL};
	char *field, *name;
	int r;

	if (asprintf(&image, "linux-image-%s", release) < 0) {
		image = NULL;
		return out_of_memory(err);
	}
	if (asprintf(&suffix, "-%s", release) < 0) {
		suffix = NULL;
		return out_of_memory(err);
	}
	argv[5] = image;
	r = run(apt, argv, &record, NULL, err);
	if (r)
		return r;
	if (add_name(names, image))
		return out_of_memory(err);
	field = strstr(kt_strbuf_text(&record), "\nDepends: ");
	if (!field)
		return 0;
	field += strlen("\nDepends: ");
	field[strcspn(field, "\n")] = '\0';
	while ((name = strsep(&field, " ,|"))) {
		/* Some dependencies left the archive with their source. */
		if (!strncmp(name, "linux-", 6) && ends_with(name, suffix) &&
		    has_package(apt, name) && add_name(names, name))
			return out_of_memory(err);
	}
	return 0;
}

/* One line of --print-uris: 'URI' FILE BYTES HASH */
static int parse_uri_line(char *line, struct kt_apt_packages *packages)
{
	struct kt_apt_package package = {0};
	char *uri, *file, *bytes, *hash = NULL;

	if (*line != '\'' || packages->n == KT_ARRAY_SIZE(packages->list))
		return 0;
	line++;
	uri = strsep(&line, "'");
	if (line && *line == ' ')
		line++;
	file = strsep(&line, " ");
	bytes = strsep(&line, " ");
	if (line)
		hash = strsep(&line, " ");
	if (!hash || strchr(file, '/') || strncmp(hash, "SHA", 3))
		return -EBADMSG;
	package.uri = strdup(uri);
	package.file = strdup(file);
	package.hash = strdup(hash);
	package.bytes = strtoull(bytes, NULL, 10);
	packages->list[packages->n++] = package;
	return package.uri && package.file && package.hash ? 0 : -ENOMEM;
}

int kt_apt_packages(struct kt_apt *apt, const char *release,
		    struct kt_apt_packages *ret, struct ktstr_error *err)
{
	_cleanup_(names_deinit) struct names names = {0};
	_cleanup_(kt_apt_packages_deinit) struct kt_apt_packages packages = {0};
	_cleanup_strbuf_ struct kt_strbuf output = {0};
	const char *argv[6 + KT_ARRAY_SIZE(names.list)] = {
		"apt-get", "-c", apt->configuration, "--print-uris", "download"};
	char *rest, *line;
	int r = find_names(apt, release, &names, err);

	if (r)
		return r;
	for (size_t i = 0; i < names.n; i++)
		argv[5 + i] = names.list[i];
	r = run(apt, argv, &output, NULL, err);
	if (r)
		return r;
	rest = output.data;
	while (!r && (line = strsep(&rest, "\n")))
		r = parse_uri_line(line, &packages);
	if (r == -ENOMEM)
		return out_of_memory(err);
	if (r || packages.n != names.n)
		return kt_err(err, -EBADMSG,
			      "apt names no download with a checksum for each "
			      "of the %zu packages of kernel %s",
			      names.n, release);
	*ret = packages;
	packages.n = 0;
	return 0;
}

/* What the waiting for a download has to do besides. */
struct download {
	struct kt_apt *apt;
	const char *part;
	void (*progress)(void *userdata, uint64_t bytes);
};

static bool watch_download(void *userdata)
{
	struct download *download = userdata;
	struct kt_apt *apt = download->apt;
	struct stat st;

	if (!stat(download->part, &st))
		download->progress(apt->userdata, (uint64_t)st.st_size);
	return apt->cancelled && apt->cancelled(apt->userdata);
}

/*
 * `apt-get download` would throw a partial file away, and take a whole one for
 * good by its size alone. apt-helper goes on with the one and checks the other.
 */
int kt_apt_download(struct kt_apt *apt, const struct kt_apt_package *package,
		    void (*progress)(void *userdata, uint64_t bytes),
		    struct ktstr_error *err)
{
	_cleanup_free_ char *whole = kt_path_join(apt->downloads, package->file);
	_cleanup_free_ char *part = NULL;
	struct download download = {.apt = apt, .progress = progress};
	const char *argv[] = {"apt-helper",
			      "-q",
			      "-c",
			      apt->configuration,
			      "download-file",
			      package->uri,
			      NULL,
			      package->hash,
			      NULL};
	struct kt_process process = {
		.argv = argv,
		.package = "apt",
		.directory = apt->directory,
		.silence_ms = APT_SILENCE_MS,
		.cancelled = watch_download,
		.userdata = &download,
	};
	int r;

	if (!whole || asprintf(&part, "%s.part", whole) < 0) {
		part = NULL;
		return out_of_memory(err);
	}
	/* Only a file that apt found right has this name. */
	if (!access(whole, R_OK)) {
		progress(apt->userdata, package->bytes);
		return 0;
	}
	download.part = part;
	argv[6] = part;
	r = kt_process_run(&process, NULL, err);
	if (r)
		return kt_err_context(err, r, "cannot download %s",
				      package->file);
	if (rename(part, whole) < 0)
		return kt_err_errno(err, -errno, "cannot rename %s", part);
	progress(apt->userdata, package->bytes);
	return 0;
}

int kt_apt_extract(struct kt_apt *apt, const struct kt_apt_package *package,
		   const char *directory, struct ktstr_error *err)
{
	_cleanup_free_ char *path = kt_path_join(apt->downloads, package->file);
	const char *argv[] = {"dpkg", "-x", path, directory, NULL};
	int r;

	if (!path)
		return out_of_memory(err);
	r = run(apt, argv, NULL, NULL, err);
	return r ? kt_err_context(err, r, "cannot unpack %s", package->file) : 0;
}
