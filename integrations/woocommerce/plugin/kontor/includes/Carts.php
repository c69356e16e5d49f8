<?php

declare(strict_types=1);

namespace Kontor;

/**
 * What was in the carts that were reported, so that a link brings it back. It names nobody.
 */
final class Carts
{
    public const KEPT = 45 * DAY_IN_SECONDS;

    /**
     * @param array<int, array<string, mixed>> $lines
     */
    public static function keep(string $id, array $lines, int $now): void
    {
        global $wpdb;
        $row = ['id' => $id, 'content' => (string) wp_json_encode($lines), 'changed_at' => $now];
        $wpdb->replace(self::table(), $row, ['%s', '%s', '%d']);
    }

    /**
     * @return array<int, array<string, mixed>>|null
     */
    public static function lines(string $id): ?array
    {
        global $wpdb;
        $asked = $wpdb->prepare('SELECT content FROM ' . self::table() . ' WHERE id = %s', $id);
        $kept = json_decode((string) $wpdb->get_var($asked), true);
        return is_array($kept) ? array_values(array_filter($kept, 'is_array')) : null;
    }

    public static function tidy(int $now): void
    {
        global $wpdb;
        $old = $wpdb->prepare('DELETE FROM ' . self::table() . ' WHERE changed_at < %d', $now - self::KEPT);
        $wpdb->query($old);
    }

    private static function table(): string
    {
        global $wpdb;
        return $wpdb->prefix . 'kontor_carts';
    }
}
