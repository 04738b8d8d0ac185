/*
 * The API server of a Kubernetes cluster, as much of it as it takes to ask who somebody is and what they may do:
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/ and
 * …/authorization-resources/subject-access-review-v1/. Whoever runs us gives our own service account the
 * cluster role system:auth-delegator, which is both.
 *
 * Safe for any number of threads. What the server says is an answer of somebody else: capped, and never
 * believed to hold what it should.
 */
#ifndef DRIVER_KUBE_API_H
#define DRIVER_KUBE_API_H

#include "base/json.h"
#include "driver/kubernetes.h"

struct kube_api;

/* Nothing is asked yet. ERR_INVALID names the setting that makes no sense. */
enum err kube_api_open(
	struct ctx *c, const struct kubernetes_options *options, struct kube_api **out) MUST;
void kube_api_close(struct kube_api *k);

/* Creates a review, `body`, at `path`, signed in by the token in our file as it is now. *status: what it is
 * found to be. Of whatever kind the trouble is, ERR_UNAVAILABLE; or ERR_CANCELED. */
enum err kube_api_review(struct ctx *c, struct kube_api *k, const char *path, struct str body,
	const struct json **status) MUST;

#endif
