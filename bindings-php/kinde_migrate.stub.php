<?php

/** @generate-class-entries */

namespace KindeMigrate;

/**
 * What is known of a stored hash: its format, whether it can be carried over, and what to do if not. It asks
 * nobody, and throws for misuse only: whatever the hash, its format or its extra hold is explained.
 *
 * @param array $extra what is stored beside the hash, as in ["salt" => ...]
 * @param string|null $allow_guesses as the setting: ids of formats with commas between them, or "all"
 * @return array{format: string|null, candidates: list<string>, applications: string|null, importable: bool,
 *     confidence: "certain"|"likely"|"guess"|null, kinde: array<string, string|int>|null, import_file_only: bool,
 *     code: string|null, reason: string|null, advice: string|null, test_first: string|null, traps: list<string>,
 *     proven: "none"|"hash"|"mapping", notices: list<string>}
 * @throws Exception
 */
function explain_hash(#[\SensitiveParameter] string $stored, ?string $format = null, #[\SensitiveParameter] array $extra = [], ?string $allow_guesses = null): array {}

/**
 * The same, for what a verb would take.
 *
 * @throws HashNotImportable for what a verb would answer "rejected" for
 * @throws Exception
 */
function require_importable(#[\SensitiveParameter] string $stored, ?string $format = null, #[\SensitiveParameter] array $extra = [], ?string $allow_guesses = null): array {}

/**
 * Misuse or misconfiguration. Nothing that Kinde, the network or the data does is ever thrown by a verb.
 * getCode() is the code's number, the same in every language.
 */
class Exception extends \RuntimeException
{
    private string $errorCode = "internal";

    /** The stable code, as in "setting_unknown". */
    public function getErrorCode(): string {}
}

/**
 * A stored hash that no verb would carry over. getErrorCode() says why, as an outcome's reason would:
 * "hash_not_importable", "hash_ambiguous", "hash_malformed" and so on.
 *
 * @strict-properties
 */
class HashNotImportable extends Exception
{
    /** The format, where it is known. */
    public readonly ?string $format;

    /** Why, in words. */
    public readonly string $reason;

    /** What to do instead, in words. */
    public readonly string $advice;
}

/**
 * What became of one call of a verb.
 *
 * @strict-properties
 * @not-serializable
 */
final class Outcome
{
    /** created, updated, unchanged, queued, skipped or rejected. */
    public readonly string $status;

    /** The user's id in Kinde, where it is known. */
    public readonly ?string $kinde_id;

    /** How many calls of Kinde's Management API were made. */
    public readonly int $calls;

    /** Why, for queued, skipped and rejected: a stable code. */
    public readonly ?string $reason;

    /** The reason in words, with what to do about it. It shows no secret and no e-mail. */
    public readonly ?string $message;

    /** Of queued: whether what is owed outlives this process and the host's next start. True for every other status. */
    public readonly bool $durable;

    /**
     * What was done to the user's fields on the way; none of it stopped the password.
     *
     * @var list<array{code: string, field: string}>
     */
    public readonly array $notices;

    private function __construct() {}
}

/**
 * Carries users into Kinde. Cheap to make: within one process equal settings share connections, access
 * token and ledger, also from one request to the next.
 *
 * @strict-properties
 * @not-serializable
 */
final class Migrator
{
    /**
     * Settings by name; what is left out comes from the environment, then from kinde_migrate.* in php.ini.
     * Leave drain_in_background off: a thread of PHP's process would be in its way when it ends.
     *
     * @throws Exception
     */
    public function __construct(#[\SensitiveParameter] array $settings = []) {}

    /**
     * With the settings of the environment, then of php.ini.
     *
     * @throws Exception
     */
    public static function fromEnv(): Migrator {}

    /**
     * When the legacy system has accepted a sign-in, or written a sign-up.
     *
     * @param array $user email (or username, phone), given_name, family_name, picture, provided_id, ...
     * @param array|null $credential password or hash (or both), format, extra, version
     * @throws Exception
     */
    public function migrate(array $user, #[\SensitiveParameter] ?array $credential = null): Outcome {}

    /**
     * When the legacy system has changed a password. Without a password and a hash it is misuse: "credential_missing".
     *
     * @throws Exception
     */
    public function changePassword(array $user, #[\SensitiveParameter] ?array $credential): Outcome {}

    /**
     * When a password is known to be out of date: Kinde asks for a new one at the next sign-in.
     *
     * @throws Exception
     */
    public function requestReset(array $user): Outcome {}

    /**
     * Delivers what is owed: at most so many, for at most so many seconds.
     *
     * @return array{delivered: int, dropped: int, left: int}
     * @throws Exception
     */
    public function drain(int $max = 100, float $deadline = 5.0): array {}

    /**
     * How the ledger and Kinde stand. It calls nobody.
     *
     * @return array{carried: int, owed: int, pending_by_reason: array<string, int>, sealed: int, not_durable: int,
     *     unproven: int, oldest_owed_seconds: int|null, dead: int, dead_by_reason: array<string, int>,
     *     in_memory: bool, left_behind: list<string>, last_error: string|null,
     *     kinde: "up"|"limited"|"down"|"refused", retry_in_seconds: int|null, rate_limited: int,
     *     tokens_this_month: int, limit_per_minute: int|null, limit_in_flight: int|null}
     * @throws Exception
     */
    public function status(): array {}
}
