/*
 * kinde_migrate.hpp: kinde_migrate.h for C++11 and later. Handles free themselves, and errors are exceptions.
 * SPDX-License-Identifier: MIT OR Apache-2.0
 *
 *     kinde::Migrator migrator; // from the environment
 *     kinde::Outcome outcome = migrator.migrate(kinde::User().set("email", email),
 *                                               kinde::Credential().set("password", password));
 *
 * Only misuse and wrong settings are thrown, as kinde::Error: what Kinde, the network or the data do is an outcome.
 * What the functions do is said in kinde_migrate.h. Objects can be moved and not copied; one that was moved from may
 * only be destroyed or assigned to.
 */

#ifndef KINDE_MIGRATE_HPP
#define KINDE_MIGRATE_HPP

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "kinde_migrate.h"

namespace kinde {

/** Misuse or a wrong setting. The message names the thing and the cure and shows no secret. */
class Error : public std::runtime_error {
  public:
    /** Takes over a handle. */
    explicit Error(kinde_error *error)
        : std::runtime_error(kinde_error_message(error)), code_(kinde_error_code(error)),
          retryable_(kinde_error_retryable(error)), format_(text(kinde_error_format(error))),
          reason_(text(kinde_error_reason(error))), advice_(text(kinde_error_advice(error))) {
        kinde_error_free(error);
    }

    /** As KINDE_DOMAIN_MISSING. */
    kinde_code code() const noexcept {
        return code_;
    }
    /** Its name, the same in every language. */
    const char *name() const noexcept {
        return kinde_code_name(code_);
    }
    /** Whether the same call may succeed later without anybody changing anything. */
    bool retryable() const noexcept {
        return retryable_;
    }
    /** Of a stored hash that cannot be carried over: its format, empty where it is not known. */
    const std::string &format() const noexcept {
        return format_;
    }
    /** Why it cannot; empty for errors of another kind. */
    const std::string &reason() const noexcept {
        return reason_;
    }
    /** What to do instead; empty for errors of another kind. */
    const std::string &advice() const noexcept {
        return advice_;
    }

  private:
    static std::string text(const char *given) {
        return given == nullptr ? std::string() : std::string(given);
    }

    kinde_code code_;
    bool retryable_;
    std::string format_;
    std::string reason_;
    std::string advice_;
};

namespace detail {

/** One call: where it puts its error, which is thrown unless the answer is KINDE_OK. */
class Call {
  public:
    kinde_error **error() noexcept {
        return &error_;
    }
    void check(kinde_code code) {
        if (code != KINDE_OK)
            throw Error(error_);
    }

  private:
    kinde_error *error_ = nullptr;
};

/** Frees a handle with the function of its type. */
template <typename Handle, void (*release)(Handle *)> struct Release {
    void operator()(Handle *handle) const noexcept {
        release(handle);
    }
};

template <typename Handle, void (*release)(Handle *)> using Owned = std::unique_ptr<Handle, Release<Handle, release>>;

/** A handle that was just made; there is none where memory is short. */
template <typename Handle> Handle *made(Handle *handle) {
    if (handle == nullptr)
        throw std::bad_alloc();
    return handle;
}

} // namespace detail

/** A user as the application knows them. */
class User {
  public:
    User() : handle_(detail::made(kinde_user_new())) {
    }

    /** Sets a field, as "email". */
    User &set(const std::string &name, const std::string &value) & {
        detail::Call call;
        call.check(kinde_user_set(handle_.get(), name.c_str(), value.data(), value.size(), call.error()));
        return *this;
    }
    User &&set(const std::string &name, const std::string &value) && {
        return std::move(set(name, value));
    }

    const kinde_user *get() const noexcept {
        return handle_.get();
    }

  private:
    detail::Owned<kinde_user, kinde_user_free> handle_;
};

/** A typed password, a stored hash, or both. It is wiped when it is destroyed; the strings given to it are the
 * caller's. */
class Credential {
  public:
    Credential() : handle_(detail::made(kinde_credential_new())) {
    }

    /** Sets a field, as "password". */
    Credential &set(const std::string &name, const std::string &value) & {
        detail::Call call;
        call.check(kinde_credential_set(handle_.get(), name.c_str(), value.data(), value.size(), call.error()));
        return *this;
    }
    Credential &&set(const std::string &name, const std::string &value) && {
        return std::move(set(name, value));
    }

    const kinde_credential *get() const noexcept {
        return handle_.get();
    }

  private:
    detail::Owned<kinde_credential, kinde_credential_free> handle_;
};

/** What a migrator is built from. */
class Settings {
  public:
    Settings() : handle_(detail::made(kinde_settings_new())) {
    }

    /** Sets one, as "domain". */
    Settings &set(const std::string &name, const std::string &value) & {
        detail::Call call;
        call.check(kinde_settings_set(handle_.get(), name.c_str(), value.data(), value.size(), call.error()));
        return *this;
    }
    Settings &&set(const std::string &name, const std::string &value) && {
        return std::move(set(name, value));
    }

    /** Sets what is taken where neither set() nor the environment has it. */
    Settings &set_default(const std::string &name, const std::string &value) & {
        detail::Call call;
        call.check(kinde_settings_set_default(handle_.get(), name.c_str(), value.data(), value.size(), call.error()));
        return *this;
    }
    Settings &&set_default(const std::string &name, const std::string &value) && {
        return std::move(set_default(name, value));
    }

    const kinde_settings *get() const noexcept {
        return handle_.get();
    }

  private:
    detail::Owned<kinde_settings, kinde_settings_free> handle_;
};

/** The answer of a verb. */
class Outcome {
  public:
    /** Takes over a handle. */
    explicit Outcome(kinde_outcome *outcome) noexcept : handle_(outcome) {
    }

    /** As KINDE_STATUS_CREATED. */
    kinde_status status() const noexcept {
        return kinde_outcome_status(handle_.get());
    }
    /** Its name, the same in every language. */
    const char *status_name() const noexcept {
        return kinde_status_name(status());
    }
    /** The user's id in Kinde; empty where it is not known. */
    std::string kinde_id() const {
        std::size_t length = 0;
        const char *id = kinde_outcome_kinde_id(handle_.get(), &length);
        return id == nullptr ? std::string() : std::string(id, length);
    }
    /** How many calls of Kinde's Management API were made. */
    std::uint32_t calls() const noexcept {
        return kinde_outcome_calls(handle_.get());
    }
    /** Why, for queued, skipped and rejected; else KINDE_OK. */
    kinde_code reason() const noexcept {
        return kinde_outcome_reason(handle_.get());
    }
    /** The reason in words; empty where there is none. */
    std::string message() const {
        const char *message = kinde_outcome_message(handle_.get());
        return message == nullptr ? std::string() : std::string(message);
    }
    /** Of queued: whether it outlives this process and the host's next start. */
    bool durable() const noexcept {
        return kinde_outcome_durable(handle_.get());
    }
    /** How many of the user's fields were cleaned or left out. */
    std::size_t notice_count() const noexcept {
        return kinde_outcome_notice_count(handle_.get());
    }
    /** What was done to one of them. */
    kinde_code notice_code(std::size_t index) const noexcept {
        return kinde_outcome_notice_code(handle_.get(), index);
    }
    /** Which one; empty where there is no such notice. */
    std::string notice_field(std::size_t index) const {
        const char *field = kinde_outcome_notice_field(handle_.get(), index);
        return field == nullptr ? std::string() : std::string(field);
    }

    const kinde_outcome *get() const noexcept {
        return handle_.get();
    }

  private:
    detail::Owned<kinde_outcome, kinde_outcome_free> handle_;
};

/** Carries users over. Any number of threads may use one. */
class Migrator {
  public:
    /** With all settings from the environment. */
    Migrator() : handle_(build(nullptr)) {
    }
    explicit Migrator(const Settings &settings) : handle_(build(settings.get())) {
    }

    /** After the old system has accepted a sign-in or written a sign-up. */
    Outcome migrate(const User &user, const Credential &credential) const {
        return verb(kinde_migrator_migrate, user, credential.get());
    }
    /** The same for a user who has no password. */
    Outcome migrate(const User &user) const {
        return verb(kinde_migrator_migrate, user, nullptr);
    }
    /** After the old system has changed a password. */
    Outcome change_password(const User &user, const Credential &credential) const {
        return verb(kinde_migrator_change_password, user, credential.get());
    }
    /** When a password is known to be out of date. */
    Outcome request_reset(const User &user) const {
        kinde_outcome *outcome = nullptr;
        detail::Call call;
        call.check(kinde_migrator_request_reset(handle_.get(), user.get(), &outcome, call.error()));
        return Outcome(outcome);
    }
    /** Delivers what is pending. */
    kinde_drained drain(std::uint32_t max = 100, double deadline_seconds = 5.0) const {
        kinde_drained drained = KINDE_DRAINED_INIT;
        detail::Call call;
        call.check(kinde_migrator_drain(handle_.get(), max, deadline_seconds, &drained, call.error()));
        return drained;
    }
    /** How the ledger and Kinde stand, as JSON. */
    std::string status_json() const {
        kinde_status_json *status = nullptr;
        detail::Call call;
        call.check(kinde_migrator_status_json(handle_.get(), &status, call.error()));
        detail::Owned<kinde_status_json, kinde_status_json_free> owned(status);
        std::size_t length = 0;
        const char *text = kinde_status_json_text(status, &length);
        return std::string(text, length);
    }

    kinde_migrator *get() const noexcept {
        return handle_.get();
    }

  private:
    static kinde_migrator *build(const kinde_settings *settings) {
        kinde_migrator *migrator = nullptr;
        detail::Call call;
        call.check(kinde_migrator_new(settings, &migrator, call.error()));
        return migrator;
    }
    template <typename Verb> Outcome verb(Verb function, const User &user, const kinde_credential *credential) const {
        kinde_outcome *outcome = nullptr;
        detail::Call call;
        call.check(function(handle_.get(), user.get(), credential, &outcome, call.error()));
        return Outcome(outcome);
    }

    detail::Owned<kinde_migrator, kinde_migrator_free> handle_;
};

/** What is known of a stored hash, its "format" and "extra.NAME", as JSON. Nothing is wrong enough to be thrown but
 * misuse. */
inline std::string explain_hash(const Credential &credential, const char *allow_guesses = nullptr) {
    kinde_explanation *explanation = nullptr;
    detail::Call call;
    call.check(kinde_explain_hash(credential.get(), allow_guesses, &explanation, call.error()));
    detail::Owned<kinde_explanation, kinde_explanation_free> owned(explanation);
    std::size_t length = 0;
    const char *text = kinde_explanation_json(explanation, &length);
    return std::string(text, length);
}

/** As explain_hash(), but what no verb would carry over is thrown. */
inline std::string require_importable(const Credential &credential, const char *allow_guesses = nullptr) {
    kinde_explanation *explanation = nullptr;
    detail::Call call;
    call.check(kinde_require_importable(credential.get(), allow_guesses, &explanation, call.error()));
    detail::Owned<kinde_explanation, kinde_explanation_free> owned(explanation);
    std::size_t length = 0;
    const char *text = kinde_explanation_json(explanation, &length);
    return std::string(text, length);
}

} // namespace kinde

#endif /* KINDE_MIGRATE_HPP */
