/*
 * Where secrets lie in this process's memory, by reading all of it (/proc/self/mem) for canaries.
 *
 * - A password or a stored hash lies, while its credential lives, on pages that core dumps leave out, and is
 *   nowhere afterwards.
 * - The client secret lies on such pages while a migrator lives, and is nowhere afterwards.
 * - So does the access token, but for what belongs to the HTTP library (hyper) and cannot be wiped from outside:
 *   each connection's buffer for the heads of requests holds the last `authorization` header, until the connection
 *   is closed (after 20 s without a call) and the allocator gives its memory to somebody else; and the buffer that
 *   the token was received in may hold it until it is overwritten by a later answer. A token is good for an hour.
 *
 * The canaries themselves are kept masked, and unmasked in a buffer only to be handed over, which is wiped then.
 * `SHOW=1 secrets` prints every finding.
 */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            die("%s:%d: not so: %s", __func__, __LINE__, #condition);                                                  \
        }                                                                                                              \
    } while (0)

/* ---- canaries ---- */

#define MASK 0xa5
#define CANARY_MAX 4096
/* What is looked for: pieces, since the first bytes of freed memory are overwritten by the allocator's own. */
#define PIECE 12
#define PIECES_MAX 4096

struct canary {
    const char *name;
    unsigned char masked[CANARY_MAX];
    size_t len;
    /* How many pieces there are, and how many the last scan has found where. */
    size_t pieces, left_out, dumped;
};

static struct canary client_secret = {.name = "the client secret"};
static struct canary password = {.name = "the password"};
static struct canary long_password = {.name = "the long password"};
static struct canary hash = {.name = "the stored hash"};
static struct canary token = {.name = "the access token"};
static struct canary *const canaries[] = {&client_secret, &password, &long_password, &hash, &token};
#define CANARIES (sizeof canaries / sizeof *canaries)

static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./";
static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void make(struct canary *canary, const char *prefix, size_t len) {
    FILE *random = fopen("/dev/urandom", "r");
    CHECK(random != NULL && len <= CANARY_MAX);
    setvbuf(random, NULL, _IONBF, 0);
    for (size_t i = 0; i < len; i++) {
        int letter = *prefix != '\0' ? *prefix++ : LETTERS[fgetc(random) & 63];
        canary->masked[i] = (unsigned char)letter ^ MASK;
    }
    /* bcrypt's last letter of a salt carries two bits, its last of a digest four. */
    if (canary == &hash) {
        canary->masked[28] = 'O' ^ MASK;
        canary->masked[59] = 'O' ^ MASK;
    }
    canary->len = len;
    fclose(random);
}

/* Unmasked, for as long as it is handed over. */
static char bare[CANARY_MAX + 1];

static const char *unmask(const struct canary *canary) {
    for (size_t i = 0; i < canary->len; i++) {
        bare[i] = (char)(canary->masked[i] ^ MASK);
    }
    bare[canary->len] = '\0';
    return bare;
}

static void wipe(void) {
    explicit_bzero(bare, sizeof bare);
}

/* ---- scanning ---- */

static struct piece {
    struct canary *canary;
    const char *form;
    unsigned char masked[2 * PIECE];
    size_t len;
    struct piece *next;
} pieces[PIECES_MAX];
static size_t piece_count;
static struct piece *by_first[256];

static void add_piece(struct canary *canary, const char *form, const unsigned char *masked, size_t len) {
    CHECK(piece_count < PIECES_MAX && len <= 2 * PIECE);
    struct piece *piece = &pieces[piece_count++];
    canary->pieces++;
    piece->canary = canary;
    piece->form = form;
    piece->len = len;
    memcpy(piece->masked, masked, len);
    piece->next = by_first[masked[0] ^ MASK];
    by_first[masked[0] ^ MASK] = piece;
}

static void add_form(struct canary *canary, const char *form, const unsigned char *masked, size_t len, size_t size) {
    for (size_t at = 0; at + size <= len; at += size) {
        add_piece(canary, form, masked + at, size);
    }
}

/* The pieces of a canary in every form that it might travel in; each form is made masked. */
static void look_for(struct canary *canary) {
    static unsigned char form[3 * CANARY_MAX];
    const unsigned char *masked = canary->masked;
    size_t len = 0;
    add_form(canary, "as it is", masked, canary->len, PIECE);
    if (canary == &token) {
        return; /* it travels as it is */
    }
    for (size_t i = 0; i < canary->len; i++) {
        form[len++] = masked[i];
        form[len++] = MASK;
    }
    add_form(canary, "UTF-16", form, len, 2 * PIECE);
    len = 0;
    for (size_t i = 0; i < canary->len; i++) {
        unsigned char letter = masked[i] ^ MASK;
        int plain = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                    (letter >= 'a' && letter <= 'z') || strchr("-._~", letter) != NULL;
        if (plain) {
            form[len++] = masked[i];
        } else {
            form[len++] = '%' ^ MASK;
            form[len++] = (unsigned char)"0123456789ABCDEF"[letter >> 4] ^ MASK;
            form[len++] = (unsigned char)"0123456789ABCDEF"[letter & 15] ^ MASK;
        }
    }
    if (len != canary->len) {
        add_form(canary, "percent-encoded", form, len, PIECE);
    }
    /* Whatever stands before it shifts it by one of three. */
    for (size_t from = 0; from < 3; from++) {
        len = 0;
        for (size_t i = from; i + 3 <= canary->len; i += 3) {
            unsigned three = (unsigned)(masked[i] ^ MASK) << 16 | (unsigned)(masked[i + 1] ^ MASK) << 8 |
                             (unsigned)(masked[i + 2] ^ MASK);
            for (int shift = 18; shift >= 0; shift -= 6) {
                form[len++] = (unsigned char)BASE64[three >> shift & 63] ^ MASK;
            }
        }
        add_form(canary, "base64", form, len, PIECE);
    }
}

#define CHUNK ((size_t)1 << 20)

/* Shared, hence none of the private mappings that are scanned. */
static unsigned char *chunk;
static int memory = -1;

static void scan_mapping(uintptr_t from, uintptr_t to, int left_out, const char *line) {
    while (from < to) {
        size_t want = to - from < CHUNK ? to - from : CHUNK;
        ssize_t got = pread(memory, chunk, want, (off_t)from);
        if (got <= 0) {
            return; /* beyond the end of a file */
        }
        for (size_t i = 0; i < (size_t)got; i++) {
            for (const struct piece *piece = by_first[chunk[i]]; piece != NULL; piece = piece->next) {
                size_t at = 0;
                while (at < piece->len && i + at < (size_t)got && (chunk[i + at] ^ MASK) == piece->masked[at]) {
                    at++;
                }
                if (at < piece->len) {
                    continue;
                }
                *(left_out ? &piece->canary->left_out : &piece->canary->dumped) += 1;
                if (getenv("SHOW") != NULL) {
                    printf("  %s, %s, piece %zu, at %#zx%s in %s", piece->canary->name, piece->form,
                           (size_t)(piece - pieces), (size_t)from + i, left_out ? " (left out)" : "", line);
                }
            }
        }
        /* What lies across two chunks is read again. */
        from += (size_t)got < want || from + (size_t)got >= to ? (size_t)got : (size_t)got - 2 * PIECE;
    }
}

static void scan(void) {
    static char line[1024], header[1024];
    uintptr_t from = 0, to = 0;
    int private = 0;
    FILE *maps = fopen("/proc/self/smaps", "r");
    CHECK(maps != NULL);
    for (size_t i = 0; i < CANARIES; i++) {
        canaries[i]->left_out = canaries[i]->dumped = 0;
    }
    while (fgets(line, sizeof line, maps) != NULL) {
        size_t low, high;
        char rights[8];
        if (sscanf(line, "%zx-%zx %7s ", &low, &high, rights) == 3) {
            from = low;
            to = high;
            private = rights[0] == 'r' && rights[3] == 'p' && strstr(line, "[v") == NULL;
            memcpy(header, line, sizeof header);
        } else if (strncmp(line, "VmFlags:", 8) == 0 && private) {
            scan_mapping(from, to, strstr(line, " dd") != NULL, header);
        }
    }
    fclose(maps);
    explicit_bzero(chunk, CHUNK);
}

/* ---- the token ---- */

/* Takes the access token from where it belongs: the pages that dumps leave out. */
static void learn_token(void) {
    static const char reversed[] = "Jye reraeB";
    static char line[1024];
    uintptr_t from = 0, to = 0;
    FILE *maps = fopen("/proc/self/smaps", "r");
    CHECK(maps != NULL);
    token.len = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        size_t low, high;
        if (sscanf(line, "%zx-%zx ", &low, &high) == 2) {
            from = low;
            to = high;
        } else if (strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " dd") != NULL && strstr(line, " io") == NULL) {
            ssize_t got = pread(memory, chunk, to - from < CHUNK ? to - from : CHUNK, (off_t)from);
            for (size_t i = 0; got > 0 && i + sizeof reversed - 1 < (size_t)got && token.len == 0; i++) {
                size_t at = 0;
                while (at < sizeof reversed - 1 && chunk[i + at] == (unsigned char)reversed[sizeof reversed - 2 - at]) {
                    at++;
                }
                if (at == sizeof reversed - 1) {
                    for (size_t j = i + 7; j < (size_t)got && chunk[j] > ' ' && token.len < CANARY_MAX; j++) {
                        token.masked[token.len++] = chunk[j] ^ MASK;
                    }
                }
            }
        }
    }
    fclose(maps);
    explicit_bzero(chunk, CHUNK);
    CHECK(token.len > 100);
    look_for(&token);
}

/* ---- the sandbox, from child processes: what they hold is not in this one ---- */

static struct sandbox sandbox;

enum step { SET_SECRET, STALL, FAIL_CHECKS, REFUSE_PASSWORDS, WORK_AGAIN, SIGN_IN, SIGN_IN_LONG };

static void in_child(enum step step, const char *email) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        json_t *options = NULL;
        switch (step) {
        case SET_SECRET:
            options = json_pack("{s:s}", "client_secret", unmask(&client_secret));
            break;
        case STALL:
            options =
                json_pack("{s:[{s:s, s:s, s:s}]}", "script", "call", "set_password", "nth", "all", "fault", "stall");
            break;
        case FAIL_CHECKS:
            options = json_pack("{s:[{s:s, s:s, s:s}]}", "script", "call", "check", "nth", "all", "fault", "error_503");
            break;
        case REFUSE_PASSWORDS:
            options = json_pack("{s:[], s:b}", "script", "refuse_password", 1);
            break;
        case WORK_AGAIN:
            options = json_pack("{s:[], s:b}", "script", "refuse_password", 0);
            break;
        case SIGN_IN:
            _exit(!sandbox_sign_in(&sandbox, email, unmask(&password)));
        case SIGN_IN_LONG:
            _exit(!sandbox_sign_in(&sandbox, email, unmask(&long_password)));
        }
        sandbox_post(&sandbox, "/sandbox/options", options);
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    if (status != 0) {
        die("step %d for %s failed in its child", (int)step, email == NULL ? "the sandbox" : email);
    }
}

/* ---- the tests ---- */

static kinde_migrator *build(const char *folder, const char *plaintext, const char *deadline) {
    char ledger[512];
    snprintf(ledger, sizeof ledger, "%s/%s-%s.db", folder, plaintext, deadline);
    const char *const settings[][2] = {
        {"domain", sandbox.url}, {"client_id", CLIENT_ID}, {"ledger", ledger},
        {"bcrypt_cost", "4"},    {"deadline", deadline},   {"send_plaintext", plaintext},
    };
    kinde_settings *built = kinde_settings_new();
    kinde_migrator *migrator = NULL;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        CHECK(kinde_settings_set(built, settings[i][0], settings[i][1], strlen(settings[i][1]), NULL) == KINDE_OK);
    }
    CHECK(kinde_settings_set(built, "client_secret", unmask(&client_secret), client_secret.len, NULL) == KINDE_OK);
    wipe();
    CHECK(kinde_migrator_new(built, &migrator, NULL) == KINDE_OK);
    kinde_settings_free(built);
    return migrator;
}

enum place { NOWHERE, LEFT_OUT };

/* After a scan. Of the token, `copies` may lie elsewhere. */
static void expect(const char *when, const struct canary *canary, enum place place, size_t copies) {
    if ((canary->left_out > 0) != (place == LEFT_OUT) || canary->dumped > copies * canary->pieces) {
        die("%s: of %s's %zu pieces %zu are on pages that dumps leave out and %zu elsewhere (SHOW=1 says where)", when,
            canary->name, canary->pieces, canary->left_out, canary->dumped);
    }
}

/* How many copies of the token hyper's buffers may hold: two for each connection. Each migrator has one, and the
 * hurried one leaves its first when that stalls. */
#define TOKEN_COPIES ((size_t)2 * 4)

static void expect_at_rest(const char *when, enum place place) {
    scan();
    expect(when, &password, NOWHERE, 0);
    expect(when, &long_password, NOWHERE, 0);
    expect(when, &hash, NOWHERE, 0);
    expect(when, &client_secret, place, 0);
    if (token.len > 0) {
        expect(when, &token, place, TOKEN_COPIES);
    }
}

/* One verb; while its credential lives, and when all is freed. */
static void carry(const char *name, kinde_migrator *migrator, int change, const char *field,
                  const struct canary *canary, kinde_status status) {
    char email[128];
    snprintf(email, sizeof email, "%s@example.org", name);
    kinde_user *user = kinde_user_new();
    kinde_credential *credential = kinde_credential_new();
    kinde_outcome *outcome = NULL;
    CHECK(kinde_user_set(user, "email", email, strlen(email), NULL) == KINDE_OK);
    CHECK(kinde_credential_set(credential, field, unmask(canary), canary->len, NULL) == KINDE_OK);
    wipe();
    scan();
    expect(name, canary, LEFT_OUT, 0);
    kinde_code done = change ? kinde_migrator_change_password(migrator, user, credential, &outcome, NULL)
                             : kinde_migrator_migrate(migrator, user, credential, &outcome, NULL);
    CHECK(done == KINDE_OK);
    if (kinde_outcome_status(outcome) != status) {
        die("%s: %s, %s", name, kinde_status_name(kinde_outcome_status(outcome)), kinde_outcome_message(outcome));
    }
    kinde_outcome_free(outcome);
    kinde_credential_free(credential);
    kinde_user_free(user);
    expect_at_rest(name, LEFT_OUT);
    printf("ok %s: the token has %zu pieces elsewhere\n", name, token.dumped);
    fflush(stdout);
}

/* Every piece is found where it lies about, or nothing here would prove anything. */
static void the_scan_finds_what_there_is(void) {
    unsigned char *heap = malloc(piece_count * 3 * PIECE);
    CHECK(heap != NULL);
    for (size_t i = 0; i < piece_count; i++) {
        for (size_t j = 0; j < pieces[i].len; j++) {
            heap[i * 3 * PIECE + j] = pieces[i].masked[j] ^ MASK;
        }
    }
    scan();
    explicit_bzero(heap, piece_count * 3 * PIECE);
    free(heap);
    for (size_t i = 0; i < CANARIES; i++) {
        CHECK(canaries[i]->dumped >= canaries[i]->pieces);
    }
    expect_at_rest("before anything", NOWHERE);
}

int main(void) {
    chunk = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    CHECK(chunk != MAP_FAILED && memory >= 0);
    clean_environment();
    make(&client_secret, "", 60);
    make(&password, "", 60);
    make(&long_password, "", 120);
    make(&hash, "$2b$10$", 60);
    for (size_t i = 0; i < CANARIES; i++) {
        look_for(canaries[i]);
    }
    the_scan_finds_what_there_is();

    char folder[256];
    folder_make(folder, sizeof folder);
    sandbox_start(&sandbox);
    in_child(SET_SECRET, NULL);
    kinde_migrator *hashes = build(folder, "false", "20");
    kinde_migrator *plain = build(folder, "true", "20");
    kinde_migrator *hurried = build(folder, "true", "0.5");
    expect_at_rest("three migrators", LEFT_OUT);

    carry("hashed", hashes, 0, "password", &password, KINDE_STATUS_CREATED);
    learn_token();
    expect_at_rest("the token is known", LEFT_OUT);
    in_child(SIGN_IN, "hashed@example.org");
    carry("stretched", hashes, 0, "password", &long_password, KINDE_STATUS_CREATED);
    in_child(SIGN_IN_LONG, "stretched@example.org");
    carry("stored", hashes, 0, "hash", &hash, KINDE_STATUS_CREATED);
    carry("plain", plain, 0, "password", &password, KINDE_STATUS_CREATED);
    in_child(SIGN_IN, "plain@example.org");
    carry("plain", plain, 1, "password", &long_password, KINDE_STATUS_UPDATED);
    in_child(SIGN_IN_LONG, "plain@example.org");
    in_child(STALL, NULL);
    carry("stalled", hurried, 0, "password", &password, KINDE_STATUS_QUEUED);
    in_child(FAIL_CHECKS, NULL);
    carry("queued", hashes, 0, "password", &password, KINDE_STATUS_QUEUED);
    carry("queued-hash", hashes, 0, "hash", &hash, KINDE_STATUS_QUEUED);
    in_child(REFUSE_PASSWORDS, NULL);
    carry("refused", plain, 0, "password", &password, KINDE_STATUS_REJECTED);
    in_child(WORK_AGAIN, NULL);
    kinde_drained drained = KINDE_DRAINED_INIT;
    CHECK(kinde_migrator_drain(hashes, 10, 60.0, &drained, NULL) == KINDE_OK && drained.left == 0);
    in_child(SIGN_IN, "queued@example.org");
    expect_at_rest("drained", LEFT_OUT);

    kinde_migrator_free(hashes);
    kinde_migrator_free(plain);
    kinde_migrator_free(hurried);
    expect_at_rest("all is freed", NOWHERE);
    printf("ok all is freed: the token has %zu pieces elsewhere, %zu to a copy\n", token.dumped, token.pieces);
    sandbox_stop(&sandbox);
    folder_remove(folder);
    return 0;
}
