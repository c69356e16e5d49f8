<?php

/**
 * The plugin is deleted: nothing of it stays in the shop.
 */

declare(strict_types=1);

namespace Kontor;

if (!defined('WP_UNINSTALL_PLUGIN')) {
    exit;
}

require_once __DIR__ . '/includes/Schedule.php';
require_once __DIR__ . '/includes/Install.php';

Install::removeEverywhere();
