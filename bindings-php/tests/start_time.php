<?php
// What loading the extension adds to PHP's start, in time of the processor: the least of many alternating
// runs, so that whatever else the machine does weighs on neither. Fails above 2 ms.

[, $module] = $argv;

function used(): float
{
    $usage = getrusage(1);
    return ($usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']) * 1e3 + ($usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec']) / 1e3;
}

function once(array $options): float
{
    $before = used();
    if (proc_close(proc_open([PHP_BINARY, '-n', ...$options, '-r', ''], [['file', '/dev/null', 'r']], $pipes)) !== 0) {
        exit('PHP does not start with ' . implode(' ', $options) . "\n");
    }
    return used() - $before;
}

$with = $without = [];
for ($run = 0; $run < 100; $run++) {
    $without[] = once([]);
    $with[] = once(['-d', "extension=$module"]);
}
$added = min($with) - min($without);
printf("PHP starts in %.2f ms, with the extension in %.2f ms: %.2f ms added\n", min($without), min($with), $added);
exit($added > 2 ? 1 : 0);
