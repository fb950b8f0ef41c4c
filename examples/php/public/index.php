<?php
require __DIR__ . '/../app.php';

page(($user = current_user()) ? "Hello, $user[email]" : 'Hello', []);
