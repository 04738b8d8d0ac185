/*
 * libpq's functions that db_postgres.c calls, as pq.exec for PQexec. The library is loaded when a
 * database is opened (os/library.h).
 */
#ifndef DRIVER_LIBPQ_H
#define DRIVER_LIBPQ_H

#include <libpq-fe.h>

#define LIBPQ(X)                  \
	X(clear)                  \
	X(cmdStatus)              \
	X(cmdTuples)              \
	X(connectPoll)            \
	X(connectStartParams)     \
	X(connectionUsedPassword) \
	X(conninfoFree)           \
	X(conninfoParse)          \
	X(consumeInput)           \
	X(enterPipelineMode)      \
	X(errorMessage)           \
	X(finish)                 \
	X(flush)                  \
	X(freemem)                \
	X(ftype)                  \
	X(getResult)              \
	X(getisnull)              \
	X(getlength)              \
	X(getvalue)               \
	X(host)                   \
	X(isBusy)                 \
	X(nfields)                \
	X(pipelineSync)           \
	X(port)                   \
	X(resultErrorField)       \
	X(resultStatus)           \
	X(sendPrepare)            \
	X(sendQuery)              \
	X(sendQueryPrepared)      \
	X(serverVersion)          \
	X(setNoticeReceiver)      \
	X(setSingleRowMode)       \
	X(setnonblocking)         \
	X(socket)                 \
	X(status)                 \
	X(transactionStatus)

struct libpq {
#define POINTER(function) __typeof__(PQ##function) *function;
	LIBPQ(POINTER)
#undef POINTER
};

#endif
