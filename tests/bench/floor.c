/*
 * The floor: a server that has every answer ready. It is given a folder of pairs, N.request and N.answer, keeps
 * them in memory and sends to whoever sends a request, byte for byte, its answer. No server that has to make,
 * look up or frame anything can need less.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAIRS_MAX = 16, REQUEST_MAX = 1 << 20 };

struct bytes {
	char *at;
	size_t len;
};

static struct bytes requests[PAIRS_MAX], answers[PAIRS_MAX];
static int count;

/* False: there is no such file. */
static int load(const char *folder, int number, const char *kind, struct bytes *out)
{
	char path[4096];
	struct stat st;
	snprintf(path, sizeof path, "%s/%d.%s", folder, number, kind);
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) != 0)
		return 0;
	out->at = malloc((size_t)st.st_size + 1);
	while (out->at && out->len < (size_t)st.st_size) {
		ssize_t got = read(fd, out->at + out->len, (size_t)st.st_size - out->len);
		if (got <= 0)
			exit(1);
		out->len += (size_t)got;
	}
	close(fd);
	return out->at != NULL;
}

/* The answer to what was asked; NULL: the request goes on. */
static const struct bytes *find(const char *request, size_t len)
{
	for (int i = 0; i < count; i++) {
		if (requests[i].len == len && memcmp(requests[i].at, request, len) == 0)
			return &answers[i];
	}
	return NULL;
}

static void serve(int fd)
{
	static char request[REQUEST_MAX];
	size_t have = 0;
	ssize_t got = 0;
	while (have < sizeof request &&
		(got = read(fd, request + have, sizeof request - have)) > 0) {
		have += (size_t)got;
		const struct bytes *answer = find(request, have);
		if (!answer)
			continue;
		for (size_t sent = 0; sent < answer->len; sent += (size_t)got) {
			got = send(fd, answer->at + sent, answer->len - sent, MSG_NOSIGNAL);
			if (got <= 0)
				return;
		}
		have = 0;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	if (argc != 3)
		return 2;
	here.sin_port = htons((uint16_t)atoi(argv[1]));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	while (count < PAIRS_MAX && load(argv[2], count, "request", &requests[count]) &&
		load(argv[2], count, "answer", &answers[count]))
		count++;
	if (!count || bind(listener, (struct sockaddr *)&here, sizeof here) != 0 ||
		listen(listener, 16) != 0)
		return 1;
	for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; close(fd))
		serve(fd);
	return 1;
}
