#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "login.h"

#include <kinde_migrate.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

typedef kinde_code verb(const kinde_migrator *, const kinde_user *, const kinde_credential *, kinde_outcome **,
                        kinde_error **);

/* Hands a user to Kinde. Whatever becomes of it goes to the log; the login does not depend on it. */
static void carry(const struct application *app, verb *call, const char *email, const char *password,
                  const char *stored) {
    struct timespec begun, ended;
    kinde_outcome *outcome = NULL;
    kinde_error *error = NULL;
    if (app->kinde == NULL) {
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &begun);
    kinde_user *user = kinde_user_new();
    kinde_credential *credential = kinde_credential_new();
    kinde_user_set(user, "email", email, strlen(email), NULL);
    kinde_credential_set(credential, "password", password, strlen(password), NULL);
    /* The stored hash changes with the password: a sign-in with an unchanged one costs no call. */
    kinde_credential_set(credential, "version", stored, strlen(stored), NULL);
    if (call(app->kinde, user, credential, &outcome, &error) == KINDE_OK) {
        const char *message = kinde_outcome_message(outcome);
        clock_gettime(CLOCK_MONOTONIC, &ended);
        fprintf(stderr, "kinde: %s calls=%u ms=%.3f%s%s\n", kinde_status_name(kinde_outcome_status(outcome)),
                (unsigned)kinde_outcome_calls(outcome),
                (double)(ended.tv_sec - begun.tv_sec) * 1e3 + (double)(ended.tv_nsec - begun.tv_nsec) / 1e6,
                message == NULL ? "" : " ", message == NULL ? "" : message);
    } else {
        fprintf(stderr, "kinde: %s\n", kinde_error_message(error));
    }
    kinde_error_free(error);
    kinde_outcome_free(outcome);
    kinde_credential_free(credential);
    kinde_user_free(user);
}

enum users_result sign_in(const struct application *app, const char *email, const char *password) {
    char stored[HASH_SIZE];
    enum users_result result = users_check(app->users, email, password, stored);
    if (result == USERS_OK) {
        carry(app, kinde_migrator_migrate, email, password, stored);
    }
    return result;
}

enum users_result sign_up(const struct application *app, const char *email, const char *password) {
    char stored[HASH_SIZE];
    enum users_result result = users_add(app->users, email, password, stored);
    if (result == USERS_OK) {
        carry(app, kinde_migrator_migrate, email, password, stored);
    }
    return result;
}

enum users_result change_password(const struct application *app, const char *email, const char *password,
                                  const char *new_password) {
    char stored[HASH_SIZE];
    enum users_result result = users_check(app->users, email, password, stored);
    if (result == USERS_OK) {
        result = users_change(app->users, email, new_password, stored);
    }
    if (result == USERS_OK) {
        carry(app, kinde_migrator_change_password, email, new_password, stored);
    }
    return result;
}
