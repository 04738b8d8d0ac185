/* How main/ opens the drivers that ask a Kubernetes cluster. As driver/driver.h says of all. */
#ifndef DRIVER_KUBERNETES_H
#define DRIVER_KUBERNETES_H

#include "port/auth.h"
#include "port/db.h"
#include "port/policy.h"

/* Text is never NULL; "" where there is none. The texts are copied. */
struct kubernetes_options {
	const char *api; /* the API server's address; "": as these two tell in a pod */
	const char *host, *port;
	const char *ca;         /* as of driver/http_call.h */
	const char *token_file; /* our own service account's */
	const char *audiences;  /* that tokens must be for; "": for the API server itself */
	const char *accounts;   /* who works as whom: "ci:runner=robot, group:GROUP=robot" */
	const char *namespace;  /* whose rules count too; "": those of the whole cluster alone */
	int64_t timeout;        /* milliseconds that one request may take */
	int64_t cache;          /* milliseconds that an answer is good for */
};

/* Nothing is asked of the cluster yet. ERR_INVALID names the variable. */
enum err auth_kubernetes_open(struct ctx *c, const struct kubernetes_options *options,
	struct db *db, struct auth **out) MUST;
/* What service accounts may do is asked of the cluster; `inner`, which it then owns, judges by that. */
enum err policy_kubernetes_open(struct ctx *c, const struct kubernetes_options *options,
	struct policy *inner, struct policy **out) MUST;

#endif
