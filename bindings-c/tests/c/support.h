/* What the C tests share: the sandbox as a child process, its own routes over HTTP, temporary folders. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <jansson.h>
#include <kinde_migrate.h>
#include <stddef.h>
#include <sys/types.h>

#define CLIENT_ID "c-tests"
#define CLIENT_SECRET "c-tests-secret-3f1d"

struct sandbox {
    pid_t pid;
    char url[128];
};

/* Says why and ends the program with status 1. */
void die(const char *format, ...);

/* Forgets every variable the library could read, so that a developer's own settings change nothing. */
void clean_environment(void);

/* Starts `kinde-migrate sandbox`; it is ended with the program at the latest. */
void sandbox_start(struct sandbox *sandbox);
void sandbox_stop(struct sandbox *sandbox);

/* GET, or POST with a body. The answer is the caller's; the program ends where there is none. */
json_t *sandbox_get(const struct sandbox *sandbox, const char *path);
json_t *sandbox_post(const struct sandbox *sandbox, const char *path, json_t *body);

/* How many users there are, and whether one can sign in. */
int sandbox_users(const struct sandbox *sandbox);
int sandbox_sign_in(const struct sandbox *sandbox, const char *email, const char *password);

/* A new folder for a ledger, and its end. */
void folder_make(char *path, size_t size);
void folder_remove(const char *path);

/* A migrator for the sandbox, with its ledger in that folder and one more setting where `name` is given. */
kinde_migrator *migrator_for(const char *domain, const char *folder, const char *name, const char *value);

/* One verb with the usual fields; NULL leaves one out. */
kinde_outcome *migrate(const kinde_migrator *migrator, const char *email, const char *password, const char *version);

double seconds_now(void);

#endif
