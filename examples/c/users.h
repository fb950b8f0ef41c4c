/* The old system: users in a file of `EMAIL:HASH` lines, the hashes crypt(3)'s, as in a htpasswd or shadow file. */
#ifndef USERS_H
#define USERS_H

#include <stdbool.h>

/* Room for any hash that crypt(3) makes. */
#define HASH_SIZE 384

enum users_result { USERS_OK, USERS_REFUSED, USERS_TAKEN, USERS_FAILED };

/* Checks a password. Accepted, `stored` gets the hash it was checked against. */
enum users_result users_check(const char *file, const char *email, const char *password, char stored[HASH_SIZE]);

/* Adds a user, or gives one a new password; `stored` gets the new hash. */
enum users_result users_add(const char *file, const char *email, const char *password, char stored[HASH_SIZE]);
enum users_result users_change(const char *file, const char *email, const char *password, char stored[HASH_SIZE]);

#endif
