/* A program with a SQLite of its own, linked to the archive: each keeps its own. */
#include <kinde_migrate.h>
#include <string.h>

int sqlite3_open_v2(void);
const char *sqlite3_libversion(void);

int sqlite3_open_v2(void) {
    return 7;
}

const char *sqlite3_libversion(void) {
    return "the program's own";
}

int main(void) {
    return strcmp(sqlite3_libversion(), "the program's own") == 0 && sqlite3_open_v2() == 7 && kinde_version() ? 0 : 1;
}
