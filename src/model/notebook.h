/* A Jupyter notebook (nbformat 4) as text, and a table of records (RFC 4180). In the request's arena. */
#ifndef MODEL_NOTEBOOK_H
#define MODEL_NOTEBOOK_H

#include "base/str.h"
#include "model/highlight.h"

enum cell_kind { CELL_CODE, CELL_MARKUP, CELL_RAW };

struct cell_output {
	struct str text;  /* what it printed, or its value as text */
	struct str other; /* the media type of what is not shown: "image/png"; empty: none */
	bool failed;      /* an exception, or written to stderr */
};

struct cell {
	enum cell_kind kind;
	int64_t number; /* of its execution; 0: none */
	struct str source;
	struct spans spans; /* CELL_CODE */
	struct str html;    /* CELL_MARKUP, rendered; empty where it could not be */
	const struct cell_output *outputs;
	size_t output_count;
};

struct notebook {
	struct str language; /* "python"; may be empty */
	const struct cell *at;
	size_t count, total; /* total is more where there are too many to show */
};

struct record {
	const struct str *fields;
	size_t count;
};

struct text_table {
	const struct record *at; /* the first is the heading */
	size_t count;
	size_t columns; /* of the longest */
	bool more;      /* rows, or columns, that are not shown */
};

#endif
