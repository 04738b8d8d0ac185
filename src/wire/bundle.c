#include "wire/bundle.h"

#include "base/buf.h"

enum err bundle_open(struct ctx *c, struct fetch *f)
{
	struct oid id;
	TRY(fetch_want_ref(c, f, f->snapshot->head, &id));
	f->ofs_delta = true;
	return OK;
}

/* Version 2 of the format knows SHA-1 alone. */
enum err bundle_send(struct ctx *c, struct fetch *f, struct sink *to)
{
	struct buf head = {.arena = c->arena};
	char hex[OID_HEX_MAX];
	enum hash_algo algo = f->snapshot->algo;
	if (algo == HASH_SHA1)
		buf_cstr(&head, "# v2 git bundle\n");
	else
		buf_fmt(&head, "# v3 git bundle\n@object-format=%s\n", object_format_name(algo));
	buf_fmt(&head, "%s %.*s\n\n", oid_hex(&f->wants.at[0], hex), STR_FMT(f->snapshot->head));
	TRY(sink_write(c, to, head.at, head.len));
	return fetch_send(c, f, to, NULL);
}
