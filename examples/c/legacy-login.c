/*
 * A legacy login: it checks passwords against a crypt(3) file, and hands each user to Kinde when their password
 * has been accepted, written or changed. See README.md.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <kinde_migrate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "login.h"
#include "server.h"

#define PASSWORD_SIZE 4098

static const char usage[] =
    "usage: legacy-login [--users FILE] login EMAIL    check a password (from stdin)\n"
    "       legacy-login [--users FILE] signup EMAIL   a new user\n"
    "       legacy-login [--users FILE] passwd EMAIL   a new password (the old one, then the new one)\n"
    "       legacy-login [--users FILE] serve [--port N]\n"
    "       legacy-login [--users FILE] seed EMAIL     a user from before Kinde\n"
    "       legacy-login drain                         deliver what Kinde is owed\n"
    "FILE is users.crypt unless given. Kinde is set by KINDE_DOMAIN, KINDE_MANAGEMENT_CLIENT_ID,\n"
    "KINDE_MANAGEMENT_CLIENT_SECRET and the other variables of kinde_migrate(3).\n";

/* One line from stdin, without echo on a terminal. */
static bool read_password(const char *prompt, char password[PASSWORD_SIZE]) {
    struct termios before, silent;
    bool tty = tcgetattr(STDIN_FILENO, &before) == 0;
    if (tty) {
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        fputs(prompt, stderr);
    }
    bool ok = fgets(password, PASSWORD_SIZE, stdin) != NULL;
    if (tty) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    size_t len = ok ? strcspn(password, "\r\n") : 0;
    ok = ok && (password[len] != '\0' || feof(stdin)); /* a longer line would be cut */
    password[len] = '\0';
    return ok;
}

/* What Kinde's library has to say goes to the log of this application. */
static void log_notice(kinde_code code, const char *message, void *context) {
    (void)context;
    fprintf(stderr, "kinde: %s [%s]\n", message, kinde_code_name(code));
}

static int drain(const struct application *app) {
    kinde_drained drained = KINDE_DRAINED_INIT;
    kinde_error *error = NULL;
    if (kinde_migrator_drain(app->kinde, 1000, 30.0, &drained, &error) != KINDE_OK) {
        fprintf(stderr, "kinde: %s\n", kinde_error_message(error));
        kinde_error_free(error);
        return 1;
    }
    printf("%u delivered, %u dropped, %llu left\n", (unsigned)drained.delivered, (unsigned)drained.dropped,
           (unsigned long long)drained.left);
    return drained.left != 0;
}

static int say(enum users_result result, const char *done) {
    static const char *const texts[] = {"", "wrong e-mail or password", "there is such a user already",
                                        "the users cannot be written"};
    puts(result == USERS_OK ? done : texts[result]);
    return result != USERS_OK;
}

static int run(const struct application *app, const char *verb, const char *argument) {
    char password[PASSWORD_SIZE] = "", fresh[PASSWORD_SIZE] = "", stored[HASH_SIZE];
    bool changes = strcmp(verb, "passwd") == 0;
    int status = 2;
    if (!read_password(changes ? "Old password: " : "Password: ", password) ||
        (changes && !read_password("New password: ", fresh))) {
        fputs("no password on stdin\n", stderr);
    } else if (strcmp(verb, "login") == 0) {
        status = say(sign_in(app, argument, password), "signed in");
    } else if (strcmp(verb, "signup") == 0) {
        status = say(sign_up(app, argument, password), "signed up");
    } else if (changes) {
        status = say(change_password(app, argument, password, fresh), "password changed");
    } else {
        status = say(users_add(app->users, argument, password, stored), "written");
    }
    explicit_bzero(password, sizeof password);
    explicit_bzero(fresh, sizeof fresh);
    return status;
}

int main(int argc, char **argv) {
    struct application app = {"users.crypt", NULL};
    kinde_migrator *kinde = NULL;
    kinde_error *error = NULL;
    int status = 2, at = 1;
    if (at + 1 < argc && strcmp(argv[at], "--users") == 0) {
        app.users = argv[at + 1];
        at += 2;
    }
    const char *verb = at < argc ? argv[at] : "", *argument = at + 1 < argc ? argv[at + 1] : NULL;
    bool serves = strcmp(verb, "serve") == 0, drains = strcmp(verb, "drain") == 0, seeds = strcmp(verb, "seed") == 0;
    bool of_a_user = seeds || strcmp(verb, "login") == 0 || strcmp(verb, "signup") == 0 || strcmp(verb, "passwd") == 0;
    if (!(serves || drains || (of_a_user && argument != NULL))) {
        fputs(usage, stderr);
        return status;
    }

    if (!seeds && kinde_migrator_new(NULL, &kinde, &error) != KINDE_OK) {
        fprintf(stderr, "kinde: %s\n", kinde_error_message(error));
        kinde_error_free(error);
        if (drains) {
            return status; /* a login goes on without Kinde */
        }
    }
    if (kinde != NULL) {
        kinde_migrator_on_notice(kinde, log_notice, NULL, NULL);
    }
    app.kinde = kinde;
    if (serves) {
        const char *port = argument != NULL && strcmp(argument, "--port") == 0 && at + 2 < argc ? argv[at + 2] : "0";
        status = serve(&app, (unsigned short)atoi(port));
    } else if (drains) {
        status = drain(&app);
    } else {
        status = run(&app, verb, argument);
    }
    kinde_migrator_free(kinde);
    return status;
}
