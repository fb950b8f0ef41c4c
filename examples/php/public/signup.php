<?php
require __DIR__ . '/../app.php';

const FIELDS = ['email' => 'E-mail', 'password' => 'Password'];

if (!is_post()) {
    page('Sign up', FIELDS);
}
$email = field('email');
$password = field('password');
if (!filter_var($email, FILTER_VALIDATE_EMAIL, FILTER_FLAG_EMAIL_UNICODE)) {
    page('That is no e-mail address', FIELDS, 400);
}
$user = add_user($email, $password) ?: page('There is such a user already', FIELDS, 409);

carry('migrate', $user, $password);

welcome($user);
