#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FIELD_SIZE 4097

/* A form as it comes in. */
struct form {
    struct MHD_PostProcessor *processor;
    bool is_bad; /* a field is too long or holds a NUL, where a C string would end */
    char email[FIELD_SIZE], password[FIELD_SIZE], new_password[FIELD_SIZE];
};

static enum MHD_Result take(void *context, enum MHD_ValueKind kind, const char *key, const char *filename,
                            const char *content_type, const char *encoding, const char *data, uint64_t offset,
                            size_t size) {
    struct form *form = (struct form *)context;
    char *field = strcmp(key, "email") == 0          ? form->email
                  : strcmp(key, "password") == 0     ? form->password
                  : strcmp(key, "new_password") == 0 ? form->new_password
                                                     : NULL;
    (void)kind, (void)filename, (void)content_type, (void)encoding;
    if (field == NULL || size == 0) {
        return MHD_YES;
    }
    if (offset + size >= FIELD_SIZE || memchr(data, '\0', size) != NULL) {
        form->is_bad = true;
        return MHD_YES;
    }
    memcpy(field + offset, data, size);
    field[offset + size] = '\0';
    return MHD_YES;
}

static enum MHD_Result say(struct MHD_Connection *connection, unsigned status, const char *text) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(size_t)text, MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(struct MHD_Connection *connection, enum users_result result, const char *done) {
    switch (result) {
    case USERS_OK:
        return say(connection, MHD_HTTP_OK, done);
    case USERS_REFUSED:
        return say(connection, MHD_HTTP_UNAUTHORIZED, "wrong e-mail or password\n");
    case USERS_TAKEN:
        return say(connection, MHD_HTTP_CONFLICT, "there is such a user already\n");
    case USERS_FAILED:
        break;
    }
    return say(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "the users cannot be written\n");
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *data, size_t *size, void **state) {
    const struct application *app = (const struct application *)context;
    struct form *form = (struct form *)*state;
    (void)version;
    if (strcmp(method, "POST") != 0) {
        return say(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "POST /login, /signup or /password\n");
    }
    if (form == NULL) {
        form = (struct form *)calloc(1, sizeof *form);
        if (form == NULL) {
            return MHD_NO;
        }
        form->processor = MHD_create_post_processor(connection, 1024, take, form);
        *state = form;
        return MHD_YES;
    }
    if (*size > 0) {
        if (form->processor == NULL || MHD_post_process(form->processor, data, *size) != MHD_YES) {
            form->is_bad = true;
        }
        *size = 0;
        return MHD_YES;
    }
    if (form->is_bad || form->email[0] == '\0' || form->password[0] == '\0') {
        return say(connection, MHD_HTTP_BAD_REQUEST, "a form with email and password is needed\n");
    }
    if (strcmp(url, "/login") == 0) {
        return answer(connection, sign_in(app, form->email, form->password), "signed in\n");
    }
    if (strcmp(url, "/signup") == 0) {
        return answer(connection, sign_up(app, form->email, form->password), "signed up\n");
    }
    if (strcmp(url, "/password") == 0) {
        return answer(connection, change_password(app, form->email, form->password, form->new_password),
                      "password changed\n");
    }
    return say(connection, MHD_HTTP_NOT_FOUND, "POST /login, /signup or /password\n");
}

static void forget(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode why) {
    struct form *form = (struct form *)*state;
    (void)context, (void)connection, (void)why;
    if (form != NULL) {
        if (form->processor != NULL) {
            MHD_destroy_post_processor(form->processor);
        }
        explicit_bzero(form, sizeof *form);
        free(form);
    }
}

int serve(const struct application *app, unsigned short port) {
    struct sockaddr_in address;
    sigset_t ends;
    int signal_number;
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);

    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, port, NULL, NULL, handle,
                         (void *)(size_t)app, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
                         MHD_OPTION_THREAD_POOL_SIZE, 4u, MHD_OPTION_NOTIFY_COMPLETED, forget, NULL, MHD_OPTION_END);
    if (daemon == NULL) {
        fprintf(stderr, "cannot listen on port %u\n", port);
        return 1;
    }
    printf("listening on http://127.0.0.1:%u\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    sigwait(&ends, &signal_number);
    MHD_stop_daemon(daemon);
    return 0;
}
