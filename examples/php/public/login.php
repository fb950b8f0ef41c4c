<?php
require __DIR__ . '/../app.php';

const FIELDS = ['email' => 'E-mail', 'password' => 'Password'];

if (!is_post()) {
    page('Sign in', FIELDS);
}
$password = field('password');
$user = check_password(field('email'), $password) ?? page('Wrong e-mail or password', FIELDS, 401);

carry('migrate', $user, $password);

welcome($user);
