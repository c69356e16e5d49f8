<?php

declare(strict_types=1);

/**
 * Makes a table as the plugin describes it to MySQL; SQLite is told the same in its own words.
 */
function dbDelta(string $described): void
{
    global $wpdb;
    preg_match('/CREATE TABLE (\w+) \((.*)\)\s*[^)]*;$/s', trim($described), $parts);
    $columns = [];
    foreach (array_map('trim', preg_split('/,\s*\n/', $parts[2])) as $line) {
        if (preg_match('/^PRIMARY KEY  \((\w+)\)$/', $line, $key)) {
            if (strpos(implode(' ', $columns), 'AUTOINCREMENT') === false) {
                $columns[] = "PRIMARY KEY ($key[1])";
            }
        } elseif (preg_match('/^UNIQUE KEY \w+ \((\w+)\)$/', $line, $key)) {
            $columns[] = "UNIQUE ($key[1])";
        } elseif (!preg_match('/^KEY /', $line)) {
            $line = str_replace('bigint(20) unsigned NOT NULL AUTO_INCREMENT', 'INTEGER PRIMARY KEY AUTOINCREMENT', $line);
            $columns[] = preg_replace('/(bigint|varchar)\(\d+\)( unsigned)?/', '$1', $line);
        }
    }
    $wpdb->query("CREATE TABLE IF NOT EXISTS $parts[1] (" . implode(', ', $columns) . ')');
}
