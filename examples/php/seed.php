<?php
// Users as the legacy application has had them for years: `php seed.php [NUMBER]`.

require __DIR__ . '/app.php';

for ($number = 1; $number <= (int) ($argv[1] ?? 5); $number++) {
    $added = add_user("user$number@php.example", "legacy password $number");
    echo "user$number@php.example", $added ? '' : ' is there already', "\n";
}
