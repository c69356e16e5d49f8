<?php

/**
 * Plugin Name:          Kontor
 * Description:          Connects your shop with Kontor, which reminds people of carts they left.
 * Version:              1.0.0
 * Requires at least:    6.2
 * Requires PHP:         7.4
 * Requires Plugins:     woocommerce
 * WC requires at least: 7.0
 * WC tested up to:      9.9
 * License:              MIT
 * Text Domain:          kontor
 * Domain Path:          /languages
 */

declare(strict_types=1);

namespace Kontor;

if (!defined('ABSPATH')) {
    exit;
}

spl_autoload_register(static function (string $class): void {
    $own = __NAMESPACE__ . '\\';
    $file = __DIR__ . '/includes/' . substr($class, strlen($own)) . '.php';
    if (strpos($class, $own) === 0 && is_readable($file)) {
        require_once $file;
    }
});

Plugin::start(__FILE__);
