/*
 * The XML that S3 and STS answer with: elements and their text, into an arena.
 *
 * Strict and small: one root; no document type, so no entities but the five that XML has and
 * characters by number; comments, attributes and processing instructions are read over. Depth,
 * elements and lengths are capped. Names come without their prefix.
 */
#ifndef DRIVER_S3_XML_H
#define DRIVER_S3_XML_H

#include "base/ctx.h"
#include "base/str.h"

enum { S3_XML_DEPTH = 16, S3_XML_ELEMENTS = 50000, S3_XML_MAX = 8 << 20 };

struct s3_xml {
	struct str name;
	struct str text; /* all of the element's own text, decoded */
	struct s3_xml *first, *next;
};

/* ERR_INVALID with the byte's position on anything that is not one such document. */
enum err s3_xml_parse(struct ctx *c, struct str text, struct s3_xml **out) MUST;

/* The same for what a server answered: then it is ERR_UNAVAILABLE. */
enum err s3_xml_answer(struct ctx *c, struct str text, struct s3_xml **out) MUST;

/* The first child of that name, or NULL (also when `parent` is NULL). */
const struct s3_xml *s3_xml_get(const struct s3_xml *parent, const char *name);
/* Its text; empty where it is missing. */
struct str s3_xml_text(const struct s3_xml *parent, const char *name);

/* "2026-11-23T15:34:32Z", fractions allowed, as seconds since 1970. False on anything else. */
bool s3_xml_time(struct str text, int64_t *seconds);

#endif
