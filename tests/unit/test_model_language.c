/* model/language.c */
#include "unit.h"

#include "model/language.h"

static void files_are_known_by_their_names(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum language_id id;
	} all[] = {{"a.c", LANGUAGE_C}, {"A.H", LANGUAGE_C}, {"x.tar.py", LANGUAGE_PYTHON},
		{"Makefile", LANGUAGE_MAKE}, {"CMakeLists.txt", LANGUAGE_CMAKE},
		{"notes.txt", LANGUAGE_TEXT}, {".bashrc", LANGUAGE_SHELL}, {"a", LANGUAGES},
		{"", LANGUAGES}, {".", LANGUAGES}, {"a.", LANGUAGES},
		{"a.averyverylongending", LANGUAGES}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (language_of_name(str_of(all[i].name)) != all[i].id)
			fail_msg("%s", all[i].name);
}

static void scripts_by_what_runs_them(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum language_id id;
	} all[] = {{"#!/bin/sh\n", LANGUAGE_SHELL},
		{"#!/usr/bin/env python3.11\n", LANGUAGE_PYTHON},
		{"#! /usr/bin/env -S node --x", LANGUAGE_JAVASCRIPT},
		{"#!/opt/unknown\n", LANGUAGES}, {"#!", LANGUAGES}, {"#!\n/bin/sh", LANGUAGES},
		{"int a;", LANGUAGES}, {"", LANGUAGES}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (language_of(STR("run"), str_of(all[i].text)) != all[i].id)
			fail_msg("%s", all[i].text);
	assert_int_equal(language_of(STR("a.c"), STR("#!/bin/sh\n")), LANGUAGE_C);
}

static void people_call_them_by_many_words(void **state)
{
	(void)state;
	assert_int_equal(language_called(STR("C++")), LANGUAGE_CPP);
	assert_int_equal(language_called(STR("sh")), LANGUAGE_SHELL);
	assert_int_equal(language_called(STR("")), LANGUAGES);
}

/* They are searched by halves. */
static void the_lists_are_in_order(void **state)
{
	(void)state;
	const char *before = "";
#define IN_ORDER(text, id)                         \
	if (strcmp(before, text) >= 0)             \
		fail_msg("%s is not after", text); \
	before = text;
#define LANGUAGE_ENDING IN_ORDER
#include "model/language.def"
#undef LANGUAGE_ENDING
	before = "";
#define LANGUAGE_WORD IN_ORDER
#include "model/language.def"
#undef LANGUAGE_WORD
	before = "";
#define LANGUAGE_FILE IN_ORDER
#include "model/language.def"
#undef LANGUAGE_FILE
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT_TEST(files_are_known_by_their_names),
		UNIT_TEST(scripts_by_what_runs_them),
		UNIT_TEST(people_call_them_by_many_words),
		UNIT_TEST(the_lists_are_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
