/*
 * Runs tests/scenarios/ against the sandbox through the C interface.
 *
 *     scenarios FOLDER [PART-OF-A-NAME]
 *     scenarios FILE
 *
 * Prints `ok NAME` or `FAILED NAME: why` for each; fails if any failed, or if fewer than 40 ran where all
 * were asked for. A file is what tests/weather.py writes; it is run by several processes at once.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

enum {
    AT_ONCE = 24,         /* what is waited for in bad weather is mostly the clock */
    SETTLED_WITHIN = 300, /* seconds; an entry is put off by 20 s at most, and seldom that far */
};

/* One scenario as it runs. */
struct run {
    const struct sandbox *sandbox;
    json_t *settings; /* what the migrator is built from, after all changes */
    kinde_migrator *migrator;
    char folder[256];
    int closed_port_socket;
    size_t step;    /* where it went wrong; 0 for the beginning and the end */
    char why[1024]; /* empty while all is well */
};

/* A text of a scenario, which may hold any byte. */
struct text {
    char *bytes;
    size_t len;
};

static void fail(struct run *run, const char *format, ...) {
    if (run->why[0] != '\0') {
        return; /* the first reason is the one */
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(run->why, sizeof run->why, format, arguments);
    va_end(arguments);
}

static struct text text_copy(const char *bytes, size_t len) {
    struct text text = {malloc(len + 1), len};
    if (text.bytes == NULL) {
        die("out of memory");
    }
    memcpy(text.bytes, bytes, len);
    text.bytes[len] = '\0';
    return text;
}

static struct text from_base64(const char *base64) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct text text = text_copy(base64, strlen(base64));
    unsigned bits = 0, held = 0;
    text.len = 0;
    for (; *base64 != '\0' && *base64 != '='; base64++) {
        const char *digit = strchr(digits, *base64);
        if (digit == NULL) {
            die("not base64: %s", base64);
        }
        bits = bits << 6 | (unsigned)(digit - digits);
        held += 6;
        if (held >= 8) {
            held -= 8;
            text.bytes[text.len++] = (char)(bits >> held & 0xff);
        }
    }
    return text;
}

/* A string, a boolean, a number, {"base64": …} or {"repeat": …, "times": …, "then": …}. */
static struct text text_of(const json_t *value) {
    if (json_is_string(value)) {
        return text_copy(json_string_value(value), json_string_length(value));
    }
    if (json_is_boolean(value)) {
        return json_is_true(value) ? text_copy("true", 4) : text_copy("false", 5);
    }
    if (json_is_integer(value)) {
        char digits[32];
        int len = snprintf(digits, sizeof digits, "%lld", (long long)json_integer_value(value));
        return text_copy(digits, (size_t)len);
    }
    const char *base64 = json_string_value(json_object_get(value, "base64"));
    if (base64 != NULL) {
        return from_base64(base64);
    }
    const json_t *repeat = json_object_get(value, "repeat"), *then = json_object_get(value, "then");
    if (!json_is_string(repeat)) {
        die("no text in a scenario: unknown form");
    }
    size_t one = json_string_length(repeat), end = then == NULL ? 0 : json_string_length(then);
    size_t times = (size_t)json_integer_value(json_object_get(value, "times"));
    struct text text = {malloc(one * times + end + 1), 0};
    if (text.bytes == NULL) {
        die("out of memory");
    }
    for (; times > 0; times--) {
        memcpy(text.bytes + text.len, json_string_value(repeat), one);
        text.len += one;
    }
    if (end > 0) {
        memcpy(text.bytes + text.len, json_string_value(then), end);
    }
    text.len += end;
    text.bytes[text.len] = '\0';
    return text;
}

/* ---- what is built from a scenario ---- */

/* The URL of a port that refuses connections: bound, so that nobody else takes it, and not listening. */
static void closed_url(struct run *run, char *url, size_t size) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    if (run->closed_port_socket < 0) {
        run->closed_port_socket = socket(AF_INET, SOCK_STREAM, 0);
        if (bind(run->closed_port_socket, (struct sockaddr *)&address, len) != 0) {
            die("bind");
        }
    }
    getsockname(run->closed_port_socket, (struct sockaddr *)&address, &len);
    snprintf(url, size, "http://127.0.0.1:%d", ntohs(address.sin_port));
}

/* A value of a setting; `room` is for those that the runner knows. */
static struct text setting_value(struct run *run, const json_t *value) {
    char room[512] = "";
    const char *word = json_string_value(value);
    if (word != NULL && strcmp(word, "@sandbox") == 0) {
        snprintf(room, sizeof room, "%s", run->sandbox->url);
    } else if (word != NULL && strcmp(word, "@secret") == 0) {
        snprintf(room, sizeof room, "%s", CLIENT_SECRET);
    } else if (word != NULL && strcmp(word, "@closed") == 0) {
        closed_url(run, room, sizeof room);
    } else if (word != NULL && strcmp(word, "@fresh") == 0) {
        snprintf(room, sizeof room, "%s/state/ledger.db", run->folder);
    } else if (word != NULL && strcmp(word, "@unwritable") == 0) {
        snprintf(room, sizeof room, "%s/file", run->folder);
        close(open(room, O_CREAT | O_WRONLY, 0600));
        snprintf(room, sizeof room, "%s/file/below/ledger.db", run->folder);
    } else {
        return text_of(value);
    }
    return text_copy(room, strlen(room));
}

/* Builds the migrator anew. The answer is the error's code, and the error goes to `*error`. */
static kinde_code build(struct run *run, kinde_error **error) {
    kinde_settings *settings = kinde_settings_new();
    kinde_code code = KINDE_OK;
    const char *name;
    json_t *value;
    json_object_foreach(run->settings, name, value) {
        if (json_is_null(value)) {
            continue;
        }
        struct text text = setting_value(run, value);
        code = kinde_settings_set(settings, name, text.bytes, text.len, error);
        free(text.bytes);
        if (code != KINDE_OK) {
            break;
        }
    }
    kinde_migrator_free(run->migrator);
    run->migrator = NULL;
    if (code == KINDE_OK) {
        code = kinde_migrator_new(settings, &run->migrator, error);
    }
    kinde_settings_free(settings);
    return code;
}

typedef kinde_code setter(void *handle, const char *name, struct text value, kinde_error **error);

static kinde_code set_user(void *handle, const char *name, struct text value, kinde_error **error) {
    return kinde_user_set(handle, name, value.bytes, value.len, error);
}

static kinde_code set_credential(void *handle, const char *name, struct text value, kinde_error **error) {
    return kinde_credential_set(handle, name, value.bytes, value.len, error);
}

/* Sets every member; those of an inner object `extra` as `extra.NAME`. */
static kinde_code set_all(void *handle, setter *set, const char *prefix, const json_t *fields, kinde_error **error) {
    kinde_code code = KINDE_OK;
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)fields, name, value) {
        char full[256];
        snprintf(full, sizeof full, "%s%s", prefix, name);
        if (json_is_null(value)) {
            continue;
        }
        if (strcmp(full, "extra") == 0) {
            code = set_all(handle, set, "extra.", value, error);
        } else {
            struct text text = text_of(value);
            code = set(handle, full, text, error);
            free(text.bytes);
        }
        if (code != KINDE_OK) {
            return code;
        }
    }
    return code;
}

/* ---- what is checked ---- */

/* A number, or {"least": …, "most": …}. */
static void check_number(struct run *run, const char *what, const json_t *expected, long long got) {
    if (json_is_integer(expected)) {
        long long number = json_integer_value(expected);
        if (number != got) {
            fail(run, "%s is %lld, not %lld", what, got, number);
        }
        return;
    }
    const json_t *least = json_object_get(expected, "least"), *most = json_object_get(expected, "most");
    if (least == NULL && most == NULL) {
        fail(run, "%s: the expectation is neither a number nor a range", what);
    }
    if (least != NULL && got < json_integer_value(least)) {
        fail(run, "%s is %lld, less than %lld", what, got, (long long)json_integer_value(least));
    }
    if (most != NULL && got > json_integer_value(most)) {
        fail(run, "%s is %lld, more than %lld", what, got, (long long)json_integer_value(most));
    }
}

static void check_bool(struct run *run, const char *what, const json_t *expected, int got) {
    if (!json_is_boolean(expected) || json_is_true(expected) != (got != 0)) {
        fail(run, "%s is %s", what, got ? "true" : "false");
    }
}

static void check_text(struct run *run, const char *what, const json_t *expected, const char *got) {
    const char *wanted = json_string_value(expected);
    if (wanted == NULL || strcmp(wanted, got) != 0) {
        fail(run, "%s is %s, not %s", what, got, wanted == NULL ? "?" : wanted);
    }
}

/* Every member of `values` that is a text long enough to mean anything must not be in `message`. */
static void check_hides(struct run *run, const char *message, const json_t *values, const char *only) {
    const char *name;
    json_t *value;
    if (message == NULL) {
        return;
    }
    json_object_foreach((json_t *)values, name, value) {
        if ((only != NULL && strstr(only, name) == NULL) || json_is_null(value)) {
            continue;
        }
        if (strcmp(name, "extra") == 0) {
            check_hides(run, message, value, NULL);
            continue;
        }
        struct text text = text_of(value);
        /* A shorter one is found in any sentence. */
        if (text.len >= 4 && strlen(text.bytes) == text.len && strstr(message, text.bytes) != NULL) {
            fail(run, "the message shows the %s: %s", name, message);
        }
        free(text.bytes);
    }
}

static void check_message(struct run *run, const json_t *step, const char *message) {
    const json_t *credential = json_object_get(step, "credential");
    check_hides(run, message, json_object_get(step, "user"), "email username phone");
    check_hides(run, message, credential, "password hash version extra");
    check_hides(run, message, run->settings, "client_secret previous_client_secret");
    if (message != NULL && strstr(message, CLIENT_SECRET) != NULL) {
        fail(run, "the message shows the client secret: %s", message);
    }
}

/* A list of {"code": …, "field": …}, in any order, and none beside them. */
static void check_notices(struct run *run, const json_t *expected, const kinde_outcome *outcome) {
    size_t count = kinde_outcome_notice_count(outcome), at;
    json_t *wanted;
    if (count != json_array_size(expected)) {
        fail(run, "there are %zu notices, not %zu", count, json_array_size(expected));
    }
    json_array_foreach((json_t *)expected, at, wanted) {
        const char *code = json_string_value(json_object_get(wanted, "code"));
        const char *field = json_string_value(json_object_get(wanted, "field"));
        size_t found = 0;
        while (found < count && (strcmp(kinde_code_name(kinde_outcome_notice_code(outcome, found)), code) != 0 ||
                                 strcmp(kinde_outcome_notice_field(outcome, found), field) != 0)) {
            found++;
        }
        if (found == count) {
            fail(run, "there is no notice %s of %s", code, field);
        }
    }
}

static void check_outcome(struct run *run, const json_t *expect, const kinde_outcome *outcome) {
    const char *message = kinde_outcome_message(outcome);
    kinde_code reason = kinde_outcome_reason(outcome);
    const char *name;
    json_t *wanted;
    if (kinde_outcome_status(outcome) >= KINDE_STATUS_QUEUED && (reason == KINDE_OK || message == NULL)) {
        fail(run, "a %s without reason or message", kinde_status_name(kinde_outcome_status(outcome)));
    }
    json_object_foreach((json_t *)expect, name, wanted) {
        if (strcmp(name, "status") == 0) {
            check_text(run, "status", wanted, kinde_status_name(kinde_outcome_status(outcome)));
        } else if (strcmp(name, "calls") == 0) {
            check_number(run, "calls", wanted, kinde_outcome_calls(outcome));
        } else if (strcmp(name, "reason") == 0 && json_is_null(wanted)) {
            if (reason != KINDE_OK) {
                fail(run, "reason is %s, not none", kinde_code_name(reason));
            }
        } else if (strcmp(name, "reason") == 0) {
            check_text(run, "reason", wanted, kinde_code_name(reason));
        } else if (strcmp(name, "durable") == 0) {
            check_bool(run, "durable", wanted, kinde_outcome_durable(outcome));
        } else if (strcmp(name, "notices") == 0) {
            check_notices(run, wanted, outcome);
        } else if (strcmp(name, "has_kinde_id") == 0) {
            check_bool(run, "has_kinde_id", wanted, kinde_outcome_kinde_id(outcome, NULL) != NULL);
        } else if (strcmp(name, "message_has") == 0) {
            if (message == NULL || strstr(message, json_string_value(wanted)) == NULL) {
                fail(run, "the message lacks %s: %s", json_string_value(wanted), message == NULL ? "" : message);
            }
        } else if (strcmp(name, "message_lacks") == 0) {
            if (message != NULL && strstr(message, json_string_value(wanted)) != NULL) {
                fail(run, "the message has %s: %s", json_string_value(wanted), message);
            }
        } else {
            fail(run, "this runner does not know the expectation %s", name);
        }
    }
    if (run->why[0] != '\0' && message != NULL) {
        size_t len = strlen(run->why);
        snprintf(run->why + len, sizeof run->why - len, " (%s: %s)", kinde_code_name(reason), message);
    }
}

/* ---- steps ---- */

static void step_verb(struct run *run, const json_t *step) {
    const char *verb = json_string_value(json_object_get(step, "verb"));
    const json_t *fields = json_object_get(step, "credential");
    const char *misuse = json_string_value(json_object_get(step, "misuse"));
    kinde_user *user = kinde_user_new();
    kinde_credential *credential = json_is_object(fields) ? kinde_credential_new() : NULL;
    kinde_outcome *outcome = NULL;
    kinde_error *error = NULL;
    kinde_code code = set_all(user, set_user, "", json_object_get(step, "user"), &error);
    if (code == KINDE_OK && credential != NULL) {
        code = set_all(credential, set_credential, "", fields, &error);
    }
    if (code == KINDE_OK) {
        if (strcmp(verb, "migrate") == 0) {
            code = kinde_migrator_migrate(run->migrator, user, credential, &outcome, &error);
        } else if (strcmp(verb, "change_password") == 0) {
            code = kinde_migrator_change_password(run->migrator, user, credential, &outcome, &error);
        } else if (strcmp(verb, "request_reset") == 0) {
            code = kinde_migrator_request_reset(run->migrator, user, &outcome, &error);
        } else {
            fail(run, "no verb %s", verb);
        }
    }
    if (misuse != NULL) {
        check_text(run, "misuse", json_object_get(step, "misuse"), kinde_code_name(code));
    } else if (code != KINDE_OK) {
        fail(run, "%s: %s", kinde_code_name(code), kinde_error_message(error));
    } else {
        check_outcome(run, json_object_get(step, "expect"), outcome);
    }
    check_message(run, step, kinde_outcome_message(outcome));
    check_message(run, step, kinde_error_message(error));
    for (kinde_error *notice = NULL; kinde_migrator_notice(run->migrator, &notice);) {
        check_message(run, step, kinde_error_message(notice));
        kinde_error_free(notice);
    }
    kinde_error_free(error);
    kinde_outcome_free(outcome);
    kinde_credential_free(credential);
    kinde_user_free(user);
}

/* What is said of a hash must not hold it, nor what the step hides. */
static void check_hidden(struct run *run, const json_t *step, const char *said) {
    json_t *hidden;
    size_t at;
    check_hides(run, said, json_object_get(step, "explain_hash"), "hash");
    json_array_foreach(json_object_get(step, "hides"), at, hidden) {
        if (said != NULL && strstr(said, json_string_value(hidden)) != NULL) {
            fail(run, "what is hidden shows: %s", said);
        }
    }
}

/* The error says what the explanation says, or why no verb takes what the import file would. */
static void check_refusal(struct run *run, const json_t *explained, const kinde_error *error) {
    const char *format = kinde_error_format(error);
    const json_t *known = json_object_get(explained, "format");
    if (json_is_null(known) ? format != NULL : format == NULL || strcmp(format, json_string_value(known)) != 0) {
        fail(run, "the error's format is %s", format == NULL ? "none" : format);
    }
    if (json_is_true(json_object_get(explained, "importable"))) {
        if (kinde_error_code(error) != KINDE_HASH_NOT_IMPORTABLE || kinde_error_advice(error) == NULL) {
            fail(run, "the error is %s", kinde_code_name(kinde_error_code(error)));
        }
        return;
    }
    check_text(run, "the error", json_object_get(explained, "code"), kinde_code_name(kinde_error_code(error)));
    check_text(run, "its reason", json_object_get(explained, "reason"), kinde_error_reason(error));
    check_text(run, "its advice", json_object_get(explained, "advice"), kinde_error_advice(error));
}

static void check_explanation(struct run *run, const json_t *step, const kinde_credential *credential,
                              const char *guesses, const kinde_explanation *explanation) {
    const char *json = kinde_explanation_json(explanation, NULL), *name;
    json_t *explained = json_loads(json, 0, NULL), *wanted;
    kinde_explanation *required = NULL;
    kinde_error *error = NULL;
    check_hidden(run, step, json);
    json_object_foreach(json_object_get(step, "expect"), name, wanted) {
        if (!json_equal(json_object_get(explained, name), wanted)) {
            fail(run, "%s is not as expected: %s", name, json);
        }
    }
    bool taken = json_is_true(json_object_get(explained, "importable")) &&
                 json_is_false(json_object_get(explained, "import_file_only"));
    kinde_code code = kinde_require_importable(credential, guesses, &required, &error);
    if (taken && (code != KINDE_OK || strcmp(kinde_explanation_json(required, NULL), json) != 0)) {
        fail(run, "required, it is another: %s", kinde_code_name(code));
    } else if (!taken && code == KINDE_OK) {
        fail(run, "it is not importable, and no error");
    } else if (!taken) {
        check_hidden(run, step, kinde_error_message(error));
        check_refusal(run, explained, error);
    }
    kinde_explanation_free(required);
    kinde_error_free(error);
    json_decref(explained);
}

static void step_explain(struct run *run, const json_t *step) {
    json_t *asked = json_deep_copy(json_object_get(step, "explain_hash"));
    const char *guesses = json_string_value(json_object_get(json_object_get(step, "explain_hash"), "allow_guesses"));
    kinde_credential *credential = kinde_credential_new();
    kinde_explanation *explanation = NULL;
    kinde_error *error = NULL;
    json_object_del(asked, "allow_guesses");
    kinde_code code = set_all(credential, set_credential, "", asked, &error);
    if (code == KINDE_OK) {
        code = kinde_explain_hash(credential, guesses, &explanation, &error);
    }
    if (json_object_get(step, "misuse") != NULL) {
        check_text(run, "misuse", json_object_get(step, "misuse"), kinde_code_name(code));
        check_hidden(run, step, kinde_error_message(error));
        if (kinde_require_importable(credential, guesses, &explanation, NULL) != code) {
            fail(run, "required, it is another misuse");
        }
    } else if (code != KINDE_OK) {
        fail(run, "%s: %s", kinde_code_name(code), kinde_error_message(error));
    } else {
        check_explanation(run, step, credential, guesses, explanation);
    }
    kinde_error_free(error);
    kinde_explanation_free(explanation);
    kinde_credential_free(credential);
    json_decref(asked);
}

static void step_sandbox(struct run *run, json_t *routes) {
    const char *route;
    json_t *body;
    json_object_foreach(routes, route, body) {
        char path[64];
        snprintf(path, sizeof path, "/sandbox/%s", route);
        json_decref(sandbox_post(run->sandbox, path, body));
    }
}

static void step_drain(struct run *run, const json_t *step) {
    const json_t *drain = json_object_get(step, "drain");
    const json_t *max = json_object_get(drain, "max"), *deadline = json_object_get(drain, "deadline");
    kinde_drained drained = KINDE_DRAINED_INIT;
    kinde_error *error = NULL;
    if (kinde_migrator_drain(run->migrator, max == NULL ? 100 : (uint32_t)json_integer_value(max),
                             deadline == NULL ? 5.0 : json_number_value(deadline), &drained, &error) != KINDE_OK) {
        fail(run, "drain: %s", kinde_error_message(error));
        kinde_error_free(error);
        return;
    }
    const char *name;
    json_t *wanted;
    json_object_foreach(json_object_get(step, "expect"), name, wanted) {
        if (strcmp(name, "delivered") == 0) {
            check_number(run, "delivered", wanted, drained.delivered);
        } else if (strcmp(name, "dropped") == 0) {
            check_number(run, "dropped", wanted, drained.dropped);
        } else if (strcmp(name, "left") == 0) {
            check_number(run, "left", wanted, (long long)drained.left);
        } else {
            fail(run, "this runner does not know the expectation %s", name);
        }
    }
}

/* The status as JSON, to be freed with json_decref(); NULL, and a failure, where there is none. */
static json_t *status_of(struct run *run) {
    kinde_status_json *status = NULL;
    kinde_error *error = NULL;
    if (kinde_migrator_status_json(run->migrator, &status, &error) != KINDE_OK) {
        fail(run, "status: %s", kinde_error_message(error));
        kinde_error_free(error);
        return NULL;
    }
    json_t *members = json_loads(kinde_status_json_text(status, NULL), 0, NULL);
    kinde_status_json_free(status);
    return members;
}

static void step_status(struct run *run, const json_t *step) {
    json_t *status = status_of(run), *wanted;
    const char *name;
    json_object_foreach(json_object_get(step, "expect"), name, wanted) {
        const json_t *got = json_object_get(status, name);
        if (json_is_integer(got)) {
            check_number(run, name, wanted, (long long)json_integer_value(got));
        } else if (got == NULL) {
            fail(run, "the status has no %s", name);
        } else if (!json_equal(got, wanted)) {
            char *text = json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT);
            fail(run, "%s is %s", name, text);
            free(text);
        }
    }
    json_decref(status);
}

/* How much is owed; -1, and a failure, where that cannot be said. */
static long long owed(struct run *run) {
    kinde_ledger_status status = KINDE_LEDGER_STATUS_INIT;
    if (kinde_migrator_status(run->migrator, &status, NULL) != KINDE_OK) {
        fail(run, "status");
        return -1;
    }
    return (long long)status.owed;
}

static void step_settle(struct run *run, const json_t *settle) {
    double ends = seconds_now() + SETTLED_WITHIN;
    while (owed(run) > json_integer_value(json_object_get(settle, "owed"))) {
        kinde_drained drained = KINDE_DRAINED_INIT;
        if (seconds_now() > ends) {
            fail(run, "more is owed after %d s of drains", SETTLED_WITHIN);
            return;
        }
        if (kinde_migrator_drain(run->migrator, 100, 10.0, &drained, NULL) != KINDE_OK) {
            fail(run, "drain");
            return;
        }
        usleep(20 * 1000);
    }
}

static void step_restart(struct run *run, const json_t *step) {
    json_t *changes = json_object_get(step, "settings");
    kinde_error *error = NULL;
    if (changes != NULL) {
        json_object_update(run->settings, changes);
    }
    if (build(run, &error) != KINDE_OK) {
        fail(run, "restart: %s", kinde_error_message(error));
        kinde_error_free(error);
    }
}

static void run_steps(struct run *run, const json_t *steps) {
    size_t at;
    json_t *step;
    json_array_foreach((json_t *)steps, at, step) {
        if (json_object_get(step, "verb") != NULL) {
            step_verb(run, step);
        } else if (json_object_get(step, "sandbox") != NULL) {
            step_sandbox(run, json_object_get(step, "sandbox"));
        } else if (json_object_get(step, "drain") != NULL) {
            step_drain(run, step);
        } else if (json_object_get(step, "status") != NULL) {
            step_status(run, step);
        } else if (json_object_get(step, "explain_hash") != NULL) {
            step_explain(run, step);
        } else if (json_object_get(step, "restart") != NULL) {
            step_restart(run, step);
        } else if (json_object_get(step, "settle") != NULL) {
            step_settle(run, json_object_get(step, "settle"));
        } else {
            fail(run, "this runner does not know this kind of step");
        }
        if (run->why[0] != '\0') {
            run->step = at + 1;
            return;
        }
    }
}

/* ---- the end state ---- */

static void check_end_user(struct run *run, const json_t *expect, json_t *users) {
    const char *email = json_string_value(json_object_get(expect, "email"));
    json_t *found = NULL, *user, *wanted;
    const char *name;
    size_t at;
    json_array_foreach(users, at, user) {
        if (json_equal(json_object_get(user, "email"), json_object_get(expect, "email"))) {
            found = user;
        }
    }
    if (found == NULL) {
        fail(run, "the sandbox has no user %s", email == NULL ? "without e-mail" : email);
        return;
    }
    json_object_foreach((json_t *)expect, name, wanted) {
        json_t *got = json_object_get(found, name);
        if (!json_equal(got, wanted)) {
            char *shown = json_dumps(got, JSON_ENCODE_ANY);
            fail(run, "%s of %s is %s", name, email == NULL ? "the user" : email, shown == NULL ? "absent" : shown);
            free(shown);
        }
    }
}

static void check_end(struct run *run, const json_t *end) {
    json_t *users = sandbox_get(run->sandbox, "/sandbox/users");
    json_t *stats = sandbox_get(run->sandbox, "/sandbox/stats");
    const char *name, *call;
    json_t *wanted, *one;
    size_t at;
    long long left = json_integer_value(json_object_get(end, "owed")); /* 0 where it is missing */
    if (owed(run) != left) {
        fail(run, "%lld owed at the end, not %lld", owed(run), left);
    }
    json_object_foreach((json_t *)end, name, wanted) {
        if (strcmp(name, "owed") == 0) {
            continue;
        }
        if (strcmp(name, "users") == 0) {
            check_number(run, "users at the end", wanted, (long long)json_array_size(users));
        } else if (strcmp(name, "tokens") == 0) {
            check_number(run, "tokens", wanted, json_integer_value(json_object_get(stats, "tokens")));
        } else if (strcmp(name, "calls") == 0) {
            json_object_foreach(wanted, call, one) {
                json_t *got = json_object_get(json_object_get(stats, "calls"), call);
                check_number(run, call, one, got == NULL ? -1 : json_integer_value(got));
            }
        } else if (strcmp(name, "user") == 0) {
            json_array_foreach(wanted, at, one) {
                check_end_user(run, one, users);
            }
        } else if (strcmp(name, "sign_ins") == 0) {
            json_array_foreach(wanted, at, one) {
                struct text password = text_of(json_object_get(one, "password"));
                json_t *body = json_deep_copy(one);
                json_object_del(body, "ok");
                json_object_set_new(body, "password", json_stringn(password.bytes, password.len));
                json_t *answer = sandbox_post(run->sandbox, "/sandbox/sign-in", body);
                const char *email = json_string_value(json_object_get(one, "email"));
                if (!json_equal(json_object_get(answer, "ok"), json_object_get(one, "ok"))) {
                    fail(run, "signing in %s at the end is not as expected", email == NULL ? "" : email);
                }
                json_decref(answer);
                json_decref(body);
                free(password.bytes);
            }
        } else {
            fail(run, "this runner does not know the end state %s", name);
        }
    }
    json_decref(users);
    json_decref(stats);
}

/* ---- a scenario, a file, all ---- */

static void check_build_error(struct run *run, const json_t *scenario, kinde_code code, const kinde_error *error) {
    const char *message = kinde_error_message(error);
    json_t *name;
    size_t at;
    check_text(run, "build_error", json_object_get(scenario, "build_error"), kinde_code_name(code));
    check_hides(run, message, run->settings, "client_secret previous_client_secret");
    json_array_foreach(json_object_get(scenario, "secret"), at, name) {
        const char *text = json_string_value(name);
        const char *value = json_string_value(json_object_get(run->settings, text));
        /* Named by its setting, or given as the text that must not be seen. */
        if (strstr(message, value == NULL ? text : value) != NULL) {
            fail(run, "the message shows what is secret: %s", message);
        }
    }
}

static bool run_scenario(const struct sandbox *sandbox, const json_t *scenario) {
    struct run run = {.sandbox = sandbox, .closed_port_socket = -1};
    json_t *own = json_object_get(scenario, "settings"), *state = json_object_get(scenario, "sandbox");
    kinde_error *error = NULL;
    folder_make(run.folder, sizeof run.folder);
    json_t *fresh = state == NULL ? json_object() : json_deep_copy(state);
    json_decref(sandbox_post(sandbox, "/sandbox/reset", fresh));
    json_decref(fresh);
    run.settings = json_pack("{s:s, s:s, s:s, s:s}", "domain", "@sandbox", "client_id", CLIENT_ID, "client_secret",
                             CLIENT_SECRET, "ledger", "@fresh");
    if (own != NULL) {
        json_object_update(run.settings, own);
    }
    kinde_code code = build(&run, &error);
    if (json_object_get(scenario, "build_error") != NULL) {
        check_build_error(&run, scenario, code, error);
    } else if (code != KINDE_OK) {
        fail(&run, "cannot be built: %s", kinde_error_message(error));
    } else {
        run_steps(&run, json_object_get(scenario, "steps"));
        if (run.why[0] == '\0') {
            check_end(&run, json_object_get(scenario, "end"));
        }
    }
    kinde_error_free(error);
    kinde_migrator_free(run.migrator);
    json_decref(run.settings);
    folder_remove(run.folder);
    if (run.closed_port_socket >= 0) {
        close(run.closed_port_socket);
    }
    const char *name = json_string_value(json_object_get(scenario, "name"));
    if (run.why[0] == '\0') {
        printf("ok %s\n", name);
    } else {
        printf("FAILED %s: step %zu: %s\n", name, run.step, run.why);
    }
    fflush(stdout);
    return run.why[0] == '\0';
}

static int is_json(const struct dirent *entry) {
    size_t len = strlen(entry->d_name);
    return len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

/* Loads a file of scenarios. */
static json_t *load(const char *path) {
    json_error_t wrong;
    json_t *file = json_load_file(path, JSON_ALLOW_NUL, &wrong);
    if (file == NULL) {
        die("%s:%d: %s", path, wrong.line, wrong.text);
    }
    return file;
}

/* Runs every AT_ONCEth scenario in each of as many processes. The answer is whether all came out well. */
static bool run_at_once(const json_t *scenarios) {
    int status, failed = 0;
    for (size_t first = 0; first < AT_ONCE; first++) {
        pid_t child = fork();
        if (child < 0) {
            die("fork");
        }
        if (child == 0) {
            struct sandbox sandbox;
            bool good = true;
            sandbox_start(&sandbox);
            for (size_t at = first; at < json_array_size(scenarios); at += AT_ONCE) {
                good = run_scenario(&sandbox, json_array_get(scenarios, at)) && good;
            }
            sandbox_stop(&sandbox);
            exit(good ? 0 : 1);
        }
    }
    while (wait(&status) > 0) {
        failed += status != 0;
    }
    printf("%zu scenarios at once, %d of %d processes failed\n", json_array_size(scenarios), failed, AT_ONCE);
    return failed == 0 && json_array_size(scenarios) > 0;
}

int main(int argc, char **argv) {
    const char *only = argc > 2 ? argv[2] : "";
    int ran = 0, failed = 0;
    struct sandbox sandbox;
    struct dirent **files;
    struct stat given;
    if (argc < 2) {
        die("usage: scenarios FOLDER [PART-OF-A-NAME]");
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    clean_environment();
    if (stat(argv[1], &given) == 0 && S_ISREG(given.st_mode)) {
        json_t *scenarios = load(argv[1]);
        bool good = run_at_once(scenarios);
        json_decref(scenarios);
        return !good;
    }
    sandbox_start(&sandbox);
    int count = scandir(argv[1], &files, is_json, alphasort);
    for (int i = 0; i < count; i++) {
        char path[1024];
        json_t *scenario;
        size_t at;
        snprintf(path, sizeof path, "%s/%s", argv[1], files[i]->d_name);
        json_t *file = load(path);
        json_array_foreach(json_object_get(file, "scenarios"), at, scenario) {
            const char *name = json_string_value(json_object_get(scenario, "name"));
            if (name == NULL) {
                die("%s: a scenario without a name", path);
            }
            if (strstr(name, only) != NULL) {
                ran++;
                failed += !run_scenario(&sandbox, scenario);
            }
        }
        json_decref(file);
        free(files[i]);
    }
    if (count >= 0) {
        free(files);
    }
    sandbox_stop(&sandbox);
    curl_global_cleanup();
    printf("%d scenarios, %d failed\n", ran, failed);
    if (ran < (only[0] == '\0' ? 40 : 1)) {
        die("too few scenarios in %s", argv[1]);
    }
    return failed != 0;
}
