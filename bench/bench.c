/* New users, then the same ones again, through the C library.
 *
 *     bench URL LEDGER USERS PASSES
 *
 * Prints one line of JSON, as every language's program does: the wall time of each in microseconds, the
 * processor time of one, the calls of one.
 */

#define _POSIX_C_SOURCE 200809L

#include <kinde_migrate.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WARM_UP = 30 };
static const char hash[] = "$2b$10$UCWiQRKQNXYJLgt.0Wo6JeHWSx.g3Ni.qWTzBP/u/2hTSxTEaU8ue";

struct samples {
    double *us;
    size_t count;
    double cpu;
    unsigned long calls;
};

static double micros(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void give_up(kinde_error *error, const char *what) {
    fprintf(stderr, "bench: %s: %s\n", what, error != NULL ? kinde_error_message(error) : "failed");
    exit(1);
}

static struct samples room_for(size_t count) {
    struct samples samples = {calloc(count + 1, sizeof(double)), 0, 0, 0};
    if (samples.us == NULL)
        give_up(NULL, "memory");
    return samples;
}

static void carry(const kinde_migrator *migrator, struct samples *samples, long n, kinde_status expected) {
    double began = micros(CLOCK_MONOTONIC);
    char email[64], id[32];
    int email_len = snprintf(email, sizeof email, "user-%ld@example.org", n);
    int id_len = snprintf(id, sizeof id, "user-%ld", n);
    kinde_error *error = NULL;
    kinde_user *user = kinde_user_new();
    kinde_credential *credential = kinde_credential_new();
    kinde_outcome *outcome = NULL;
    if (kinde_user_set(user, "email", email, (size_t)email_len, &error) != KINDE_OK ||
        kinde_user_set(user, "given_name", "Ada", 3, &error) != KINDE_OK ||
        kinde_user_set(user, "family_name", "Lovelace", 8, &error) != KINDE_OK ||
        kinde_user_set(user, "provided_id", id, (size_t)id_len, &error) != KINDE_OK ||
        kinde_user_set(user, "email_verified", "1", 1, &error) != KINDE_OK ||
        kinde_credential_set(credential, "hash", hash, sizeof hash - 1, &error) != KINDE_OK ||
        kinde_migrator_migrate(migrator, user, credential, &outcome, &error) != KINDE_OK)
        give_up(error, "migrate");
    kinde_status status = kinde_outcome_status(outcome);
    if (status != expected) {
        fprintf(stderr, "bench: %s: %s\n", kinde_status_name(status), kinde_outcome_message(outcome));
        exit(1);
    }
    samples->calls += kinde_outcome_calls(outcome);
    kinde_outcome_free(outcome);
    kinde_credential_free(credential);
    kinde_user_free(user);
    samples->us[samples->count++] = micros(CLOCK_MONOTONIC) - began;
}

static void print(const char *name, const struct samples *samples) {
    double count = samples->count > 0 ? (double)samples->count : 1;
    printf("\"%s\": {\"us\": [", name);
    for (size_t n = 0; n < samples->count; n++)
        printf(n > 0 ? ", %.1f" : "%.1f", samples->us[n]);
    printf("], \"cpu_us\": %.3f, \"calls\": %.3f}", samples->cpu / count, (double)samples->calls / count);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: bench URL LEDGER USERS PASSES\n");
        return 2;
    }
    long last = WARM_UP + strtol(argv[3], NULL, 10), passes = strtol(argv[4], NULL, 10);
    const char *settings[][2] = {{"domain", argv[1]},
                                 {"client_id", "sandbox-client"},
                                 {"client_secret", "sandbox-secret"},
                                 {"ledger", argv[2]},
                                 {"deadline", "10"}};
    kinde_error *error = NULL;
    kinde_settings *all = kinde_settings_new();
    for (size_t n = 0; n < sizeof settings / sizeof *settings; n++)
        if (kinde_settings_set(all, settings[n][0], settings[n][1], strlen(settings[n][1]), &error) != KINDE_OK)
            give_up(error, settings[n][0]);
    kinde_migrator *migrator = NULL;
    if (kinde_migrator_new(all, &migrator, &error) != KINDE_OK)
        give_up(error, "settings");
    kinde_settings_free(all);

    struct samples warm_up = room_for(2 * WARM_UP);
    for (long n = 0; n < WARM_UP; n++) {
        carry(migrator, &warm_up, n, KINDE_STATUS_CREATED);
        carry(migrator, &warm_up, n, KINDE_STATUS_UNCHANGED);
    }
    struct samples created = room_for((size_t)(last - WARM_UP));
    struct samples again = room_for((size_t)(last - WARM_UP) * (size_t)passes);
    double cpu = micros(CLOCK_PROCESS_CPUTIME_ID);
    for (long n = WARM_UP; n < last; n++)
        carry(migrator, &created, n, KINDE_STATUS_CREATED);
    created.cpu = micros(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    cpu = micros(CLOCK_PROCESS_CPUTIME_ID);
    for (long pass = 0; pass < passes; pass++)
        for (long n = WARM_UP; n < last; n++)
            carry(migrator, &again, n, KINDE_STATUS_UNCHANGED);
    again.cpu = micros(CLOCK_PROCESS_CPUTIME_ID) - cpu;

    printf("{\"name\": \"c\", ");
    print("new", &created);
    printf(", ");
    print("again", &again);
    printf("}\n");
    free(warm_up.us);
    free(created.us);
    free(again.us);
    kinde_migrator_free(migrator);
    return 0;
}
