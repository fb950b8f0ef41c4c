<?php
// The legacy application: a table of users, password_hash(), a session. Nothing here knows of Kinde but carry().

declare(strict_types=1);

session_start(['name' => 'legacy', 'cookie_httponly' => true, 'cookie_samesite' => 'Lax', 'use_strict_mode' => true]);

/**
 * Hands a user to Kinde, with the settings of php.ini or the environment. The stored hash is the version: while it stays the
 * same, this costs no call. The page does not depend on it: wrong settings, or an extension that is not loaded (an
 * Error, not an Exception), only go to the log.
 */
function carry(string $verb, array $user, #[\SensitiveParameter] string $password): void
{
    $start = hrtime(true);
    try {
        $outcome = (new KindeMigrate\Migrator())->$verb(
            ['email' => $user['email'], 'provided_id' => $user['id']],
            ['password' => $password, 'version' => $user['password_hash']],
        );
        log_outcome($outcome, $start);
    } catch (\Throwable $wrong) {
        error_log("kinde: {$wrong->getMessage()}");
    }
}

/** One line in the log: "kinde: created calls=3 ms=41.007". */
function log_outcome(KindeMigrate\Outcome $outcome, int $start): void
{
    $why = $outcome->reason === null ? '' : " ($outcome->reason: $outcome->message)";
    error_log(sprintf('kinde: %s calls=%d ms=%.3f%s', $outcome->status, $outcome->calls, (hrtime(true) - $start) / 1e6, $why));
}

function database(): PDO
{
    static $database = null;
    if ($database === null) {
        $database = new PDO('sqlite:' . (getenv('LEGACY_DATABASE') ?: __DIR__ . '/legacy.db'));
        $database->exec('PRAGMA busy_timeout = 5000');
        $database->exec('CREATE TABLE IF NOT EXISTS users (
            id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE COLLATE NOCASE, password_hash TEXT NOT NULL)');
    }
    return $database;
}

function query(string $sql, array $values): array|false
{
    $statement = database()->prepare($sql);
    $statement->execute($values);
    return $statement->fetch(PDO::FETCH_ASSOC);
}

/** The user, if this is their password. An unknown user takes as long as a wrong password. */
function check_password(string $email, string $password): ?array
{
    $user = query('SELECT * FROM users WHERE email = ?', [$email]);
    $nobody = '$2y$10$dbl92IV/dstTpTpAI7W73.VzMkJc8sV0MydywG04eQxRWl/Jyww2u';
    return password_verify($password, $user['password_hash'] ?? $nobody) && $user ? $user : null;
}

/** False if there is such a user already. */
function add_user(string $email, string $password): array|false
{
    return query(
        'INSERT INTO users (email, password_hash) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING *',
        [$email, password_hash($password, PASSWORD_DEFAULT)],
    );
}

function set_password(array $user, string $password): array
{
    return query('UPDATE users SET password_hash = ? WHERE id = ? RETURNING *', [password_hash($password, PASSWORD_DEFAULT), $user['id']]);
}

function current_user(): ?array
{
    return query('SELECT * FROM users WHERE id = ?', [$_SESSION['user'] ?? null]) ?: null;
}

/** Remembers the user in a new session and goes home. */
function welcome(array $user): never
{
    session_regenerate_id(true);
    $_SESSION['user'] = $user['id'];
    header('Location: /', response_code: 303);
    exit;
}

/** A field of the form that was sent; none of them may be empty. */
function field(string $name): string
{
    $value = $_POST[$name] ?? '';
    if (!is_string($value) || $value === '' || str_contains($value, "\0") || strlen($value) > 4096) {
        page('Fill in every field, please', [], 400);
    }
    return $value;
}

function is_post(): bool
{
    return $_SERVER['REQUEST_METHOD'] === 'POST';
}

/** A page with a form of these fields, or without one. */
function page(string $title, array $fields, int $status = 200): never
{
    http_response_code($status);
    header('Content-Type: text/html; charset=utf-8');
    echo '<!doctype html><meta name="viewport" content="width=device-width"><title>Legacy</title><h1>', htmlspecialchars($title), '</h1>';
    if ($fields) {
        echo '<form method="post">';
        foreach ($fields as $name => $label) {
            $type = $name === 'email' ? 'email' : 'password';
            echo "<p><label>$label <input name=\"$name\" type=\"$type\" required></label>";
        }
        echo '<p><button>Go</button></form>';
    }
    echo '<p><a href="/">Home</a> <a href="/login.php">Sign in</a> <a href="/signup.php">Sign up</a> <a href="/password.php">Change password</a>';
    exit;
}
