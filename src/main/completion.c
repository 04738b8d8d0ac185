#include "main/completion.h"

#include "base/map.h"

/* What may follow some words: "repo" is followed by "list", "create" …; "repo list" by "--json" … */
struct follower {
	struct str word, about;
	struct follower *next;
};

struct place {
	struct str words; /* "repo list" */
	struct follower *first, **end;
	struct place *next;
};

struct places {
	struct map by_words; /* to struct place */
	struct place *first, **end;
};

static struct place *place_of(struct arena *a, struct places *all, struct str words)
{
	void **slot = map_put(&all->by_words, words);
	struct place *place = *slot;
	if (place)
		return place;
	place = *slot = NEW(a, struct place);
	*place = (struct place){.words = words, .end = &place->first};
	*all->end = place;
	all->end = &place->next;
	return place;
}

static void follow(struct arena *a, struct place *place, struct str word, struct str about)
{
	for (const struct follower *f = place->first; f; f = f->next)
		if (str_eq(f->word, word))
			return;
	struct follower *one = NEW(a, struct follower);
	*one = (struct follower){word, about, NULL};
	*place->end = one;
	place->end = &one->next;
}

/* The options that a usage text names. */
static void add_options(struct arena *a, struct place *place, struct str usage)
{
	while (usage.len) {
		struct str word = str_cut(&usage, ' ');
		(void)str_skip(&word, STR("["));
		(void)str_skip_end(&word, STR("]"));
		struct str value = word;
		word = str_cut(&value, '=');
		if (str_starts(word, STR("--")))
			follow(a, place, word, STR(""));
	}
}

static void add_command(
	struct arena *a, struct places *all, const char *prefix, const struct command *command)
{
	struct str name = str_of(arena_fmt(a, "%s%s%s", prefix, *prefix ? " " : "", command->name));
	size_t at = 0;
	while (at < name.len) {
		struct str before = str_until(name, at ? at - 1 : 0);
		struct str rest = str_from_index(name, at), word = str_cut(&rest, ' ');
		bool last = at + word.len == name.len;
		follow(a, place_of(a, all, before), word, last ? str_of(command->about) : STR(""));
		at += word.len + 1;
	}
	add_options(a, place_of(a, all, name), str_of(command->usage));
	follow(a, place_of(a, all, name), STR("--help"), STR(""));
}

static void write_bash(const struct places *all, struct buf *out)
{
	buf_cstr(out, "_nimbus() {\n"
		      "\tlocal words= word line=\n"
		      "\tfor word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
		      "\t\tcase $line/$word in\n");
	for (const struct place *place = all->first; place; place = place->next)
		if (place->words.len) {
			size_t cut = str_find_last(place->words, ' ');
			bool deep = cut < place->words.len;
			struct str last =
				deep ? str_from_index(place->words, cut + 1) : place->words;
			buf_fmt(out, "\t\t'%.*s/%.*s') line='%.*s' ;;\n",
				STR_FMT(str_until(place->words, deep ? cut : 0)), STR_FMT(last),
				STR_FMT(place->words));
		}
	buf_cstr(out, "\t\tesac\n\tdone\n\tcase $line in\n");
	for (const struct place *place = all->first; place; place = place->next) {
		buf_fmt(out, "\t'%.*s') words='", STR_FMT(place->words));
		for (const struct follower *f = place->first; f; f = f->next)
			buf_fmt(out, "%s%.*s", f == place->first ? "" : " ", STR_FMT(f->word));
		buf_cstr(out, "' ;;\n");
	}
	buf_cstr(out, "\tesac\n"
		      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
		      "}\n"
		      "complete -o default -F _nimbus nimbus\n");
}

/* In single quotes of fish. */
static void write_quoted(struct str text, struct buf *out)
{
	buf_byte(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\'' || text.at[i] == '\\')
			buf_byte(out, '\\');
		buf_byte(out, text.at[i]);
	}
	buf_byte(out, '\'');
}

/* Arguments stand between a command and its options: so these are for any line that begins so. */
static void write_fish(const struct places *all, struct buf *out)
{
	buf_cstr(out, "function __nimbus_at\n"
		      "\tset -l words (commandline -opc)\n"
		      "\ttest \"$words[2..]\" = \"$argv\"\n"
		      "end\n"
		      "function __nimbus_in\n"
		      "\tset -l words (commandline -opc)\n"
		      "\tstring match -q -- \"$argv *\" \"$words[2..] \"\n"
		      "end\n");
	for (const struct place *place = all->first; place; place = place->next)
		for (const struct follower *f = place->first; f; f = f->next) {
			struct str option = f->word;
			bool is_option = str_skip(&option, STR("--"));
			buf_fmt(out, "complete -c nimbus -n '__nimbus_%s %.*s' %s %.*s",
				is_option ? "in" : "at", STR_FMT(place->words),
				is_option ? "-l" : "-f -a", STR_FMT(option));
			if (f->about.len) {
				buf_cstr(out, " -d ");
				write_quoted(f->about, out);
			}
			buf_byte(out, '\n');
		}
}

enum err completion_write(struct ctx *c, struct str shell, const struct completion_table *tables,
	size_t count, struct buf *out)
{
	struct places all = {.by_words = {.arena = c->arena}};
	all.end = &all.first;
	for (size_t i = 0; i < count; i++)
		for (size_t at = 0; at < tables[i].count; at++)
			add_command(c->arena, &all, tables[i].prefix, &tables[i].commands[at]);
	if (str_is(shell, "fish")) {
		write_fish(&all, out);
		return OK;
	}
	if (str_is(shell, "zsh"))
		buf_cstr(out, "autoload -Uz compinit bashcompinit\n(( $+functions[compdef] )) || "
			      "compinit\nbashcompinit\n");
	else if (!str_is(shell, "bash"))
		return fail(c, ERR_INVALID, "%.*s is not bash, zsh or fish", STR_FMT(shell));
	write_bash(&all, out);
	return OK;
}
