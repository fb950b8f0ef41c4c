/* The header alone, as C99 and as C++: nothing but it is needed, and the macros initialise. */
#include <kinde_migrate.h>

int main(void) {
    kinde_drained drained = KINDE_DRAINED_INIT;
    kinde_ledger_status status = KINDE_LEDGER_STATUS_INIT;
    kinde_code code = KINDE_OK;
    kinde_error *error = NULL;
    kinde_user *user = kinde_user_new();
    code = kinde_user_set(user, "email", "a@x.org", 7, &error);
    kinde_user_free(user);
    return code != KINDE_OK || drained.left != 0 || status.owed != 0;
}
