#include "base/date.h"

/* A moment taken apart, by the calendar that has no exceptions. */
struct moment {
	int year, month, day; /* month and day from 1 */
	int hour, minute, second;
	int weekday; /* 0: Sunday */
};

enum { DAY = 86400 };

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char weekdays[] = "SunMonTueWedThuFriSat";

/* Years 1 to 9999: what four digits can say. Anybody may write any number into a commit. */
static int64_t clamp(int64_t seconds)
{
	const int64_t first = -62135596800, last = 253402300799;
	return seconds < first ? first : seconds > last ? last : seconds;
}

static struct moment moment_of(int64_t seconds)
{
	int64_t days = seconds / DAY, rest = seconds % DAY;
	if (rest < 0)
		rest += DAY, days--;
	/* Count from 1 March of year 0: leap days then come last in each year, cycle and era. */
	int64_t since = days + 719468;
	int64_t era = (since >= 0 ? since : since - 146096) / 146097;
	int64_t of_era = since - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	struct moment m = {
		.day = (int)(of_year - (153 * month + 2) / 5 + 1),
		.month = (int)(month < 10 ? month + 3 : month - 9),
		.hour = (int)(rest / 3600),
		.minute = (int)(rest / 60 % 60),
		.second = (int)(rest % 60),
		.weekday = (int)((days % 7 + 11) % 7), /* 1970 began on a Thursday */
	};
	m.year = (int)(year + era * 400 + (m.month <= 2));
	return m;
}

void date_rfc3339(int64_t seconds, char out[24])
{
	struct moment m = moment_of(clamp(seconds));
	fmt_into(out, 24, "%04d-%02d-%02dT%02d:%02d:%02dZ", m.year, m.month, m.day, m.hour,
		m.minute, m.second);
}

void date_http(int64_t seconds, char out[32])
{
	struct moment m = moment_of(clamp(seconds));
	fmt_into(out, 32, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", weekdays + 3 * m.weekday,
		m.day, months + 3 * (m.month - 1), m.year, m.hour, m.minute, m.second);
}

void date_git(int64_t seconds, int offset_minutes, char out[32])
{
	const int most = 99 * 60 + 59;
	int offset = offset_minutes < -most ? -most : offset_minutes > most ? most : offset_minutes;
	struct moment m = moment_of(clamp(clamp(seconds) + (int64_t)offset * 60));
	int size = offset < 0 ? -offset : offset;
	fmt_into(out, 32, "%04d-%02d-%02d %02d:%02d:%02d %c%02d%02d", m.year, m.month, m.day,
		m.hour, m.minute, m.second, offset < 0 ? '-' : '+', size / 60, size % 60);
}

void date_relative(int64_t seconds, int64_t now, char out[32])
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = {{"year", 365 * DAY}, {"month", 30 * DAY}, {"week", 7 * DAY}, {"day", DAY},
		{"hour", 3600}, {"minute", 60}};
	int64_t apart = clamp(now) - clamp(seconds);
	int64_t size = apart < 0 ? -apart : apart;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		long long count = size / units[i].seconds;
		if (count == 0)
			continue;
		fmt_into(out, 32, "%s%lld %s%s%s", apart < 0 ? "in " : "", count, units[i].name,
			count == 1 ? "" : "s", apart < 0 ? "" : " ago");
		return;
	}
	fmt_into(out, 32, "just now");
}

/* Exactly `digits` decimal digits at the beginning of *rest, and then `end` (0: whatever comes). */
static bool take_number(struct str *rest, size_t digits, char end, int *out)
{
	*out = 0;
	if (rest->len < digits + (end != 0))
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (rest->at[i] < '0' || rest->at[i] > '9')
			return false;
		*out = *out * 10 + (rest->at[i] - '0');
	}
	if (end && rest->at[digits] != end)
		return false;
	*rest = str_from_index(*rest, digits + (end != 0));
	return true;
}

static int days_of_month(int year, int month)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	if (month == 2)
		return leap ? 29 : 28;
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* moment_of the other way round. */
static int64_t seconds_of(const struct moment *m)
{
	int64_t year = m->year - (m->month <= 2);
	int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
	int64_t month = m->month > 2 ? m->month - 3 : m->month + 9;
	int64_t of_year = (153 * month + 2) / 5 + m->day - 1;
	int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
	return days * DAY + m->hour * 3600 + m->minute * 60 + m->second;
}

/* ".25": of no consequence, but a digit there must be. */
static bool skip_fraction(struct str *rest)
{
	if (!str_skip(rest, STR(".")))
		return true;
	size_t digits = 0;
	while (digits < rest->len && rest->at[digits] >= '0' && rest->at[digits] <= '9')
		digits++;
	*rest = str_from_index(*rest, digits);
	return digits > 0;
}

/* "Z", "+01:00": how far ahead of UTC the clock was, in seconds. */
static bool take_offset(struct str *rest, int *out)
{
	int hours, minutes;
	*out = 0;
	if (str_skip(rest, STR("Z")) || str_skip(rest, STR("z")))
		return true;
	bool behind = str_skip(rest, STR("-"));
	if (!behind && !str_skip(rest, STR("+")))
		return false;
	if (!take_number(rest, 2, ':', &hours) || !take_number(rest, 2, 0, &minutes) ||
		hours > 23 || minutes > 59)
		return false;
	*out = (behind ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

static bool parse_rfc3339(struct str rest, int64_t *seconds)
{
	struct moment m = {0};
	int offset;
	if (!take_number(&rest, 4, '-', &m.year) || !take_number(&rest, 2, '-', &m.month) ||
		!take_number(&rest, 2, 0, &m.day))
		return false;
	if (!str_skip(&rest, STR("T")) && !str_skip(&rest, STR("t")) && !str_skip(&rest, STR(" ")))
		return false;
	if (!take_number(&rest, 2, ':', &m.hour) || !take_number(&rest, 2, ':', &m.minute) ||
		!take_number(&rest, 2, 0, &m.second) || !skip_fraction(&rest) ||
		!take_offset(&rest, &offset) || rest.len)
		return false;
	if (m.year < 1 || m.month < 1 || m.month > 12 || m.day < 1 ||
		m.day > days_of_month(m.year, m.month) || m.hour > 23 || m.minute > 59 ||
		m.second > 60) /* a leap second */
		return false;
	*seconds = seconds_of(&m) - offset;
	return true;
}

/* Only what date_http makes of the same moment is right: the weekday too, and no 31 June. */
bool date_http_parse(struct str text, int64_t *seconds)
{
	struct moment m = {0};
	struct str rest = str_from_index(text, text.len < 5 ? text.len : 5);
	char again[32];
	if (!take_number(&rest, 2, ' ', &m.day))
		return false;
	for (m.month = 1; m.month < 12; m.month++)
		if (str_starts(rest, str_from(months + 3 * (m.month - 1), 3)))
			break;
	rest = str_from_index(rest, rest.len < 4 ? rest.len : 4);
	if (!take_number(&rest, 4, ' ', &m.year) || !take_number(&rest, 2, ':', &m.hour) ||
		!take_number(&rest, 2, ':', &m.minute) || !take_number(&rest, 2, ' ', &m.second))
		return false;
	*seconds = seconds_of(&m);
	date_http(*seconds, again);
	return str_is(text, again);
}

bool date_parse(struct str text, int64_t *seconds)
{
	uint64_t number;
	if (!str_to_u64(text, &number))
		return parse_rfc3339(text, seconds);
	*seconds = (int64_t)number;
	return number <= 253402300799;
}
