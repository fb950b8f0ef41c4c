#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "users.h"

#include <crypt.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#define LINE_SIZE 1024

/* The hash of a password under a setting (a hash, or what crypt_gensalt() made). */
static bool hash(const char *password, const char *setting, char made[HASH_SIZE]) {
    struct crypt_data *data = (struct crypt_data *)calloc(1, sizeof *data);
    if (data == NULL) {
        return false;
    }
    const char *result = crypt_r(password, setting, data);
    bool ok = result != NULL && result[0] != '*' && strlen(result) < HASH_SIZE;
    if (ok) {
        strcpy(made, result);
    }
    explicit_bzero(data, sizeof *data);
    free(data);
    return ok;
}

/* Splits a line at its colon; says whether it is this user's. */
static bool is_line_of(char *line, const char *email, char **stored) {
    char *colon = strchr(line, ':');
    if (colon == NULL) {
        return false;
    }
    line[strcspn(line, "\r\n")] = '\0';
    *colon = '\0';
    *stored = colon + 1;
    return strcasecmp(line, email) == 0;
}

static bool find(const char *file, const char *email, char stored[HASH_SIZE]) {
    char line[LINE_SIZE], *found;
    bool is_there = false;
    FILE *in = fopen(file, "re");
    while (in != NULL && !is_there && fgets(line, sizeof line, in) != NULL) {
        is_there = is_line_of(line, email, &found) && strlen(found) < HASH_SIZE;
        if (is_there) {
            strcpy(stored, found);
        }
    }
    if (in != NULL) {
        fclose(in);
    }
    return is_there;
}

enum users_result users_check(const char *file, const char *email, const char *password, char stored[HASH_SIZE]) {
    char made[HASH_SIZE];
    /* Somebody unknown takes as long as a wrong password. */
    bool known = find(file, email, stored);
    bool hashed = hash(password, known ? stored : "$6$nobodyhere$", made);
    return known && hashed && strcmp(made, stored) == 0 ? USERS_OK : USERS_REFUSED;
}

/* Writes the file anew, with one line replaced or added, and puts it in the old one's place. */
static bool rewrite(const char *file, const char *email, const char *stored) {
    char line[LINE_SIZE], fresh[LINE_SIZE], *ignored;
    snprintf(fresh, sizeof fresh, "%s.new", file);
    FILE *in = fopen(file, "re");
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    bool ok = out != NULL;
    while (ok && in != NULL && fgets(line, sizeof line, in) != NULL) {
        char copy[LINE_SIZE];
        strcpy(copy, line);
        if (!is_line_of(copy, email, &ignored)) {
            ok = fputs(line, out) >= 0;
        }
    }
    ok = ok && fprintf(out, "%s:%s\n", email, stored) > 0 && fflush(out) == 0 && fsync(fd) == 0;
    if (in != NULL) {
        fclose(in);
    }
    if (out != NULL) {
        ok = fclose(out) == 0 && ok;
    }
    return ok && rename(fresh, file) == 0;
}

static enum users_result put(const char *file, const char *email, const char *password, char stored[HASH_SIZE],
                             bool is_new) {
    char lock[LINE_SIZE], setting[CRYPT_GENSALT_OUTPUT_SIZE], old[HASH_SIZE];
    enum users_result result = USERS_FAILED;
    if (email[0] == '\0' || strpbrk(email, ":\r\n") != NULL || strlen(email) > 320 || password[0] == '\0' ||
        crypt_gensalt_rn("$6$", 0, NULL, 0, setting, sizeof setting) == NULL || !hash(password, setting, stored)) {
        return USERS_REFUSED;
    }
    /* One writer at a time, in whatever process or thread. */
    snprintf(lock, sizeof lock, "%s.lock", file);
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_EX) != 0) {
        return result;
    }
    if (find(file, email, old) == is_new) {
        result = is_new ? USERS_TAKEN : USERS_REFUSED;
    } else if (rewrite(file, email, stored)) {
        result = USERS_OK;
    }
    close(fd);
    return result;
}

enum users_result users_add(const char *file, const char *email, const char *password, char stored[HASH_SIZE]) {
    return put(file, email, password, stored, true);
}

enum users_result users_change(const char *file, const char *email, const char *password, char stored[HASH_SIZE]) {
    return put(file, email, password, stored, false);
}
