#include "main/place.h"

#include "base/buf.h"
#include "driver/driver.h"
#include "main/drivers.h"
#include "os/file.h"

#include <sys/stat.h>

enum { CONNECTIONS = 2 };

bool place_is_server(const char *place)
{
	return strstr(place, "://") != NULL;
}

/* Of an address that has a password in it, only what kind it is may be told. */
static struct str scheme_of(const char *place)
{
	struct str rest = str_of(place);
	return str_cut(&rest, ':');
}

enum err place_blobs(
	struct ctx *c, const struct config *config, const char *place, bool make, struct blob **out)
{
	struct stat info;
	if (str_starts(str_of(place), STR("s3://")))
		return drivers_bucket(c, config, place, out);
	if (place_is_server(place))
		return fail(c, ERR_UNSUPPORTED,
			"packs cannot be kept at %.*s://: name a folder, or s3://BUCKET…",
			STR_FMT(scheme_of(place)));
	if (!make && stat(place, &info) != 0)
		return fail_errno(c, "open", place);
	return blob_local_open(c, place, 0, out);
}

enum err place_database(struct ctx *c, const char *place, struct db **out)
{
	struct str url = str_of(place);
	if (str_starts(url, STR("postgres://")) || str_starts(url, STR("postgresql://")))
		return db_postgres_open(c, place, CONNECTIONS, out);
	if (place_is_server(place))
		return fail(c, ERR_UNSUPPORTED,
			"a database cannot be kept at %.*s://: name postgres://… or a folder",
			STR_FMT(scheme_of(place)));
	TRY(folder_make(c, place));
	return db_sqlite_open(c, arena_fmt(c->arena, "%s/nimbus.db", place), out);
}

bool place_same(const char *a, const char *b)
{
	struct stat one, other;
	if (place_is_server(a) || place_is_server(b))
		return strcmp(a, b) == 0;
	return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_dev == other.st_dev &&
	       one.st_ino == other.st_ino;
}
