<?php

declare(strict_types=1);

namespace Kontor;

/**
 * The plugin's tables and options: made, brought up to date, and removed.
 */
final class Install
{
    private const LAYOUT = 1;
    private const OPTIONS = [
        'kontor_layout',
        'kontor_connection',
        'kontor_address',
        'kontor_link_key',
        'kontor_sending',
    ];
    private const TABLES = ['kontor_carts', 'kontor_queue'];

    public static function activate(): void
    {
        self::makeTables();
        if (!get_option('kontor_link_key')) {
            update_option('kontor_link_key', bin2hex(random_bytes(32)), false);
        }
        update_option('kontor_layout', self::LAYOUT, true);
        Schedule::hourly();
    }

    /**
     * An update runs no activation, and neither does a new site of a network.
     */
    public static function upgrade(): void
    {
        if ((int) get_option('kontor_layout') < self::LAYOUT) {
            self::activate();
        }
    }

    public static function deactivate(): void
    {
        Schedule::nothing();
    }

    public static function removeEverywhere(): void
    {
        if (!is_multisite()) {
            self::remove();
            return;
        }
        foreach (get_sites(['fields' => 'ids', 'number' => 0]) as $site) {
            switch_to_blog((int) $site);
            self::remove();
            restore_current_blog();
        }
    }

    public static function remove(): void
    {
        global $wpdb;
        Schedule::nothing();
        foreach (self::TABLES as $table) {
            $wpdb->query('DROP TABLE IF EXISTS ' . $wpdb->prefix . $table);
        }
        foreach (self::OPTIONS as $option) {
            delete_option($option);
        }
    }

    private static function makeTables(): void
    {
        global $wpdb;
        require_once ABSPATH . 'wp-admin/includes/upgrade.php';
        $collate = $wpdb->get_charset_collate();
        dbDelta("CREATE TABLE {$wpdb->prefix}kontor_carts (
            id varchar(32) NOT NULL,
            content longtext NOT NULL,
            changed_at bigint(20) unsigned NOT NULL,
            PRIMARY KEY  (id),
            KEY changed_at (changed_at)
        ) $collate;");
        dbDelta("CREATE TABLE {$wpdb->prefix}kontor_queue (
            id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
            subject varchar(80) NOT NULL,
            topic varchar(40) NOT NULL,
            body longtext NOT NULL,
            added_at bigint(20) unsigned NOT NULL,
            PRIMARY KEY  (id),
            UNIQUE KEY subject (subject)
        ) $collate;");
    }
}
