<?php

declare(strict_types=1);

namespace Kontor;

/**
 * Whatever goes wrong in here, the shop goes on.
 */
final class Guard
{
    public static function quietly(callable $work): void
    {
        try {
            $work();
        } catch (\Throwable $error) {
            // The sentence may quote a shopper's words; the place alone tells enough.
            self::log(get_class($error) . ' at ' . basename($error->getFile()) . ':' . $error->getLine());
        }
    }

    public static function log(string $what): void
    {
        if (function_exists('wc_get_logger')) {
            wc_get_logger()->warning($what, ['source' => 'kontor']);
        }
    }
}
