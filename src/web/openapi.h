/* proto/openapi.yaml, built in: as it stands, and as JSON. tools/openapi.c makes them. */
#ifndef WEB_OPENAPI_H
#define WEB_OPENAPI_H

#include "base/str.h"

extern const struct str openapi_yaml, openapi_json;

#endif
