/*
 * Forks and threads, from parents that have used their migrator and from such that have not: everybody who was carried
 * over is in the sandbox once, signs in, and the ledger is intact (tests/landed.py). `forks PART-OF-A-NAME` runs some.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            die("%s:%d: not so: %s", __func__, __LINE__, #condition);                                                  \
        }                                                                                                              \
    } while (0)

static struct sandbox sandbox;
static char folder[256];
static int landed; /* whom any process has carried over, a line each */
static kinde_migrator *migrator;
static int unix_sockets_before; /* those of whoever runs this */

static int sign_in(const char *name) {
    char email[96], password[96], line[96];
    snprintf(email, sizeof email, "%s@example.org", name);
    snprintf(password, sizeof password, "password of %s", name);
    kinde_outcome *outcome = migrate(migrator, email, password, "v1");
    int created = kinde_outcome_status(outcome) == KINDE_STATUS_CREATED;
    if (created) {
        /* Not dprintf(), which a fork elsewhere makes unsafe in the child. */
        int len = snprintf(line, sizeof line, "%s\n", name);
        CHECK(write(landed, line, (size_t)len) == len);
    } else {
        fprintf(stderr, "%s: %s, %s\n", name, kinde_status_name(kinde_outcome_status(outcome)),
                kinde_outcome_message(outcome) == NULL ? "" : kinde_outcome_message(outcome));
    }
    kinde_outcome_free(outcome);
    return created;
}

static void begin(int used, int latency) {
    char path[512];
    json_decref(sandbox_post(&sandbox, "/sandbox/reset", json_pack("{s{si}}", "options", "latency_ms", latency)));
    folder_make(folder, sizeof folder);
    snprintf(path, sizeof path, "%s/landed", folder);
    landed = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
    CHECK(landed >= 0);
    migrator = migrator_for(sandbox.url, folder, "bcrypt_cost", "4");
    CHECK(!used || sign_in("parent"));
}

/* Everybody who was said to have landed has. Returns how many they are. */
static int end(void) {
    char command[2048], path[512], name[96];
    json_t *passwords = json_object();
    kinde_migrator_free(migrator);
    FILE *names = fdopen(landed, "r");
    CHECK(names != NULL && fseek(names, 0, SEEK_SET) == 0);
    while (fscanf(names, "%95s", name) == 1) {
        char email[128];
        snprintf(email, sizeof email, "%s@example.org", name);
        json_object_set_new(passwords, email, json_sprintf("password of %s", name));
    }
    fclose(names);
    int count = (int)json_object_size(passwords);
    snprintf(path, sizeof path, "%s/passwords", folder);
    CHECK(json_dump_file(passwords, path, 0) == 0);
    json_decref(passwords);
    snprintf(command, sizeof command, "python3 tests/landed.py %s %s/ledger.db < %s", sandbox.url, folder, path);
    fflush(stdout);
    CHECK(system(command) == 0);
    folder_remove(folder);
    return count;
}

/* Forks; a child that hangs is a failure. */
static pid_t child(int (*work)(int), int argument) {
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        alarm(100);
        _exit(work(argument) ? 0 : 1);
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

/* ---- generations ---- */

/* Every second generation signs in before it forks, the others when they have. */
static int generation(int left) {
    char name[64];
    pid_t children[2];
    snprintf(name, sizeof name, "generation%d-%d", left, (int)getpid());
    int well = left % 2 == 1 || sign_in(name);
    for (int i = 0; i < 2 && left > 0; i++) {
        children[i] = child(generation, left - 1);
    }
    well = well && (left % 2 == 0 || sign_in(name));
    for (int i = 0; i < 2 && left > 0; i++) {
        ended_well(children[i]);
    }
    if (left % 2 == 0) {
        kinde_migrator_free(migrator); /* the child's own; the parent's goes on */
        migrator = NULL;
    }
    return well;
}

static int generations(int left) {
    ended_well(child(generation, left));
    return 31;
}

/* ---- threads ---- */

static atomic_bool over;

struct busy {
    int number, rounds;
};

static void *busy(void *argument) {
    const struct busy *self = argument;
    char name[64];
    for (int round = 0; round < self->rounds && !over; round++) {
        snprintf(name, sizeof name, "busy%d-%d-%d", (int)getpid(), self->number, round);
        CHECK(sign_in(name));
    }
    return NULL;
}

/* Several threads at once make this child's first calls, and it forks while they do. */
static int crowded(int left) {
    pthread_t threads[4];
    struct busy each[4];
    for (int i = 0; i < 4; i++) {
        each[i] = (struct busy){i, 2};
        CHECK(pthread_create(&threads[i], NULL, busy, &each[i]) == 0);
    }
    if (left > 0) {
        usleep((useconds_t)(left % 5) * 500);
        ended_well(child(crowded, 0));
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    return 1;
}

/* 64 threads sign in while their process forks and the children do as much. */
static int forks_beside_threads(int forks) {
    pthread_t threads[64];
    struct busy each[64];
    over = false;
    for (int i = 0; i < 64; i++) {
        each[i] = (struct busy){i, 3};
        CHECK(pthread_create(&threads[i], NULL, busy, &each[i]) == 0);
    }
    for (int i = 0; i < forks; i++) {
        ended_well(child(crowded, i + 1));
    }
    for (int i = 0; i < 64; i++) {
        pthread_join(threads[i], NULL);
    }
    return 64 * 3 + forks * 16;
}

static int spin_and_fork(int step) {
    pthread_t thread;
    struct busy one = {0, 1};
    CHECK(pthread_create(&thread, NULL, busy, &one) == 0);
    for (double until = seconds_now() + step * 0.0002; seconds_now() < until;) {
    }
    ended_well(child(crowded, 0));
    pthread_join(thread, NULL);
    return 1;
}

/* A child for each moment of a first call, which forks in that moment. */
static int forks_at_every_moment(int steps) {
    for (int step = 0; step < steps; step++) {
        ended_well(child(spin_and_fork, step));
    }
    return steps * 9;
}

/* ---- descriptors ---- */

static int descriptors(void) {
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    CHECK(directory != NULL);
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count;
}

struct connection {
    int fd;
    ino_t inode;
    struct tcp_info info;
};

/* The connections to the sandbox that this process has open, and what has gone over them. */
static int connections(struct connection *found, int most) {
    int count = 0, port = atoi(strrchr(sandbox.url, ':') + 1);
    for (int fd = 3; fd < 256 && count < most; fd++) {
        struct sockaddr_in peer;
        struct stat status;
        socklen_t len = sizeof peer, size = sizeof found[0].info;
        if (getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && peer.sin_family == AF_INET &&
            ntohs(peer.sin_port) == port && fstat(fd, &status) == 0 &&
            getsockopt(fd, IPPROTO_TCP, TCP_INFO, &found[count].info, &size) == 0) {
            found[count].fd = fd;
            found[count++].inode = status.st_ino;
        }
    }
    return count;
}

/* Nothing was said or heard meanwhile; the system's own acknowledgements may come late. */
static int same_traffic(const struct connection *a, const struct connection *b) {
    return a->inode == b->inode && a->info.tcpi_bytes_sent == b->info.tcpi_bytes_sent &&
           a->info.tcpi_bytes_received == b->info.tcpi_bytes_received;
}

/* No pair of sockets that all generations would share, as a runtime's handling of signals is. */
static int unix_sockets(void) {
    int count = 0;
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_un name;
        socklen_t len = sizeof name;
        count += getsockname(fd, (struct sockaddr *)&name, &len) == 0 && name.sun_family == AF_UNIX;
    }
    return count;
}

/* Signs in over a connection of its own: not a byte goes over an inherited one, so no TLS session is shared either. */
static int leaves_connections_alone(int left) {
    struct connection before[16], after[16];
    int had = connections(before, 16), own = 0;
    char name[64];
    snprintf(name, sizeof name, "alone%d-%d", left, (int)getpid());
    CHECK(sign_in(name));
    int has = connections(after, 16);
    for (int i = 0; i < has; i++) {
        int inherited = 0;
        for (int j = 0; j < had; j++) {
            if (after[i].inode == before[j].inode) {
                CHECK(same_traffic(&after[i], &before[j]));
                inherited = 1;
            }
        }
        own += !inherited;
    }
    CHECK(own == 1 && unix_sockets() == unix_sockets_before);
    if (left > 0) {
        ended_well(child(leaves_connections_alone, left - 1));
    }
    return 1;
}

static int own_connections(int children) {
    struct connection before[16], after[16];
    int had = connections(before, 16), fds = descriptors();
    for (int i = 0; i < children; i++) {
        ended_well(child(leaves_connections_alone, 1));
        CHECK(connections(after, 16) == had);
        for (int j = 0; j < had; j++) {
            CHECK(same_traffic(&before[j], &after[j]));
        }
    }
    CHECK(descriptors() == fds);
    CHECK(sign_in("afterwards"));
    CHECK(had == 0 || (connections(after, 16) == had && after[0].inode == before[0].inode));
    return 2 * children + 1;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*run)(int); /* returns how many it has signed in, at the least */
        int argument, latency;
    } tests[] = {
        {"generations", generations, 4, 0},
        {"forks_beside_threads", forks_beside_threads, 12, 5},
        {"forks_at_every_moment", forks_at_every_moment, 40, 1},
        {"own_connections", own_connections, 40, 0},
    };
    alarm(280); /* a hang is a failure */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    clean_environment();
    sandbox_start(&sandbox);
    unix_sockets_before = unix_sockets();
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        for (int used = 0; used < 2 && (argc < 2 || strstr(tests[i].name, argv[1]) != NULL); used++) {
            begin(used, tests[i].latency);
            double started = seconds_now();
            int expected = tests[i].run(tests[i].argument) + used;
            printf("%s, parent %s, %.1f s: ", tests[i].name, used ? "used" : "unused", seconds_now() - started);
            CHECK(end() == expected);
        }
    }
    sandbox_stop(&sandbox);
    curl_global_cleanup();
    return 0;
}
