<?php

/**
 * What the tests do and say.
 */

declare(strict_types=1);

namespace KontorTests;

use Ended;
use Kontor\Connection;
use Kontor\Visitor;

const ADDRESS = 'https://kontor.example';
const SECRET = '5ec2e7005ec2e7005ec2e7005ec2e7005ec2e7005ec2e7005ec2e7005ec2e700';
const TOLD = [
    'address' => ADDRESS,
    'merchant' => 'merchant_key',
    'door' => ADDRESS . '/webhooks/woocommerce/door',
    'secret' => SECRET,
    'store' => 'shop.example',
    'mark' => '0123456789abcdef',
    'wording' => ['en' => 'Yes, you may write to me.', 'de' => 'Ja, Sie dürfen mir schreiben.'],
];

function begin_anew(string $folder): void
{
    $GLOBALS['wpdb'] = new \StandInDb($folder . '/' . bin2hex(random_bytes(6)) . '.sqlite');
    foreach (['hooks', 'routes', 'scripts', 'menu', 'logged', 'notices', 'orders', 'checkout_fields'] as $name) {
        $GLOBALS[$name] = [];
    }
    unset($GLOBALS['others'], $GLOBALS['is_running'], $GLOBALS['is_checkout'], $GLOBALS['product']);
    $GLOBALS['user'] = 0;
    $GLOBALS['locale'] = 'en_US';
    $_GET = $_POST = $_REQUEST = [];
    \Kontor\Plugin::start(FOLDER . '/kontor.php');
    do_action('plugins_loaded');
    comes();
}

/**
 * Somebody opens the shop: a new visitor, or one who was there before.
 */
function comes(string $who = '', int $user = 0): string
{
    $who = $who ?: bin2hex(random_bytes(8));
    $GLOBALS['user'] = $user;
    unset($GLOBALS['hooks']['shutdown'][20]);
    WC()->visitedBy($who);
    return $who;
}

/**
 * The page is sent, and what is left to do is done.
 */
function page_ends(): void
{
    do_action('shutdown');
}

function connect(array $changed = []): Connection
{
    $connection = Connection::of($changed + TOLD);
    same(true, $connection !== null);
    $connection->keep();
    return $connection;
}

/**
 * What waits to be sent: topic and body of each.
 */
function waiting(): array
{
    $rows = [];
    foreach (\Kontor\Queue::first(5000) as $row) {
        $rows[] = [$row->topic, json_decode($row->body, true)];
    }
    return $rows;
}

function topics(): array
{
    return array_column(waiting(), 0);
}

/**
 * Kontor answers each call with the next of these statuses; 0 is no answer. What it was told is returned.
 */
function kontor_answers(int ...$statuses): \ArrayObject
{
    $heard = new \ArrayObject();
    $GLOBALS['others'] = static function (string $url, array $told) use (&$statuses, $heard) {
        $heard[] = ['url' => $url] + $told;
        $status = $statuses ? array_shift($statuses) : 200;
        return $status === 0 ? new \WP_Error('http_request_failed', '') : ['response' => ['code' => $status]];
    };
    return $heard;
}

function posted(array $form): void
{
    $_POST = $_REQUEST = $form;
}

function agrees(string $email, bool $agreed = true, array $changed = []): int
{
    posted($changed + [
        'nonce' => wp_create_nonce('kontor-agree'),
        'wording' => md5(TOLD['wording']['en']),
        'email' => $email,
        'agreed' => $agreed ? '1' : '0',
    ]);
    $status = ends(static function (): void {
        do_action('wc_ajax_kontor_agree');
    })->getCode();
    page_ends();
    return $status;
}

/**
 * How the page ended that this leads to.
 */
function ends(callable $work): Ended
{
    try {
        $work();
    } catch (Ended $ended) {
        return $ended;
    }
    throw new \RuntimeException('the page did not end');
}

function shown(callable $work): string
{
    ob_start();
    try {
        $work();
    } finally {
        $text = (string) ob_get_clean();
    }
    return $text;
}

function visitor(): Visitor
{
    return Visitor::current();
}

function same($wanted, $found): void
{
    if ($wanted !== $found) {
        throw new \RuntimeException('wanted ' . json_encode($wanted) . ', found ' . json_encode($found));
    }
}

function has(string $part, string $whole): void
{
    if (strpos($whole, $part) === false) {
        throw new \RuntimeException("no '$part' in '$whole'");
    }
}

function lacks(string $part, string $whole): void
{
    if (strpos($whole, $part) !== false) {
        throw new \RuntimeException("'$part' in '$whole'");
    }
}
