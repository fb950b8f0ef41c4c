<?php
require __DIR__ . '/../app.php';

const FIELDS = ['password' => 'Password', 'new_password' => 'New password'];

$user = current_user() ?? page('Sign in first', [], 401);
if (!is_post()) {
    page('Change password', FIELDS);
}
$password = field('new_password');
check_password($user['email'], field('password')) ?? page('Wrong password', FIELDS, 401);
$user = set_password($user, $password);

carry('changePassword', $user, $password);

welcome($user);
