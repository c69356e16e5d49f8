<?php

declare(strict_types=1);

namespace Kontor;

/**
 * Where Kontor is. By HTTPS only: customers' addresses travel there.
 */
final class Address
{
    private const OPTION = 'kontor_address';

    /**
     * As it was set in wp-config.php, typed in the admin, or written in when the plugin was packed.
     */
    public static function known(): string
    {
        $set = defined('KONTOR_ADDRESS') ? constant('KONTOR_ADDRESS') : get_option(self::OPTION);
        $address = is_string($set) && $set !== '' ? $set : Plugin::packedFor();
        return rtrim($address, '/');
    }

    public static function keep(string $address): void
    {
        update_option(self::OPTION, $address, false);
    }

    /**
     * What was typed, as an address; "" where it is none.
     */
    public static function typed(string $text): string
    {
        $text = trim($text);
        $full = preg_match('~^[a-z]+://~i', $text) ? $text : 'https://' . $text;
        $address = rtrim(esc_url_raw($full, ['https', 'http']), '/');
        return self::isUsable($address) ? $address : '';
    }

    public static function isUsable(string $address): bool
    {
        $parts = wp_parse_url($address);
        if (!is_array($parts) || empty($parts['host']) || isset($parts['user']) || isset($parts['query'])) {
            return false;
        }
        if (isset($parts['path']) || isset($parts['fragment'])) {
            return false;
        }
        $isLocal = in_array($parts['host'], ['localhost', '127.0.0.1'], true);
        if (!$isLocal && strpos($parts['host'], '.') === false) {
            return false;
        }
        return $parts['scheme'] === 'https' || ($parts['scheme'] === 'http' && $isLocal);
    }
}
