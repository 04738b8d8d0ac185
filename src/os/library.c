#include "os/library.h"

#include <dlfcn.h>

enum err library_load(struct ctx *c, const char *file, const char *package, void **table,
	const char *const *names, size_t count)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return fail(c, ERR_UNSUPPORTED, "this needs %s: install the package %s (%s)", file,
			package, dlerror());
	for (size_t i = 0; i < count; i++) {
		table[i] = dlsym(library, names[i]);
		if (!table[i])
			return fail(c, ERR_UNSUPPORTED, "%s has no %s: install a newer %s", file,
				names[i], package);
	}
	return OK;
}
