/* Texts that are shown as something else than lines. Both leave *out NULL where the text is not what its name says. */
#ifndef CORE_BROWSE_TEXT_H
#define CORE_BROWSE_TEXT_H

#include "core/browse.h"
#include "model/notebook.h"

/* A Jupyter notebook, nbformat 4: its cells, and of their outputs what is text. */
enum err browse_notebook(struct ctx *c, struct browse *b, const struct revision *rev,
	const struct file *file, const struct notebook **out) MUST;

/* Records with commas (".csv") or tabs (".tsv") between their fields. */
enum err browse_records(struct ctx *c, const struct file *file, const struct text_table **out) MUST;

/* How many lines it has; the last one needs no newline. */
long long browse_line_count(struct str text);

/* Renders a piece of Markdown that stands in a file; empty where it cannot be. */
enum err browse_render_text(struct ctx *c, struct browse *b, const struct revision *rev,
	const struct file *file, struct str text, struct str *html) MUST;

#endif
