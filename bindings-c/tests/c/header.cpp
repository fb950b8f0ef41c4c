/* The C++ header: what it throws, what it frees, what moves. It wants an environment without settings. */
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <kinde_migrate.hpp>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                       \
            std::exit(1);                                                                                              \
        }                                                                                                              \
    } while (0)

template <typename Call> static kinde_code thrown(Call call) {
    try {
        call();
    } catch (const kinde::Error &error) {
        CHECK(std::strlen(error.what()) > 0);
        return error.code();
    }
    return KINDE_OK;
}

int main() {
    CHECK(thrown([] { kinde::Migrator migrator; }) == KINDE_DOMAIN_MISSING);
    CHECK(thrown([] { kinde::Settings().set("domian", "x"); }) == KINDE_SETTING_UNKNOWN);
    CHECK(thrown([] { kinde::User().set("emial", "x"); }) == KINDE_USER_FIELD_UNKNOWN);
    CHECK(thrown([] { kinde::Credential().set("pasword", "x"); }) == KINDE_CREDENTIAL_FIELD_UNKNOWN);

    kinde::Migrator migrator(kinde::Settings()
                                 .set("domain", "http://127.0.0.1:9")
                                 .set("client_id", "me")
                                 .set_default("client_secret", "secret")
                                 .set("ledger", "memory"));
    kinde::Migrator moved(std::move(migrator));
    kinde::Credential credential;
    credential.set("password", std::string("a\0b", 3));
    kinde::Outcome outcome = moved.migrate(kinde::User().set("email", "ann@example.com"), credential);
    CHECK(outcome.status() == KINDE_STATUS_REJECTED && outcome.reason() == KINDE_PASSWORD_NUL);
    CHECK(std::strcmp(outcome.status_name(), "rejected") == 0);
    CHECK(!outcome.message().empty() && outcome.kinde_id().empty() && outcome.calls() == 0 && outcome.durable());
    CHECK(outcome.notice_count() == 0 && outcome.notice_field(0).empty() && outcome.notice_code(0) == KINDE_OK);
    CHECK(moved.request_reset(kinde::User()).reason() == KINDE_USER_MISSING);
    CHECK(thrown([&] { moved.change_password(kinde::User(), kinde::Credential()); }) == KINDE_CREDENTIAL_MISSING);
    CHECK(moved.drain(1, 0.5).left == 0);
    CHECK(thrown([&] { moved.drain(1, -1); }) == KINDE_ARGUMENT_TYPE);
    CHECK(moved.status_json().find("\"carried\":0") != std::string::npos);

    kinde::Credential hash;
    hash.set("hash", "88e4ddd2402d92d50e1879d6ecd9ffd4");
    CHECK(kinde::explain_hash(hash).find("\"importable\":false") != std::string::npos);
    CHECK(thrown([&] { kinde::require_importable(hash); }) == KINDE_HASH_AMBIGUOUS);
    CHECK(!kinde::require_importable(
               kinde::Credential().set("hash", "88e4ddd2402d92d50e1879d6ecd9ffd4").set("format", "raw_md5_hex"))
               .empty());
    return 0;
}
