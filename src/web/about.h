/* What main knows of the process, for the owner to see. */
#ifndef WEB_ABOUT_H
#define WEB_ABOUT_H

#include "model/instance.h"

struct web_about {
	const char *roles;                 /* "git,web" */
	const char *home;                  /* the folder of its data */
	const char *kinds[INSTANCE_PORTS]; /* what the database, the blob store and the kv are */
	const struct instance_setting *settings;
	size_t setting_count;
};

#endif
