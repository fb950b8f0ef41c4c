/*
 * What the C interface promises beyond the scenarios: null pointers, odd bytes, threads, forks, versions.
 * `abi PART-OF-A-NAME` runs some.
 */
#include <curl/curl.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

#include "support.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            die("%s:%d: not so: %s", __func__, __LINE__, #condition);                                                  \
        }                                                                                                              \
    } while (0)

static struct sandbox sandbox;

static void versions_agree(void) {
    char built[64];
    snprintf(built, sizeof built, "%d.%d.%d", KINDE_MIGRATE_VERSION_MAJOR, KINDE_MIGRATE_VERSION_MINOR,
             KINDE_MIGRATE_VERSION_PATCH);
    CHECK(strcmp(kinde_version(), KINDE_MIGRATE_VERSION) == 0);
    CHECK(strcmp(built, KINDE_MIGRATE_VERSION) == 0);
    CHECK(strcmp(kinde_code_name(KINDE_OK), "ok") == 0);
    CHECK(strcmp(kinde_code_name(KINDE_DOMAIN_INSECURE), "domain_insecure") == 0);
    CHECK(strcmp(kinde_code_name(-7), "unknown") == 0);
    CHECK(strcmp(kinde_status_name(KINDE_STATUS_UNCHANGED), "unchanged") == 0);
    CHECK(strcmp(kinde_status_name(99), "unknown") == 0);
    CHECK(strcmp(kinde_state_name(KINDE_STATE_LIMITED), "limited") == 0);
    CHECK(strcmp(kinde_state_name(KINDE_STATE_REFUSED), "refused") == 0);
    CHECK(strcmp(kinde_state_name(0), "unknown") == 0);
}

/* Every pointer may be NULL without harm, and outputs stay as they were. */
static void null_pointers_are_errors(void) {
    char folder[256], mark;
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for(sandbox.url, folder, NULL, NULL);
    kinde_user *user = kinde_user_new();
    kinde_outcome *const before = (kinde_outcome *)&mark;
    kinde_outcome *outcome = before;
    kinde_error *error = NULL;
    kinde_drained drained = KINDE_DRAINED_INIT;
    kinde_ledger_status status = KINDE_LEDGER_STATUS_INIT;
    size_t len = 7;

    CHECK(kinde_settings_set(NULL, "domain", "x", 1, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_settings_set_default(NULL, "domain", "x", 1, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_user_set(NULL, "email", "x", 1, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_user_set(user, NULL, "x", 1, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_user_set(user, "email", NULL, 1, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_user_set(user, "email", NULL, 0, NULL) == KINDE_OK);
    CHECK(kinde_user_set(user, "email", "x", (size_t)-1, NULL) == KINDE_ARGUMENT_TYPE);
    CHECK(kinde_credential_set(NULL, "password", "x", 1, NULL) == KINDE_ARGUMENT_MISSING);

    CHECK(kinde_migrator_new(NULL, NULL, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_persistent(NULL, NULL, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_migrate(NULL, user, NULL, &outcome, &error) == KINDE_ARGUMENT_MISSING);
    CHECK(strstr(kinde_error_message(error), "migrator") != NULL);
    CHECK(kinde_error_code(error) == KINDE_ARGUMENT_MISSING && !kinde_error_retryable(error));
    kinde_error_free(error);
    CHECK(kinde_migrator_migrate(migrator, NULL, NULL, &outcome, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_migrate(migrator, user, NULL, NULL, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_change_password(NULL, NULL, NULL, &outcome, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_request_reset(migrator, NULL, &outcome, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(outcome == before);

    CHECK(kinde_migrator_drain(NULL, 1, 1.0, &drained, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_drain(migrator, 1, 1.0, NULL, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_drain(migrator, 1, -1.0, &drained, NULL) == KINDE_ARGUMENT_TYPE);
    CHECK(kinde_migrator_status(NULL, &status, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_status(migrator, NULL, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_dead_by_reason(NULL, NULL, 0, &len, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_dead_by_reason(migrator, NULL, 0, NULL, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_dead_by_reason(migrator, NULL, 1, &len, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_pending_by_reason(NULL, NULL, 0, &len, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_pending_by_reason(migrator, NULL, 1, &len, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(len == 7);
    CHECK(kinde_migrator_status_json(migrator, NULL, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_migrator_on_notice(NULL, NULL, NULL, NULL) == KINDE_ARGUMENT_MISSING);
    drained.size = 0;
    status.size = 0;
    CHECK(kinde_migrator_drain(migrator, 1, 1.0, &drained, NULL) == KINDE_ARGUMENT_TYPE);
    CHECK(kinde_migrator_status(migrator, &status, NULL) == KINDE_ARGUMENT_TYPE);
    CHECK(!kinde_migrator_notice(NULL, &error) && !kinde_migrator_notice(migrator, NULL));

    CHECK(kinde_outcome_status(NULL) == 0 && kinde_outcome_calls(NULL) == 0);
    CHECK(kinde_outcome_reason(NULL) == KINDE_OK && kinde_outcome_message(NULL) == NULL);
    CHECK(kinde_outcome_kinde_id(NULL, &len) == NULL && len == 0);
    CHECK(kinde_outcome_kinde_id(NULL, NULL) == NULL);
    CHECK(kinde_error_code(NULL) == KINDE_OK && strcmp(kinde_error_message(NULL), "") == 0);
    CHECK(kinde_error_format(NULL) == NULL && kinde_error_reason(NULL) == NULL && kinde_error_advice(NULL) == NULL);
    len = 7;
    CHECK(kinde_explanation_json(NULL, &len) == NULL && len == 0);
    kinde_explanation_free(NULL);
    kinde_settings_free(NULL);
    CHECK(!kinde_outcome_durable(NULL) && kinde_outcome_notice_count(NULL) == 0);
    CHECK(kinde_outcome_notice_code(NULL, 0) == KINDE_OK && kinde_outcome_notice_field(NULL, 0) == NULL);
    len = 7;
    CHECK(kinde_status_json_text(NULL, &len) == NULL && len == 0);
    kinde_status_json_free(NULL);
    kinde_user_free(NULL);
    kinde_credential_free(NULL);
    kinde_outcome_free(NULL);
    kinde_error_free(NULL);
    kinde_migrator_free(NULL);

    kinde_user_free(user);
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

/* ---- lengths ---- */

/* The last byte that can be read: who reads another is killed. With so many like it before. */
static char *last_byte(size_t before) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (before / page + 1) * page;
    char *pages = mmap(NULL, room + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED && mprotect(pages + room, page, PROT_NONE) == 0);
    memset(pages, 'a', room);
    return pages + room - 1;
}

/* Whatever length is said, no more is read than can be meant, nothing is copied, and nobody aborts. */
static void no_length_harms_the_host(void) {
    static const char *const user_fields[] = {
        "email",       "username", "phone",       "phone_country_id", "given_name",
        "family_name", "picture",  "provided_id", "email_verified",   "organization_code",
    };
    static const char *const credential_fields[] = {"password", "hash", "format", "version", "extra.salt", "extra.x"};
    const size_t lengths[] = {70000, (size_t)500 << 20, (size_t)1 << 40, SIZE_MAX / 2};
    const size_t never[] = {SIZE_MAX / 2 + 1, SIZE_MAX - 1, SIZE_MAX};
    char folder[256], *one = last_byte(0), *name = last_byte(256) - 256, *text = last_byte(16384) - 16384;
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for(sandbox.url, folder, NULL, NULL);
    kinde_settings *settings = kinde_settings_new();
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t len = lengths[i];
        CHECK(kinde_settings_set(settings, "audience", one, len, NULL) == KINDE_SETTING_INVALID);
        CHECK(kinde_settings_set_default(settings, "audience", one, len, NULL) == KINDE_SETTING_INVALID);
        for (size_t field = 0; field < sizeof user_fields / sizeof *user_fields; field++) {
            kinde_user *user = kinde_user_new();
            kinde_outcome *outcome = NULL;
            CHECK(kinde_user_set(user, user_fields[field], one, len, NULL) == KINDE_OK);
            CHECK(kinde_migrator_request_reset(migrator, user, &outcome, NULL) == KINDE_OK);
            CHECK(kinde_outcome_status(outcome) == KINDE_STATUS_REJECTED);
            kinde_outcome_free(outcome);
            kinde_user_free(user);
        }
        for (size_t field = 0; field < sizeof credential_fields / sizeof *credential_fields; field++) {
            kinde_credential *credential = kinde_credential_new();
            kinde_explanation *explanation = NULL;
            CHECK(kinde_credential_set(credential, "hash", "$2x$", 4, NULL) == KINDE_OK);
            CHECK(kinde_credential_set(credential, credential_fields[field], one, len, NULL) == KINDE_OK);
            CHECK(kinde_require_importable(credential, NULL, &explanation, NULL) != KINDE_OK);
            CHECK(kinde_explain_hash(credential, NULL, &explanation, NULL) == KINDE_OK);
            kinde_explanation_free(explanation);
            kinde_credential_free(credential);
        }
        kinde_user *user = kinde_user_new();
        kinde_credential *credential = kinde_credential_new();
        kinde_outcome *outcome = NULL;
        CHECK(kinde_user_set(user, "email", "long@example.org", 16, NULL) == KINDE_OK);
        CHECK(kinde_credential_set(credential, "password", one, len, NULL) == KINDE_OK);
        CHECK(kinde_migrator_change_password(migrator, user, credential, &outcome, NULL) == KINDE_OK);
        CHECK(kinde_outcome_reason(outcome) == KINDE_PASSWORD_TOO_LONG && kinde_outcome_calls(outcome) == 0);
        kinde_outcome_free(outcome);
        kinde_credential_free(credential);
        kinde_user_free(user);
    }

    kinde_user *user = kinde_user_new();
    kinde_credential *credential = kinde_credential_new();
    kinde_explanation *explanation = NULL;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        CHECK(kinde_user_set(user, "email", one, never[i], NULL) == KINDE_ARGUMENT_TYPE);
        CHECK(kinde_credential_set(credential, "password", one, never[i], NULL) == KINDE_ARGUMENT_TYPE);
        CHECK(kinde_settings_set(settings, "domain", one, never[i], NULL) == KINDE_ARGUMENT_TYPE);
        CHECK(kinde_settings_set_default(settings, "domain", one, never[i], NULL) == KINDE_ARGUMENT_TYPE);
    }
    /* A name or a text whose end is not in sight. */
    CHECK(kinde_settings_set(settings, name, "x", 1, NULL) == KINDE_SETTING_UNKNOWN);
    CHECK(kinde_settings_set_default(settings, name, "x", 1, NULL) == KINDE_SETTING_UNKNOWN);
    CHECK(kinde_user_set(user, name, "x", 1, NULL) == KINDE_USER_FIELD_UNKNOWN);
    CHECK(kinde_credential_set(credential, name, "x", 1, NULL) == KINDE_CREDENTIAL_FIELD_UNKNOWN);
    CHECK(kinde_credential_set(credential, "hash", "$2x$", 4, NULL) == KINDE_OK);
    CHECK(kinde_explain_hash(credential, text, &explanation, NULL) == KINDE_SETTING_INVALID);
    CHECK(kinde_require_importable(credential, text, &explanation, NULL) == KINDE_SETTING_INVALID);

    /* Room, sizes, places and amounts. */
    kinde_pending_count counts[1] = {{7, 7}};
    kinde_ledger_status status = KINDE_LEDGER_STATUS_INIT;
    kinde_drained drained = KINDE_DRAINED_INIT;
    size_t len = 7;
    CHECK(kinde_migrator_dead_by_reason(migrator, counts, SIZE_MAX, &len, NULL) == KINDE_OK && len == 0);
    CHECK(kinde_migrator_pending_by_reason(migrator, counts, SIZE_MAX, &len, NULL) == KINDE_OK && len == 0);
    CHECK(counts[0].reason == 7);
    status.size = drained.size = SIZE_MAX;
    CHECK(kinde_migrator_status(migrator, &status, NULL) == KINDE_OK && status.carried == 0);
    CHECK(kinde_migrator_drain(migrator, UINT32_MAX, 1e18, &drained, NULL) == KINDE_OK && drained.left == 0);
    CHECK(kinde_migrator_drain(migrator, 1, (double)INFINITY, &drained, NULL) == KINDE_ARGUMENT_TYPE);
    CHECK(kinde_migrator_drain(migrator, 1, (double)NAN, &drained, NULL) == KINDE_ARGUMENT_TYPE);
    kinde_outcome *outcome = migrate(migrator, "short@example.org", "correct horse", "v1");
    CHECK(kinde_outcome_notice_code(outcome, SIZE_MAX) == KINDE_OK);
    CHECK(kinde_outcome_notice_field(outcome, SIZE_MAX) == NULL);
    CHECK(strcmp(kinde_code_name(INT_MIN), "unknown") == 0 && strcmp(kinde_status_name(INT_MAX), "unknown") == 0);
    CHECK(strcmp(kinde_state_name(INT_MIN), "unknown") == 0);
    kinde_outcome_free(outcome);
    kinde_credential_free(credential);
    kinde_user_free(user);
    kinde_settings_free(settings);
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

/* ---- misuse ---- */

static void a_change_wants_a_password(void) {
    char folder[256], mark;
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for(sandbox.url, folder, NULL, NULL);
    kinde_user *user = kinde_user_new();
    kinde_credential *credential = kinde_credential_new();
    kinde_outcome *const before = (kinde_outcome *)&mark;
    kinde_outcome *outcome = before;
    kinde_error *error = NULL;
    CHECK(kinde_user_set(user, "email", "change@example.org", 18, NULL) == KINDE_OK);
    CHECK(kinde_migrator_change_password(migrator, user, NULL, &outcome, &error) == KINDE_CREDENTIAL_MISSING);
    CHECK(kinde_error_code(error) == KINDE_CREDENTIAL_MISSING);
    CHECK(strstr(kinde_error_message(error), "request_reset") != NULL);
    kinde_error_free(error);
    CHECK(kinde_migrator_change_password(migrator, user, credential, &outcome, NULL) == KINDE_CREDENTIAL_MISSING);
    CHECK(kinde_credential_set(credential, "version", "v1", 2, NULL) == KINDE_OK);
    CHECK(kinde_credential_set(credential, "extra.salt", "x", 1, NULL) == KINDE_OK);
    CHECK(kinde_migrator_change_password(migrator, user, credential, &outcome, NULL) == KINDE_CREDENTIAL_MISSING);
    CHECK(outcome == before);

    /* An empty text is data. */
    CHECK(kinde_credential_set(credential, "password", NULL, 0, NULL) == KINDE_OK);
    CHECK(kinde_migrator_change_password(migrator, user, credential, &outcome, NULL) == KINDE_OK);
    CHECK(kinde_outcome_status(outcome) == KINDE_STATUS_REJECTED);
    CHECK(kinde_outcome_reason(outcome) == KINDE_PASSWORD_EMPTY);
    kinde_outcome_free(outcome);
    kinde_credential_free(credential);
    credential = kinde_credential_new();
    CHECK(kinde_credential_set(credential, "hash", "", 0, NULL) == KINDE_OK);
    CHECK(kinde_migrator_change_password(migrator, user, credential, &outcome, NULL) == KINDE_OK);
    CHECK(kinde_outcome_status(outcome) == KINDE_STATUS_REJECTED);
    kinde_outcome_free(outcome);
    kinde_credential_free(credential);
    kinde_user_free(user);
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

/* ---- notices ---- */

struct heard {
    pthread_t thread;
    const kinde_migrator *migrator;
    int count;
    kinde_code code;
};

static void hear(kinde_code code, const char *message, void *context) {
    struct heard *heard = context;
    kinde_status_json *status = NULL;
    CHECK(pthread_equal(heard->thread, pthread_self()));
    CHECK(strlen(message) > 0 && strstr(message, "correct horse") == NULL);
    /* It may call the library, but it does not hear of that. */
    CHECK(kinde_migrator_status_json(heard->migrator, &status, NULL) == KINDE_OK);
    kinde_status_json_free(status);
    heard->count++;
    heard->code = code;
}

/* A migrator that has something to say: its ledger cannot be written. */
static kinde_migrator *homeless(const char *folder) {
    char ledger[512], file[300];
    snprintf(file, sizeof file, "%s/file", folder);
    close(open(file, O_WRONLY | O_CREAT, 0600));
    snprintf(ledger, sizeof ledger, "%s/below/ledger.db", file);
    return migrator_for(sandbox.url, folder, "ledger", ledger);
}

static void sign_in_twice(const kinde_migrator *migrator) {
    for (int i = 0; i < 2; i++) {
        kinde_outcome_free(migrate(migrator, "notice@example.org", "correct horse", "v1"));
    }
}

static void a_callback_hears_each_notice_once(void) {
    char folder[256];
    kinde_error *notice = NULL;
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = homeless(folder);
    struct heard heard = {pthread_self(), migrator, 0, KINDE_OK};
    CHECK(kinde_migrator_on_notice(migrator, hear, &heard, NULL) == KINDE_OK);
    CHECK(heard.count == 0);
    sign_in_twice(migrator);
    CHECK(heard.count == 1 && heard.code == KINDE_LEDGER_UNAVAILABLE);
    CHECK(!kinde_migrator_notice(migrator, &notice));
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

/* What two sign-ins, and the end, write to a standard error that is a file. */
static void listen_to_stderr(kinde_migrator *migrator, const char *folder, char *said, size_t size) {
    char path[300];
    snprintf(path, sizeof path, "%s/stderr", folder);
    int saved = dup(STDERR_FILENO), file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(saved >= 0 && file >= 0 && dup2(file, STDERR_FILENO) >= 0);
    sign_in_twice(migrator);
    CHECK(dup2(saved, STDERR_FILENO) >= 0);
    ssize_t len = pread(file, said, size - 1, 0);
    said[len < 0 ? 0 : len] = '\0';
    close(file);
    close(saved);
}

static void stderr_is_told_where_nobody_listens(void) {
    char folder[256], said[2000];
    kinde_error *notice = NULL;
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = homeless(folder);
    listen_to_stderr(migrator, folder, said, sizeof said);
    CHECK(strncmp(said, "kinde_migrate: ", 15) == 0 && strstr(said, "[ledger_unavailable]\n") != NULL);
    CHECK(strchr(said, '\n') == said + strlen(said) - 1);
    /* It is there for a host that asks later, too. */
    CHECK(kinde_migrator_notice(migrator, &notice) && kinde_error_code(notice) == KINDE_LEDGER_UNAVAILABLE);
    kinde_error_free(notice);
    kinde_migrator_free(migrator);

    /* A host that asks is the one that tells. */
    migrator = homeless(folder);
    CHECK(!kinde_migrator_notice(migrator, &notice));
    listen_to_stderr(migrator, folder, said, sizeof said);
    CHECK(said[0] == '\0' && kinde_migrator_notice(migrator, &notice));
    kinde_error_free(notice);
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

/* A pipe that nobody reads, that is full, or nothing at all: the call goes on, and no signal comes. */
static void a_broken_stderr_harms_nobody(void) {
    char folder[256], filling[4096] = {0};
    kinde_error *notice = NULL;
    int saved = dup(STDERR_FILENO);
    folder_make(folder, sizeof folder);
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
    for (int broken = 0; broken < 3; broken++) {
        int ends[2];
        kinde_migrator *migrator = homeless(folder);
        CHECK(pipe(ends) == 0 && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
        while (broken == 0 && write(ends[1], filling, sizeof filling) > 0) {
        }
        CHECK(fcntl(ends[1], F_SETFL, 0) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
        close(ends[1]);
        if (broken > 0) {
            close(ends[0]);
        }
        if (broken > 1) {
            close(STDERR_FILENO);
        }
        sign_in_twice(migrator);
        CHECK(dup2(saved, STDERR_FILENO) >= 0);
        if (broken == 0) {
            close(ends[0]);
        }
        /* It was not lost. */
        CHECK(kinde_migrator_notice(migrator, &notice));
        kinde_error_free(notice);
        kinde_migrator_free(migrator);
    }
    close(saved);
    folder_remove(folder);
}

/* What is said of a hash is in the scenarios. */
static void an_explanation_wants_a_hash(void) {
    char mark;
    kinde_credential *credential = kinde_credential_new();
    kinde_explanation *const before = (kinde_explanation *)&mark;
    kinde_explanation *explanation = before;
    kinde_error *error = NULL;
    size_t len = 0;
    CHECK(kinde_explain_hash(NULL, NULL, &explanation, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_explain_hash(credential, NULL, &explanation, &error) == KINDE_ARGUMENT_MISSING);
    CHECK(strstr(kinde_error_message(error), "no stored hash") != NULL && kinde_error_reason(error) == NULL);
    kinde_error_free(error);
    CHECK(kinde_require_importable(credential, NULL, &explanation, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_credential_set(credential, "hash", "$2x$", 4, NULL) == KINDE_OK);
    CHECK(kinde_explain_hash(credential, NULL, NULL, NULL) == KINDE_ARGUMENT_MISSING);
    CHECK(kinde_explain_hash(credential, "\xff", &explanation, NULL) == KINDE_SETTING_INVALID);
    CHECK(kinde_require_importable(credential, "", &explanation, NULL) == KINDE_HASH_NOT_IMPORTABLE);
    CHECK(explanation == before);
    CHECK(kinde_explain_hash(credential, "all", &explanation, NULL) == KINDE_OK);
    CHECK(strlen(kinde_explanation_json(explanation, &len)) == len && len > 0);
    kinde_explanation_free(explanation);
    kinde_credential_free(credential);
}

static void wrong_names_and_settings_are_errors(void) {
    kinde_settings *settings = kinde_settings_new();
    kinde_user *user = kinde_user_new();
    kinde_credential *credential = kinde_credential_new();
    kinde_migrator *migrator = NULL;
    kinde_error *error = NULL;

    CHECK(kinde_user_set(user, "e-mail", "a@x.org", 7, NULL) == KINDE_USER_FIELD_UNKNOWN);
    CHECK(kinde_user_set(user, "\xff", "a@x.org", 7, NULL) == KINDE_USER_FIELD_UNKNOWN);
    CHECK(kinde_credential_set(credential, "pasword", "x", 1, NULL) == KINDE_CREDENTIAL_FIELD_UNKNOWN);
    CHECK(kinde_settings_set(settings, "deadlin", "1", 1, &error) == KINDE_SETTING_UNKNOWN);
    CHECK(strstr(kinde_error_message(error), "deadline") != NULL);
    kinde_error_free(error);
    CHECK(kinde_settings_set(settings, "domain", "\xff", 1, &error) == KINDE_SETTING_INVALID);
    kinde_error_free(error);
    CHECK(kinde_migrator_new(NULL, &migrator, &error) == KINDE_DOMAIN_MISSING);
    kinde_error_free(error);
    CHECK(kinde_settings_set(settings, "domain", "http://kinde.example", 20, NULL) == KINDE_OK);
    CHECK(kinde_migrator_new(settings, &migrator, &error) == KINDE_DOMAIN_INSECURE);
    CHECK(kinde_error_code(error) == KINDE_DOMAIN_INSECURE && migrator == NULL);
    kinde_error_free(error);

    kinde_settings_free(settings);
    kinde_user_free(user);
    kinde_credential_free(credential);
}

/* Data that cannot be carried is an outcome, and no call. */
static void odd_bytes_are_rejected(void) {
    static const struct {
        const char *email, *password;
        size_t email_len, password_len;
        kinde_code reason;
    } odd[] = {
        {"\xff@x.org", "secret words", 7, 12, KINDE_INVALID_UTF8},
        {"a@x.org", "se\0cret", 7, 7, KINDE_PASSWORD_NUL},
        {"a\0@x.org", "secret words", 8, 12, KINDE_EMAIL_INVALID},
        {"", "secret words", 0, 12, KINDE_USER_MISSING},
        {"a@x.org", "", 7, 0, KINDE_PASSWORD_EMPTY},
    };
    char folder[256];
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for(sandbox.url, folder, NULL, NULL);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        kinde_user *user = kinde_user_new();
        kinde_credential *credential = kinde_credential_new();
        kinde_outcome *outcome = NULL;
        CHECK(kinde_user_set(user, "email", odd[i].email, odd[i].email_len, NULL) == KINDE_OK);
        CHECK(kinde_credential_set(credential, "password", odd[i].password, odd[i].password_len, NULL) == KINDE_OK);
        CHECK(kinde_migrator_migrate(migrator, user, credential, &outcome, NULL) == KINDE_OK);
        CHECK(kinde_outcome_status(outcome) == KINDE_STATUS_REJECTED);
        CHECK(kinde_outcome_reason(outcome) == odd[i].reason);
        CHECK(kinde_outcome_calls(outcome) == 0);
        CHECK(kinde_outcome_message(outcome) != NULL);
        kinde_outcome_free(outcome);
        kinde_credential_free(credential);
        kinde_user_free(user);
    }
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

/* A Kinde that is down, and a ledger that cannot be written, cost the login nothing but the deadline. */
static void a_login_survives_what_is_broken(void) {
    char folder[256];
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for("http://127.0.0.1:1", folder, "deadline", "1");
    double begun = seconds_now();
    kinde_outcome *outcome = migrate(migrator, "down@example.org", "correct horse", "v1");
    /* Not held up; under Valgrind all takes thirty times as long. */
    CHECK(seconds_now() - begun < 60);
    CHECK(kinde_outcome_status(outcome) == KINDE_STATUS_QUEUED);
    kinde_ledger_status status = KINDE_LEDGER_STATUS_INIT;
    CHECK(kinde_migrator_status(migrator, &status, NULL) == KINDE_OK);
    CHECK(status.owed == 1 && status.oldest_owed_seconds >= 0 && !status.in_memory);
    CHECK(status.sealed == 0 && status.not_durable == 0 && kinde_outcome_durable(outcome));
    kinde_pending_count counts[4];
    size_t len = 0;
    CHECK(kinde_migrator_pending_by_reason(migrator, counts, 4, &len, NULL) == KINDE_OK && len <= 4);
    CHECK(len == 0 || counts[0].count == 1);
    kinde_status_json *json = NULL;
    CHECK(kinde_migrator_status_json(migrator, &json, NULL) == KINDE_OK);
    json_t *members = json_loads(kinde_status_json_text(json, &len), 0, NULL);
    CHECK(members != NULL && strlen(kinde_status_json_text(json, NULL)) == len);
    CHECK(json_integer_value(json_object_get(members, "owed")) == 1);
    CHECK(json_is_object(json_object_get(members, "pending_by_reason")));
    CHECK(json_is_array(json_object_get(members, "left_behind")));
    CHECK(json_object_get(members, "last_error") != NULL);
    json_decref(members);
    kinde_status_json_free(json);
    kinde_outcome_free(outcome);
    kinde_migrator_free(migrator);

    char ledger[512];
    kinde_error *notice = NULL;
    snprintf(ledger, sizeof ledger, "%s/ledger.db/below/ledger.db", folder);
    migrator = migrator_for(sandbox.url, folder, "ledger", ledger);
    outcome = migrate(migrator, "homeless@example.org", "correct horse", "v1");
    CHECK(kinde_outcome_status(outcome) == KINDE_STATUS_CREATED);
    CHECK(kinde_migrator_notice(migrator, &notice));
    CHECK(kinde_error_code(notice) == KINDE_LEDGER_UNAVAILABLE);
    kinde_error_free(notice);
    CHECK(!kinde_migrator_notice(migrator, &notice));
    kinde_outcome_free(outcome);
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

/* ---- status ---- */

static void tell_sandbox(json_t *options) {
    json_decref(sandbox_post(&sandbox, "/sandbox/options", options));
    json_decref(options);
}

/* Every one of these calls fails until mend(). */
static void fail_calls(const char *call, json_t *fault) {
    tell_sandbox(json_pack("{s:[{s:s, s:s, s:o}]}", "script", "call", call, "nth", "all", "fault", fault));
}

static void mend(void) {
    tell_sandbox(json_pack("{s:[], s:i}", "script", "latency_ms", 0));
}

/* What programs were compiled against before there were more members, and a later header's. */
struct first_status {
    size_t size;
    uint64_t carried, owed, dead;
    int64_t oldest_owed_seconds;
    bool in_memory;
};
struct second_status {
    struct first_status first;
    int64_t retry_in_seconds;
    uint64_t rate_limited, tokens_this_month;
    int64_t limit_per_minute, limit_in_flight;
};
struct later_status {
    kinde_ledger_status now;
    uint64_t more[4];
};

static void a_structure_of_any_version_will_do(void) {
    char folder[256];
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for(sandbox.url, folder, NULL, NULL);
    kinde_outcome_free(migrate(migrator, "status@example.org", "correct horse", "v1"));

    /* On the heap, so that Valgrind sees a byte too many. */
    struct first_status *first = malloc(sizeof *first);
    memset(first, 0xa5, sizeof *first);
    first->size = sizeof *first;
    CHECK(kinde_migrator_status(migrator, (kinde_ledger_status *)(void *)first, NULL) == KINDE_OK);
    CHECK(first->size == sizeof *first && first->carried == 1 && first->owed == 0 && first->dead == 0);
    CHECK(first->oldest_owed_seconds == -1 && !first->in_memory);
    first->size--;
    CHECK(kinde_migrator_status(migrator, (kinde_ledger_status *)(void *)first, NULL) == KINDE_ARGUMENT_TYPE);
    free(first);

    struct second_status *second = malloc(sizeof *second);
    second->first.size = sizeof *second;
    CHECK(kinde_migrator_status(migrator, (kinde_ledger_status *)(void *)second, NULL) == KINDE_OK);
    CHECK(second->first.carried == 1 && second->tokens_this_month == 1 && second->limit_in_flight == -1);
    free(second);

    struct later_status later = {.now = KINDE_LEDGER_STATUS_INIT, .more = {7, 7, 7, 7}};
    later.now.size = sizeof later;
    CHECK(kinde_migrator_status(migrator, &later.now, NULL) == KINDE_OK);
    CHECK(later.now.carried == 1 && later.now.kinde == KINDE_STATE_UP && later.now.retry_in_seconds == -1);
    CHECK(later.now.tokens_this_month == 1 && later.now.rate_limited == 0);
    CHECK(later.now.limit_per_minute == -1 && later.now.limit_in_flight == -1);
    CHECK(later.now.unproven == 0 && later.now.last_error == KINDE_OK);
    CHECK(later.now.size == sizeof later && later.more[0] == 7);
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

static void dead_letters_are_counted_by_reason(void) {
    char folder[256];
    size_t len = 7;
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for(sandbox.url, folder, NULL, NULL);
    CHECK(kinde_migrator_dead_by_reason(migrator, NULL, 0, &len, NULL) == KINDE_OK && len == 0);
    fail_calls("create", json_pack("{s:i}", "status", 400));
    for (int i = 0; i < 2; i++) {
        kinde_outcome *outcome = migrate(migrator, i == 0 ? "dead1@example.org" : "dead2@example.org", "horse", "1");
        CHECK(kinde_outcome_status(outcome) == KINDE_STATUS_REJECTED);
        kinde_outcome_free(outcome);
    }
    mend();
    CHECK(kinde_migrator_dead_by_reason(migrator, NULL, 0, &len, NULL) == KINDE_OK && len == 1);
    kinde_dead_count counts[] = {{0, 0}, {7, 7}};
    CHECK(kinde_migrator_dead_by_reason(migrator, counts, 2, &len, NULL) == KINDE_OK && len == 1);
    CHECK(counts[0].reason == KINDE_KINDE_REFUSED && counts[0].count == 2 && counts[1].count == 7);
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

/* ---- threads ---- */

struct worker {
    const kinde_migrator *migrator;
    const char *prefix;
    int number;
    kinde_status status;
    uint32_t calls;
};

static void *work(void *argument) {
    struct worker *worker = argument;
    char email[64];
    snprintf(email, sizeof email, "%s%d@example.org", worker->prefix, worker->number);
    kinde_outcome *outcome = migrate(worker->migrator, email, "correct horse", "v1");
    worker->status = kinde_outcome_status(outcome);
    worker->calls = kinde_outcome_calls(outcome);
    kinde_outcome_free(outcome);
    return NULL;
}

static void many_threads_share_a_migrator(void) {
    int count = RUNNING_ON_VALGRIND ? 8 : 64, users = sandbox_users(&sandbox);
    char folder[256];
    pthread_t *threads = calloc((size_t)count, sizeof *threads);
    struct worker *workers = calloc((size_t)count, sizeof *workers);
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for(sandbox.url, folder, NULL, NULL);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < count; i++) {
            workers[i] = (struct worker){migrator, "thread", i, 0, 0};
            CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
        }
        for (int i = 0; i < count; i++) {
            pthread_join(threads[i], NULL);
            CHECK(workers[i].status == (round == 0 ? KINDE_STATUS_CREATED : KINDE_STATUS_UNCHANGED));
            CHECK(round == 0 || workers[i].calls == 0);
        }
    }
    CHECK(sandbox_users(&sandbox) == users + count);
    CHECK(sandbox_sign_in(&sandbox, "thread0@example.org", "correct horse"));
    kinde_migrator_free(migrator);
    free(workers);
    free(threads);
    folder_remove(folder);
}

/* ---- forks ---- */

/*
 * Ends a forked child. What its parent had open is left alone in it, by design, which Valgrind would call a
 * leak; so there another program ends in its place, and only errors count.
 */
static void leave(int status) {
    if (RUNNING_ON_VALGRIND) {
        execl("/bin/sh", "sh", "-c", "exit $0", VALGRIND_COUNT_ERRORS ? "99" : status ? "2" : "0", (char *)NULL);
    }
    _exit(status);
}

/* Forks; the child signs somebody in with the parent's migrator, and so does its own child. */
static pid_t fork_and_migrate(kinde_migrator *migrator, const char *prefix, int generations) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        alarm(60); /* a hang is a failure */
        struct worker worker = {migrator, prefix, generations, 0, 0};
        int status = 0;
        work(&worker);
        if (worker.status != KINDE_STATUS_CREATED) {
            leave(2);
        }
        if (generations > 1) {
            waitpid(fork_and_migrate(migrator, prefix, generations - 1), &status, 0);
        }
        kinde_migrator_free(migrator);
        leave(WIFSIGNALED(status) ? 98 : WEXITSTATUS(status));
    }
    return pid;
}

static void ended_well(pid_t pid) {
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    if (status != 0) {
        die("a forked child ended with %s %d", WIFSIGNALED(status) ? "signal" : "status",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
}

static void a_fork_before_first_use(void) {
    char folder[256];
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for(sandbox.url, folder, NULL, NULL);
    ended_well(fork_and_migrate(migrator, "before", 1));
    struct worker parent = {migrator, "before-parent", 0, 0, 0};
    work(&parent);
    CHECK(parent.status == KINDE_STATUS_CREATED);
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

static void a_fork_after_first_use(void) {
    char folder[256];
    pid_t children[8];
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for(sandbox.url, folder, NULL, NULL);
    struct worker parent = {migrator, "after-parent", 0, 0, 0};
    work(&parent);
    CHECK(parent.status == KINDE_STATUS_CREATED);
    for (int i = 0; i < 8; i++) {
        char prefix[16];
        snprintf(prefix, sizeof prefix, "after%d-", i);
        children[i] = fork_and_migrate(migrator, prefix, 2);
    }
    parent.number = 1;
    work(&parent);
    CHECK(parent.status == KINDE_STATUS_CREATED);
    for (int i = 0; i < 8; i++) {
        ended_well(children[i]);
    }
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

static atomic_bool enough;

static void *keep_working(void *argument) {
    struct worker *worker = argument;
    for (worker->number = 0; !enough; worker->number++) {
        work(worker);
        CHECK(worker->status == KINDE_STATUS_CREATED);
    }
    return NULL;
}

/* The child is forked while other threads are in the middle of calls, whatever they hold. */
static void a_fork_while_threads_call(void) {
    char folder[256], prefixes[4][32];
    pthread_t threads[4];
    struct worker workers[4];
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for(sandbox.url, folder, NULL, NULL);
    enough = false;
    for (int i = 0; i < 4; i++) {
        snprintf(prefixes[i], sizeof prefixes[i], "busy%d-", i);
        workers[i] = (struct worker){migrator, prefixes[i], 0, 0, 0};
        CHECK(pthread_create(&threads[i], NULL, keep_working, &workers[i]) == 0);
    }
    for (int i = 0; i < 20; i++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "while%d-", i);
        usleep(3000);
        ended_well(fork_and_migrate(migrator, prefix, 1));
    }
    enough = true;
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    kinde_migrator_free(migrator);
    folder_remove(folder);
}

/* How many threads of this process deliver in the background. */
static int draining(void) {
    int found = 0;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        char path[300], name[32] = "";
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        found += file != NULL && fgets(name, sizeof name, file) != NULL && strcmp(name, "kinde-migrate-d\n") == 0;
        if (file != NULL) {
            fclose(file);
        }
    }
    closedir(tasks);
    return found;
}

static uint64_t owed_by(const kinde_migrator *migrator) {
    kinde_ledger_status status = KINDE_LEDGER_STATUS_INIT;
    CHECK(kinde_migrator_status(migrator, &status, NULL) == KINDE_OK);
    return status.owed;
}

/* What is owed is delivered by a thread of this process, which its forked children go without. */
static void the_background_drain(void) {
    const uint64_t users = RUNNING_ON_VALGRIND ? 4 : 40;
    char folder[256];
    pid_t children[8];
    folder_make(folder, sizeof folder);
    kinde_migrator *migrator = migrator_for(sandbox.url, folder, "drain_in_background", "true");
    CHECK(draining() == 0);
    fail_calls("check", json_string("error_503"));
    for (uint64_t i = 0; i < users; i++) {
        char email[64];
        snprintf(email, sizeof email, "drained%d@example.org", (int)i);
        kinde_outcome *outcome = migrate(migrator, email, "correct horse", "v1");
        CHECK(kinde_outcome_status(outcome) == KINDE_STATUS_QUEUED);
        kinde_outcome_free(outcome);
    }
    CHECK(draining() == 1);
    tell_sandbox(json_pack("{s:[], s:i}", "script", "latency_ms", 60));
    alarm(300); /* a hang is a failure */
    while (owed_by(migrator) == users) {
        usleep(10000);
    }
    for (int i = 0; i < 8; i++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "beside%d-", i);
        children[i] = fork_and_migrate(migrator, prefix, 2);
        usleep(20000);
    }
    for (int i = 0; i < 8; i++) {
        ended_well(children[i]);
    }
    while (owed_by(migrator) > 0) {
        usleep(10000);
    }
    mend();
    CHECK(sandbox_sign_in(&sandbox, "drained0@example.org", "correct horse"));
    CHECK(draining() == 1);
    kinde_migrator_free(migrator);
    /* Joined, a thread still stands there for the blink of an eye. */
    while (draining() > 0) {
        usleep(1000);
    }

    alarm(0);
    folder_remove(folder);
}

static void a_persistent_migrator_is_shared(void) {
    char folder[256], ledger[512];
    folder_make(folder, sizeof folder);
    snprintf(ledger, sizeof ledger, "%s/ledger.db", folder);
    for (int request = 0; request < 3; request++) {
        kinde_settings *settings = kinde_settings_new();
        kinde_migrator *migrator = NULL;
        kinde_settings_set(settings, "domain", sandbox.url, strlen(sandbox.url), NULL);
        kinde_settings_set(settings, "client_id", CLIENT_ID, strlen(CLIENT_ID), NULL);
        kinde_settings_set(settings, "client_secret", CLIENT_SECRET, strlen(CLIENT_SECRET), NULL);
        kinde_settings_set(settings, "ledger", ledger, strlen(ledger), NULL);
        CHECK(kinde_migrator_persistent(settings, &migrator, NULL) == KINDE_OK);
        kinde_settings_free(settings);
        kinde_outcome *outcome = migrate(migrator, "persistent@example.org", "correct horse", "v1");
        CHECK(kinde_outcome_status(outcome) == (request == 0 ? KINDE_STATUS_CREATED : KINDE_STATUS_UNCHANGED));
        kinde_outcome_free(outcome);
        kinde_migrator_free(migrator);
    }
    folder_remove(folder);
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"versions_agree", versions_agree},
        {"null_pointers_are_errors", null_pointers_are_errors},
        {"no_length_harms_the_host", no_length_harms_the_host},
        {"a_change_wants_a_password", a_change_wants_a_password},
        {"a_callback_hears_each_notice_once", a_callback_hears_each_notice_once},
        {"stderr_is_told_where_nobody_listens", stderr_is_told_where_nobody_listens},
        {"a_broken_stderr_harms_nobody", a_broken_stderr_harms_nobody},
        {"an_explanation_wants_a_hash", an_explanation_wants_a_hash},
        {"wrong_names_and_settings_are_errors", wrong_names_and_settings_are_errors},
        {"odd_bytes_are_rejected", odd_bytes_are_rejected},
        {"a_login_survives_what_is_broken", a_login_survives_what_is_broken},
        {"a_structure_of_any_version_will_do", a_structure_of_any_version_will_do},
        {"dead_letters_are_counted_by_reason", dead_letters_are_counted_by_reason},
        {"a_fork_before_first_use", a_fork_before_first_use},
        {"a_fork_after_first_use", a_fork_after_first_use},
        {"a_fork_while_threads_call", a_fork_while_threads_call},
        {"many_threads_share_a_migrator", many_threads_share_a_migrator},
        {"the_background_drain", the_background_drain},
        {"a_persistent_migrator_is_shared", a_persistent_migrator_is_shared},
    };
    curl_global_init(CURL_GLOBAL_DEFAULT);
    clean_environment();
    sandbox_start(&sandbox);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (argc < 2 || strstr(tests[i].name, argv[1]) != NULL) {
            tests[i].run();
            printf("ok %s\n", tests[i].name);
            fflush(stdout);
        }
    }
    sandbox_stop(&sandbox);
    curl_global_cleanup();
    return 0;
}
