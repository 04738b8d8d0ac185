#include "web/agent.h"

#include "base/buf.h"

enum { SHOWN = 60 };

struct mark {
	const char *part, *name;
};

/* Each browser also says that it is those after it here. */
static const struct mark browsers[] = {
	{"Edg/", "Edge"},
	{"OPR/", "Opera"},
	{"Firefox/", "Firefox"},
	{"FxiOS/", "Firefox"},
	{"Chrome/", "Chrome"},
	{"CriOS/", "Chrome"},
	{"Safari/", "Safari"},
	{"curl/", "curl"},
};

static const struct mark systems[] = {
	{"Android", "Android"},
	{"iPhone", "iPhone"},
	{"iPad", "iPad"},
	{"Windows", "Windows"},
	{"Mac OS X", "macOS"},
	{"CrOS", "ChromeOS"},
	{"Linux", "Linux"},
};

static const char *find(struct str agent, const struct mark *marks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_find_str(agent, str_of(marks[i].part)) < agent.len)
			return marks[i].name;
	return NULL;
}

const char *agent_name(struct arena *a, struct str agent)
{
	const char *browser = find(agent, browsers, sizeof browsers / sizeof *browsers);
	const char *system = find(agent, systems, sizeof systems / sizeof *systems);
	if (browser && system)
		return arena_fmt(a, "%s on %s", browser, system);
	if (browser)
		return browser;
	struct str shown = str_until(agent, SHOWN);
	return shown.len ? arena_fmt(a, "%.*s", STR_FMT(shown)) : "Something without a name";
}

/* `part` is in small letters. */
static bool says(struct str agent, const char *part)
{
	struct str word = str_of(part);
	for (size_t i = 0; i + word.len <= agent.len; i++)
		if (str_eq_nocase(str_from(agent.at + i, word.len), word))
			return true;
	return false;
}

static bool says_any(struct str agent, const char *const *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (says(agent, parts[i]))
			return true;
	return false;
}

bool agent_is_crawler(struct str agent)
{
	static const char *const parts[] = {"bot", "crawl", "spider", "slurp", "scrap"};
	return says_any(agent, parts, sizeof parts / sizeof *parts);
}

bool agent_is_robot(struct str agent)
{
	static const char *const parts[] = {"agent", "mcp", "claude", "codex", "copilot", "cursor",
		"gemini", "gpt", "aider", "devin"};
	return says_any(agent, parts, sizeof parts / sizeof *parts);
}
