/*
 * Other hosts that pictures in a page may come from. Each learns the addresses of who reads it, so that there are none
 * unless the owner names them.
 */
#ifndef MODEL_IMAGE_HOSTS_H
#define MODEL_IMAGE_HOSTS_H

#include "base/ctx.h"
#include "base/str.h"

enum { IMAGE_HOSTS_MAX = 32, HOST_NAME_MAX_BYTES = 253 };

struct image_hosts {
	const struct str *at; /* "img.example.org", "img.example.org:8443" */
	size_t count;
	struct str
		sources; /* " https://img.example.org …": of a Content-Security-Policy's img-src */
};

/*
 * Reads "img.example.org, img.example.org:8443", which must live as long as *out; the rest is in c->arena. ERR_INVALID
 * names what is no host's name, or there twice, and says when there are too many.
 */
enum err image_hosts_parse(struct ctx *c, struct str text, struct image_hosts *out) MUST;

/* Whose is this URL, as a browser reads it: "img.example.org" of "https://me@img.example.org:443/x.png"? Empty: nobody's. */
struct str image_host_of(struct str url);

/* May a page load this URL? Only over https. `all` may be NULL: none. */
bool image_hosts_allow(const struct image_hosts *all, struct str url);

#endif
