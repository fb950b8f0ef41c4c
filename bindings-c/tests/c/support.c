#include "support.h"

#include <curl/curl.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("error: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void clean_environment(void) {
    for (char **entry = environ; *entry != NULL;) {
        char name[128];
        size_t len = strcspn(*entry, "=");
        int ours = strncmp(*entry, "KINDE_", 6) == 0 && strncmp(*entry, "KINDE_MIGRATE_BIN=", 18) != 0;
        int proxy = len >= 6 && strncasecmp(*entry + len - 6, "_proxy", 6) == 0;
        if ((ours || proxy) && len < sizeof name) {
            memcpy(name, *entry, len);
            name[len] = '\0';
            unsetenv(name);
            entry = environ;
        } else {
            entry++;
        }
    }
}

static const char *sandbox_binary(void) {
    static const char *const places[] = {"target/release/kinde-migrate", "target/debug/kinde-migrate",
                                         "../target/release/kinde-migrate", "../target/debug/kinde-migrate"};
    const char *named = getenv("KINDE_MIGRATE_BIN");
    if (named != NULL) {
        return named;
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (access(places[i], X_OK) == 0) {
            return places[i];
        }
    }
    die("no kinde-migrate in target/; build it (cargo build -p kinde-migrate-cli) or set KINDE_MIGRATE_BIN");
    return NULL;
}

void sandbox_start(struct sandbox *sandbox) {
    const char *binary = sandbox_binary();
    int ends[2];
    if (pipe(ends) != 0) {
        die("pipe: %s", strerror(errno));
    }
    sandbox->pid = fork();
    if (sandbox->pid < 0) {
        die("fork: %s", strerror(errno));
    }
    if (sandbox->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execl(binary, binary, "sandbox", "--port", "0", "--client-id", CLIENT_ID, "--client-secret", CLIENT_SECRET,
              (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    if (out == NULL || fscanf(out, "listening on %127s", sandbox->url) != 1) {
        die("%s sandbox does not say where it listens", binary);
    }
    fclose(out);
}

void sandbox_stop(struct sandbox *sandbox) {
    kill(sandbox->pid, SIGTERM);
    waitpid(sandbox->pid, NULL, 0);
}

struct buffer {
    char *bytes;
    size_t len;
};

static size_t collect(char *bytes, size_t size, size_t count, void *into) {
    struct buffer *buffer = into;
    char *grown = realloc(buffer->bytes, buffer->len + size * count + 1);
    if (grown == NULL) {
        return 0;
    }
    memcpy(grown + buffer->len, bytes, size * count);
    buffer->bytes = grown;
    buffer->len += size * count;
    grown[buffer->len] = '\0';
    return size * count;
}

static json_t *request(const struct sandbox *sandbox, const char *path, json_t *body) {
    char url[512];
    snprintf(url, sizeof url, "%s%s", sandbox->url, path);
    CURL *curl = curl_easy_init();
    struct buffer answer = {NULL, 0};
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    if (text != NULL) {
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(text));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    }
    CURLcode done = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (done != CURLE_OK || status != 200) {
        die("%s: %s, status %ld: %s", path, curl_easy_strerror(done), status, answer.bytes == NULL ? "" : answer.bytes);
    }
    json_t *parsed = json_loadb(answer.bytes, answer.len, JSON_ALLOW_NUL, NULL);
    if (parsed == NULL) {
        die("%s: the answer is not JSON", path);
    }
    free(text);
    free(answer.bytes);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return parsed;
}

json_t *sandbox_get(const struct sandbox *sandbox, const char *path) {
    return request(sandbox, path, NULL);
}

json_t *sandbox_post(const struct sandbox *sandbox, const char *path, json_t *body) {
    return request(sandbox, path, body);
}

int sandbox_users(const struct sandbox *sandbox) {
    json_t *users = sandbox_get(sandbox, "/sandbox/users");
    int count = (int)json_array_size(users);
    json_decref(users);
    return count;
}

int sandbox_sign_in(const struct sandbox *sandbox, const char *email, const char *password) {
    json_t *body = json_pack("{s:s, s:s}", "email", email, "password", password);
    json_t *answer = sandbox_post(sandbox, "/sandbox/sign-in", body);
    int ok = json_is_true(json_object_get(answer, "ok"));
    json_decref(answer);
    json_decref(body);
    return ok;
}

void folder_make(char *path, size_t size) {
    const char *parent = getenv("TMPDIR");
    snprintf(path, size, "%s/kinde-migrate-c-XXXXXX", parent == NULL ? "/tmp" : parent);
    if (mkdtemp(path) == NULL) {
        die("%s: %s", path, strerror(errno));
    }
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void folder_remove(const char *path) {
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

kinde_migrator *migrator_for(const char *domain, const char *folder, const char *name, const char *value) {
    char ledger[512];
    snprintf(ledger, sizeof ledger, "%s/ledger.db", folder);
    const char *const settings[][2] = {
        {"domain", domain}, {"client_id", CLIENT_ID}, {"client_secret", CLIENT_SECRET},
        {"ledger", ledger}, {"bcrypt_cost", "4"},     {"deadline", "20"},
        {name, value},
    };
    kinde_settings *built = kinde_settings_new();
    kinde_error *error = NULL;
    kinde_migrator *migrator = NULL;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (settings[i][0] != NULL &&
            kinde_settings_set(built, settings[i][0], settings[i][1], strlen(settings[i][1]), &error) != KINDE_OK) {
            die("%s", kinde_error_message(error));
        }
    }
    if (kinde_migrator_new(built, &migrator, &error) != KINDE_OK) {
        die("%s", kinde_error_message(error));
    }
    kinde_settings_free(built);
    return migrator;
}

kinde_outcome *migrate(const kinde_migrator *migrator, const char *email, const char *password, const char *version) {
    kinde_user *user = kinde_user_new();
    kinde_credential *credential = kinde_credential_new();
    kinde_outcome *outcome = NULL;
    kinde_error *error = NULL;
    kinde_user_set(user, "email", email, strlen(email), NULL);
    if (password != NULL) {
        kinde_credential_set(credential, "password", password, strlen(password), NULL);
    }
    if (version != NULL) {
        kinde_credential_set(credential, "version", version, strlen(version), NULL);
    }
    if (kinde_migrator_migrate(migrator, user, credential, &outcome, &error) != KINDE_OK) {
        die("%s", kinde_error_message(error));
    }
    kinde_user_free(user);
    kinde_credential_free(credential);
    return outcome;
}
