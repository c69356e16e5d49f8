<?php

declare(strict_types=1);

namespace Kontor;

/**
 * What Kontor is still to be told: rows that outlive a crash, never more than a stated number, never for ever.
 */
final class Queue
{
    public const MOST = 1000;
    public const GIVEN_UP_AFTER = 3 * DAY_IN_SECONDS;

    /**
     * News of a subject takes the place of what waits about it. Without a connection there is nobody to tell.
     *
     * @param array<string, mixed> $told
     */
    public static function add(string $topic, string $subject, array $told): void
    {
        global $wpdb;
        $now = time();
        $body = wp_json_encode(['topic' => $topic] + $told);
        if ($body === false || Connection::current() === null) {
            return;
        }
        $row = ['subject' => $topic . ':' . $subject, 'topic' => $topic, 'body' => $body, 'added_at' => $now];
        $wpdb->replace(self::table(), $row, ['%s', '%s', '%s', '%d']);
        self::bound();
        Schedule::sendAt($now);
    }

    /**
     * @return array<int, object>
     */
    public static function first(int $most): array
    {
        global $wpdb;
        $asked = 'SELECT id, topic, body FROM ' . self::table() . ' ORDER BY id LIMIT %d';
        $rows = $wpdb->get_results($wpdb->prepare($asked, $most));
        return is_array($rows) ? $rows : [];
    }

    public static function remove(int $id): void
    {
        global $wpdb;
        $wpdb->delete(self::table(), ['id' => $id], ['%d']);
    }

    public static function count(): int
    {
        global $wpdb;
        return (int) $wpdb->get_var('SELECT COUNT(*) FROM ' . self::table());
    }

    public static function clear(): void
    {
        global $wpdb;
        $wpdb->query('DELETE FROM ' . self::table());
    }

    /**
     * What nobody took for so long would tell of a cart that is old news.
     */
    public static function giveUp(int $now): void
    {
        global $wpdb;
        $late = 'DELETE FROM ' . self::table() . ' WHERE added_at < %d';
        Sender::noteDropped((int) $wpdb->query($wpdb->prepare($late, $now - self::GIVEN_UP_AFTER)));
    }

    /**
     * The oldest go first where there are too many.
     */
    private static function bound(): void
    {
        global $wpdb;
        $asked = 'SELECT id FROM ' . self::table() . ' ORDER BY id DESC LIMIT 1 OFFSET %d';
        $last = $wpdb->get_var($wpdb->prepare($asked, self::MOST));
        if ($last !== null) {
            $tooMany = $wpdb->prepare('DELETE FROM ' . self::table() . ' WHERE id <= %d', (int) $last);
            Sender::noteDropped((int) $wpdb->query($tooMany));
        }
    }

    private static function table(): string
    {
        global $wpdb;
        return $wpdb->prefix . 'kontor_queue';
    }
}
