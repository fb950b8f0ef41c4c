/** A string, or the bytes of one. What is not UTF-8 makes the outcome `rejected`, reason `invalid_utf8`. */
export type Text = string | Uint8Array;

/** Or a whole number, which is taken as its decimal text. One beyond `Number.MAX_SAFE_INTEGER` is a `bigint` or a string. */
export type TextOrNumber = Text | number | bigint;

type Optional<T> = T | null | undefined;

/** A user of the legacy application: `email`, or `username` or `phone` where it has no e-mail. */
export interface User {
  email?: Optional<Text>;
  username?: Optional<TextOrNumber>;
  /** With its country code, as in `+61426148233`. */
  phone?: Optional<TextOrNumber>;
  phone_country_id?: Optional<TextOrNumber>;
  given_name?: Optional<Text>;
  family_name?: Optional<Text>;
  /** URL of a picture. */
  picture?: Optional<Text>;
  /** The user's id in the old system; proves later that a Kinde user is this one. */
  provided_id?: Optional<TextOrNumber>;
  /** Left out, Kinde decides. */
  email_verified?: Optional<boolean | 0 | 1 | Text>;
  /** The Kinde organisation that a new user joins. */
  organization_code?: Optional<TextOrNumber>;
  phoneCountryId?: Optional<TextOrNumber>;
  givenName?: Optional<Text>;
  familyName?: Optional<Text>;
  providedId?: Optional<TextOrNumber>;
  emailVerified?: Optional<boolean | 0 | 1 | Text>;
  organizationCode?: Optional<TextOrNumber>;
}

/** What the user typed (`password`), or what the legacy database holds (`hash`), or both. */
export interface Credential {
  password?: Optional<Text>;
  hash?: Optional<Text>;
  /** The hash's format, where it cannot be recognised. */
  format?: Optional<Text>;
  /** What is stored beside the hash, such as `{ salt }`. */
  extra?: Optional<Record<string, Optional<TextOrNumber>>>;
  /** Any text that changes when the password changes; the stored hash itself serves. Only a keyed digest is kept. */
  version?: Optional<TextOrNumber>;
}

export type Status = 'created' | 'updated' | 'unchanged' | 'queued' | 'skipped' | 'rejected';

/** The codes: why an outcome is what it is, and what an error is. Stable, and the same in every language. */
export type Code =
  | 'setting_unknown'
  | 'setting_invalid'
  | 'domain_missing'
  | 'domain_invalid'
  | 'domain_insecure'
  | 'client_id_missing'
  | 'client_secret_missing'
  | 'argument_missing'
  | 'argument_type'
  | 'user_field_unknown'
  | 'credential_field_unknown'
  | 'closed'
  | 'credential_missing'
  | 'user_missing'
  | 'email_invalid'
  | 'field_invalid'
  | 'invalid_utf8'
  | 'phone_invalid'
  | 'password_empty'
  | 'password_nul'
  | 'password_too_long'
  | 'hash_not_recognised'
  | 'hash_ambiguous'
  | 'hash_not_importable'
  | 'hash_malformed'
  | 'hash_guess_not_allowed'
  | 'hash_format_unknown'
  | 'hash_extra_missing'
  | 'hash_extra_invalid'
  | 'hash_no_password'
  | 'hash_too_costly'
  | 'missing_scope'
  | 'client_refused'
  | 'kinde_refused'
  | 'user_gone'
  | 'rate_limited'
  | 'kinde_unavailable'
  | 'kinde_timeout'
  | 'kinde_unreachable'
  | 'kinde_nonsense'
  | 'deadline'
  | 'kinde_down'
  | 'certificate_untrusted'
  | 'certificate_wrong_host'
  | 'proxy_refused'
  | 'exists'
  | 'claimed'
  | 'provided_id_conflict'
  | 'several_users'
  | 'not_in_kinde'
  | 'email_not_verified'
  | 'look_alike'
  | 'email_changed'
  | 'provided_id_missing'
  | 'overloaded'
  | 'ledger_unavailable'
  | 'interrupted'
  | 'internal'
  | 'ledger_sealed'
  | 'ledger_replaced'
  | 'ledger_damaged'
  | 'ledger_not_durable'
  | 'ledger_left_behind'
  | 'resources_exhausted'
  | 'field_cleaned'
  | 'field_left_out';

/** The answer of a verb. */
export interface Outcome {
  status: Status;
  kinde_id: string | null;
  /** Calls of Kinde's Management API, repeats included. */
  calls: number;
  /** The code of why, for `queued`, `skipped` and `rejected`. */
  reason: Code | null;
  /** The reason in words, with what to do about it. It shows no secret and no e-mail. */
  message: string | null;
  /** Of `queued`: whether it outlives this process and the host's next start. `true` for every other status. */
  durable: boolean;
  /** Fields of the user that were cleaned or left out. None of it stopped the password. */
  notices: FieldNotice[];
}

/** What was done to one of the user's fields on the way. */
export interface FieldNotice {
  code: 'field_cleaned' | 'field_left_out';
  /** As in `given_name`. */
  field: string;
}

/** What `close` leaves. */
export interface Closed {
  /** Entries of the outbox that wait to be delivered, by whichever process comes first. */
  left: number;
}

/** What `drain` did. */
export interface Drained {
  delivered: number;
  dropped: number;
  left: number;
}

/** How the ledger and Kinde stand. */
export interface LedgerStatus {
  carried: number;
  owed: number;
  /** The same by the code of what they wait for. */
  pending_by_reason: Record<string, number>;
  /** Of those owed, sealed under a client secret that is not known here. */
  sealed: number;
  /** Of those owed, held in memory or in a folder for temporary files. */
  not_durable: number;
  /** Users whose password was carried as a stored hash that no typed password has proven yet. */
  unproven: number;
  oldest_owed_seconds: number | null;
  /** What Kinde refused for good. */
  dead: number;
  /** The same by the code of why. */
  dead_by_reason: Record<string, number>;
  in_memory: boolean;
  /** Paths of ledgers with pending entries at places that are not used any more. */
  left_behind: string[];
  /** The code of what went wrong last, until it goes well again. */
  last_error: Code | null;
  /** Whether Kinde is called just now, as far as anybody on this host knows. */
  kinde: 'up' | 'limited' | 'down' | 'refused';
  /** In how many seconds it is called again, where it is limited or down. */
  retry_in_seconds: number | null;
  /** Answers of 429 so far. */
  rate_limited: number;
  /** Access tokens fetched since the month began, by UTC. */
  tokens_this_month: number;
  /** Calls a minute that Kinde takes, as far as has been learnt. */
  limit_per_minute: number | null;
  /** Calls at the same time that Kinde takes, as far as has been learnt. */
  limit_in_flight: number | null;
}

/** What is known of a stored hash, besides itself. */
export interface HashOptions {
  /** Where it cannot be recognised. */
  format?: Optional<Text>;
  /** What is stored beside it, such as `{ salt }`. */
  extra?: Optional<Record<string, Optional<TextOrNumber>>>;
  /** As the setting: ids of formats with commas between them, or `all`. */
  allow_guesses?: Optional<Text>;
  allowGuesses?: Optional<Text>;
}

/** What is known of a stored hash. No part of the hash, a salt or a key is in it. */
export interface Explanation {
  /** The format that was named, or that the value can only be. */
  format: string | null;
  /** Every format that writes such a value, by its shape alone. */
  candidates: string[];
  /** The applications which write this format. */
  applications: string | null;
  /** Whether it can be carried over as it stands, with the guesses that are allowed. */
  importable: boolean;
  /** How sure that is; null where the format is not known. */
  confidence: 'certain' | 'likely' | 'guess' | null;
  /** What would be sent, its secret parts masked. */
  kinde: Record<string, string | number> | null;
  /** Only the dashboard's import file takes it, and no verb does. */
  import_file_only: boolean;
  /** Why it is not importable, as in `hash_not_importable`. */
  code: Code | null;
  /** The same in words. */
  reason: string | null;
  /** What to do instead. */
  advice: string | null;
  /** What to test before the rest is imported. */
  test_first: string | null;
  /** What can be wrong although nothing in the value shows it. */
  traps: string[];
  /** What a known password has shown of this value: `none`, since nothing is tried here. */
  proven: 'none' | 'hash' | 'mapping';
  /** What was taken off before the value could be read: quotes, a byte order mark, padding and the like. */
  notices: string[];
}

/** It asks nobody, and throws for misuse only: whatever the hash, its format or its extra hold is explained. */
export declare function explainHash(stored: Text, options?: HashOptions | null): Explanation;
/**
 * The same, for what a verb would take.
 * @throws {HashNotImportableError} for what a verb would answer `rejected` for
 */
export declare function requireImportable(stored: Text, options?: HashOptions | null): Explanation;

type Setting = Optional<string | number | bigint | boolean>;

/** What is left out is read from the environment, once, when the migrator is built. */
export interface Settings {
  domain?: Setting;
  client_id?: Setting;
  client_secret?: Setting;
  previous_client_secret?: Setting;
  audience?: Setting;
  /** Path of the ledger on a local disk, or `memory`. */
  ledger?: Setting;
  /** One access token, sealed in the ledger, for all processes of the host. */
  share_token?: Setting;
  /** Seconds that a verb may take at most. */
  deadline?: Setting;
  /** Of all processes of the ledger, whatever is learnt of Kinde's limit. */
  max_calls_per_minute?: Setting;
  max_in_flight?: Setting;
  /** Share of Kinde's limits, once they are learnt, that is used. */
  use_at_most?: Setting;
  on_existing?: Optional<'update' | 'keep' | 'update_unclaimed' | ''>;
  /** Leaves everybody alone whose `email_verified` is not true. */
  require_verified_email?: Setting;
  /** Leaves everybody alone who comes without a `provided_id`. */
  require_provided_id?: Setting;
  /** Delivers what is owed on a thread of this process. It keeps no process alive. */
  drain_in_background?: Setting;
  send_plaintext?: Setting;
  bcrypt_cost?: Setting;
  /** Sends the stored hash, once the typed password has proved its mapping. */
  verify_mapping?: Setting;
  allow_guesses?: Setting;
  proxy?: Setting;
  clientId?: Setting;
  clientSecret?: Setting;
  previousClientSecret?: Setting;
  shareToken?: Setting;
  maxCallsPerMinute?: Setting;
  maxInFlight?: Setting;
  useAtMost?: Setting;
  onExisting?: Optional<'update' | 'keep' | 'update_unclaimed' | ''>;
  requireVerifiedEmail?: Setting;
  requireProvidedId?: Setting;
  drainInBackground?: Setting;
  sendPlaintext?: Setting;
  bcryptCost?: Setting;
  verifyMapping?: Setting;
  allowGuesses?: Setting;
}

/** Carries users into Kinde. Nothing is opened and no thread started before the first verb. */
export declare class Migrator {
  /** @throws {MigratorError} what is missing or cannot be used */
  constructor(settings?: Settings | null);
  /** All settings from the environment. */
  static fromEnv(): Migrator;
  /** After the legacy system has accepted a sign-in or written a sign-up. */
  migrate(user: User, credential?: Credential | null): Promise<Outcome>;
  /** After the legacy system has changed a password. */
  changePassword(user: User, credential: Credential): Promise<Outcome>;
  /** When a password is known to be out of date. */
  requestReset(user: User): Promise<Outcome>;
  /** Delivers what is owed and due; `deadline` is in seconds. */
  drain(options?: { max?: number; deadline?: number } | null): Promise<Drained>;
  /** It calls nobody. */
  status(): Promise<LedgerStatus>;
  /**
   * To be called when the process is told to end, once the server has answered its last request. Nothing more is accepted;
   * verbs that `unbroken` holds back are begun; what is under way is waited for `timeout` seconds (5 unless said), and what
   * has not arrived by then goes to the outbox. Then connections and ledger are let go.
   */
  close(options?: { timeout?: number } | null): Promise<Closed>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Misuse or misconfiguration; `code` is stable and the same in every language. */
export declare class MigratorError extends Error {
  constructor(code: Code, message: string, options?: ErrorOptions);
  readonly code: Code;
}

/** A stored hash that no verb would carry over; `code` is what the outcome's `reason` would be. */
export declare class HashNotImportableError extends MigratorError {
  constructor(
    code: Code,
    message: string,
    why: { format: string | null; reason: string; advice: string },
    options?: ErrorOptions,
  );
  /** Null where it is not known. */
  readonly format: string | null;
  /** Why, in words. */
  readonly reason: string;
  /** What to do instead, in words. */
  readonly advice: string;
}
