<?php

declare(strict_types=1);

namespace Kontor;

/**
 * What a visitor sent: one line of plain text, whatever it was. Nobody else reads it.
 */
final class Input
{
    public static function query(string $name): string
    {
        return self::line($_GET, $name);
    }

    public static function posted(string $name): string
    {
        return self::line($_POST, $name);
    }

    /**
     * @param array<string, mixed> $from
     */
    private static function line(array $from, string $name): string
    {
        $said = $from[$name] ?? '';
        return is_string($said) ? sanitize_text_field(wp_unslash($said)) : '';
    }
}
