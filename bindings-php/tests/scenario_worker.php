<?php
// Holds the migrator of one scenario: a process of its own, so that a restart is one. Requests come in and
// answers go out as lines of base64 of serialize(), because not every text of a scenario is UTF-8.

use KindeMigrate\Migrator;

$migrator = null;
while (($line = fgets(STDIN)) !== false) {
    [$what, $arguments] = unserialize(base64_decode($line), ['allowed_classes' => false]);
    try {
        if ($what === 'build') {
            $migrator = new Migrator(...$arguments);
            $answer = ['text' => print_r($migrator, true)];
        } elseif ($what === 'explain_hash' || $what === 'require_importable') {
            $explained = "KindeMigrate\\$what"(...$arguments);
            $answer = ['explained' => $explained, 'text' => print_r($explained, true)];
        } elseif ($what === 'drain' || $what === 'status') {
            $answer = ['figures' => $migrator->$what(...$arguments), 'text' => ''];
        } else {
            $outcome = $migrator->$what(...$arguments);
            $answer = ['outcome' => get_object_vars($outcome), 'text' => print_r($outcome, true)];
        }
    } catch (KindeMigrate\HashNotImportable $refused) {
        $why = ['code' => $refused->getErrorCode(), 'format' => $refused->format, 'reason' => $refused->reason, 'advice' => $refused->advice];
        $answer = ['refused' => $why, 'text' => (string) $refused];
    } catch (KindeMigrate\Exception $exception) {
        $answer = ['error' => $exception->getErrorCode(), 'text' => (string) $exception];
    } catch (TypeError $error) {
        $answer = ['error' => 'argument_type', 'text' => (string) $error];
    }
    echo base64_encode(serialize($answer)), "\n";
}
