/*
 * A question of port/policy.h as the JSON that a policy elsewhere is asked with: docs/policy.md tells of it,
 * proto/policy-input.schema.json is its schema. Whatever is changed there in another way than by adding a
 * member counts POLICY_INPUT_REVISION up.
 */
#ifndef DRIVER_POLICY_INPUT_H
#define DRIVER_POLICY_INPUT_H

#include "base/json.h"
#include "port/policy.h"

enum { POLICY_INPUT_REVISION = 1 };

/* Members of an object that has begun: who asks, and from where; no time. */
void policy_input_principal(struct json_writer *w, const struct actor *who);
/* Members: the time. */
void policy_input_time(struct json_writer *w, int64_t microseconds);
/* Members: what they want to do. */
void policy_input_question(struct json_writer *w, const struct policy_question *q);

#endif
