/* The address of a server with whom to sign in as: a secret_set of a URL, a user and a password. */
#ifndef DRIVER_LOGIN_URL_H
#define DRIVER_LOGIN_URL_H

#include "port/secret.h"

/* The URL, with the user and the password in it where these are not empty, instead of its own. */
const char *login_url(struct arena *a, const struct secret_values *login);

#endif
