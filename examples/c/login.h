/* What the command line and the server share: the three things a user can do. */
#ifndef LOGIN_H
#define LOGIN_H

#include "users.h"

struct application {
    const char *users;                  /* the crypt(3) file */
    const struct kinde_migrator *kinde; /* NULL where it could not be built: the login works without */
};

enum users_result sign_in(const struct application *app, const char *email, const char *password);
enum users_result sign_up(const struct application *app, const char *email, const char *password);
enum users_result change_password(const struct application *app, const char *email, const char *password,
                                  const char *new_password);

#endif
