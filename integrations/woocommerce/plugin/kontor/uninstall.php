<?php

/**
 * The plugin is deleted: its tables, settings and tasks go. The marks of parcels
 * end by themselves within 30 days, and orders keep the number of their cart.
 */

declare(strict_types=1);

namespace Kontor;

if (!defined('WP_UNINSTALL_PLUGIN')) {
    exit;
}

require_once __DIR__ . '/includes/Schedule.php';
require_once __DIR__ . '/includes/Install.php';

Install::removeEverywhere();
