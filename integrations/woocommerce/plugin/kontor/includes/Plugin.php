<?php

declare(strict_types=1);

namespace Kontor;

/**
 * What the plugin consists of. Without WooCommerce it only says that it needs it.
 */
final class Plugin
{
    public const VERSION = '1.0.0';

    private const PARTS = [
        Rest::class,
        AdminPage::class,
        Agreement::class,
        Reporter::class,
        Restore::class,
        Shipments::class,
        SoldOut::class,
        Sender::class,
        Privacy::class,
    ];

    /** @var string */
    private static $file = '';

    public static function start(string $file): void
    {
        self::$file = $file;
        register_activation_hook($file, [Install::class, 'activate']);
        register_deactivation_hook($file, [Install::class, 'deactivate']);
        add_action('before_woocommerce_init', [self::class, 'declareCompatible']);
        add_action('plugins_loaded', [self::class, 'load']);
        add_action('init', [self::class, 'loadWords']);
    }

    public static function load(): void
    {
        if (!class_exists('WooCommerce')) {
            add_action('admin_notices', [AdminPage::class, 'needsWooCommerce']);
            return;
        }
        Install::upgrade();
        foreach (self::PARTS as $part) {
            $part::hook();
        }
    }

    public static function loadWords(): void
    {
        load_plugin_textdomain('kontor', false, dirname(plugin_basename(self::$file)) . '/languages');
    }

    /**
     * Orders are only ever touched by WooCommerce's own objects, and both kinds of checkout are known.
     */
    public static function declareCompatible(): void
    {
        $features = 'Automattic\WooCommerce\Utilities\FeaturesUtil';
        if (class_exists($features)) {
            $features::declare_compatibility('custom_order_tables', self::$file, true);
            $features::declare_compatibility('cart_checkout_blocks', self::$file, true);
        }
    }

    public static function asset(string $name): string
    {
        return plugins_url('assets/' . $name, self::$file);
    }

    /**
     * Where Kontor is, as whoever packed the plugin wrote it in; "" where nobody did.
     */
    public static function packedFor(): string
    {
        $address = require dirname(self::$file) . '/address.php';
        return is_string($address) ? $address : '';
    }
}
