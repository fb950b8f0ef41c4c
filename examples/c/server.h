#ifndef SERVER_H
#define SERVER_H

#include "login.h"

/* POST /login, /signup and /password on 127.0.0.1 until SIGINT or SIGTERM; 0 picks a port. */
int serve(const struct application *app, unsigned short port);

#endif
