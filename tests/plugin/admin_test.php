<?php

declare(strict_types=1);

namespace KontorTests;

use Kontor\Address;
use Kontor\AdminPage;
use Kontor\Connection;
use Kontor\Token;

function claims(string $token): array
{
    return json_decode((string) base64_decode(strtr(explode('.', $token)[1], '-_', '+/')), true);
}

return [
    'only who may manage the shop may speak for it' => static function (): void {
        foreach ([0 => 401, 7 => 403, 1 => 200] as $user => $status) {
            $GLOBALS['user'] = $user;
            foreach (['GET', 'DELETE'] as $method) {
                same($status, rest_answer($method, '/wc-kontor/v1/connection', null)[0]);
            }
            same($status, rest_answer('POST', '/wc-kontor/v1/connection', TOLD)[0]);
        }
    },
    'Kontor introduces itself, is known, and is forgotten' => static function (): void {
        $GLOBALS['user'] = 1;
        $route = '/wc-kontor/v1/connection';
        same(['waiting', ''], [rest_answer('GET', $route, null)[1]['state'], rest_answer('GET', $route, null)[1]['mark']]);
        $said = rest_answer('POST', $route, TOLD)[1];
        same(['connected', TOLD['mark']], [$said['state'], $said['mark']]);
        same('https://shop.example/wp-admin/admin.php?page=kontor', $said['admin']);
        same(false, strpos((string) json_encode($said), SECRET));
        \Kontor\Queue::add('kontor.cart', 'a', []);
        same('waiting', rest_answer('DELETE', $route, null)[1]['state']);
        same([null, 0], [Connection::current(), \Kontor\Queue::count()]);
    },
    'what is no connection is refused' => static function (): void {
        $wrong = [
            ['address' => 'http://kontor.example'],
            ['address' => 'https://kontor.example/path'],
            ['address' => 'javascript:alert(1)'],
            ['door' => 'https://other.example/webhooks/woocommerce/x'],
            ['door' => 'https://kontor.example.evil/x'],
            ['secret' => 'short'],
            ['merchant' => '../..'],
            ['store' => 'a b'],
            ['mark' => ''],
            ['wording' => []],
            ['wording' => ['en' => str_repeat('x', 2000)]],
        ];
        foreach ($wrong as $changed) {
            same(null, Connection::of($changed + TOLD));
        }
    },
    'what a shopper agrees to is plain text' => static function (): void {
        same('Yes', connect(['wording' => ['en' => '<script>Yes</script>']])->wording['en']);
    },
    'a token names the shop, Kontor and who looks, for a minute' => static function (): void {
        $connection = connect();
        $now = 1_800_000_000;
        $token = Token::sign($connection, 1, $now);
        $claims = claims($token);
        same(['https://shop.example', ADDRESS, '1'], [$claims['iss'], $claims['aud'], $claims['sub']]);
        same([$now, $now + 60], [$claims['iat'], $claims['exp']]);
        [$head, $body, $signed] = explode('.', $token);
        $key = hash_hmac('sha256', 'frame', SECRET);
        $wanted = rtrim(strtr(base64_encode(hash_hmac('sha256', "$head.$body", $key, true)), '+/', '-_'), '=');
        same($wanted, $signed);
        same(false, $claims['jti'] === claims(Token::sign($connection, 1, $now))['jti']);
    },
    'a token is given to whoever manages the shop, on her own page' => static function (): void {
        connect();
        $asked = static function (int $user, string $nonce): int {
            $GLOBALS['user'] = $user;
            posted(['nonce' => $nonce ?: wp_create_nonce('kontor-token')]);
            return ends([AdminPage::class, 'giveToken'])->getCode();
        };
        same([200, 403, 403], [$asked(1, ''), $asked(7, ''), $asked(1, 'x')]);
        Connection::forget();
        same(409, $asked(1, ''));
    },
    'the way to connect leads to the Kontor that was typed, with the shop filled in' => static function (): void {
        $GLOBALS['user'] = 1;
        posted(['_wpnonce' => wp_create_nonce('kontor-connect'), 'address' => ' kontor.example/ ']);
        $where = ends([AdminPage::class, 'connect'])->getMessage();
        $told = http_build_query(['address' => 'https://shop.example/', 'email' => 'owner@shop.example']);
        same('https://kontor.example/connect/woocommerce?' . $told, $where);
        same('https://kontor.example', Address::known());
        posted(['_wpnonce' => wp_create_nonce('kontor-connect')]);
        same($where, ends([AdminPage::class, 'connect'])->getMessage());
    },
    'what is no address leads nowhere' => static function (): void {
        $GLOBALS['user'] = 1;
        foreach (['http://kontor.example', 'ftp://x.example', 'https://', 'https://user:x@kontor.example', 'javascript:1'] as $bad) {
            posted(['_wpnonce' => wp_create_nonce('kontor-connect'), 'address' => $bad]);
            has('kontor-fault=1', ends([AdminPage::class, 'connect'])->getMessage());
        }
        $_GET = ['kontor-fault' => '1'];
        has('role="alert"', shown([AdminPage::class, 'show']));
    },
    'nobody else connects the shop, nor sends its owner to' => static function (): void {
        $GLOBALS['user'] = 7;
        posted(['_wpnonce' => wp_create_nonce('kontor-connect'), 'address' => 'kontor.example']);
        ends([AdminPage::class, 'connect']);
        $GLOBALS['user'] = 1;
        posted(['_wpnonce' => 'x', 'address' => 'kontor.example']);
        ends([AdminPage::class, 'connect']);
        same('', Address::known());
    },
    'the page shows Kontor in a frame, or the way to connect' => static function (): void {
        $GLOBALS['user'] = 1;
        has('Connect this shop', shown([AdminPage::class, 'show']));
        connect();
        $page = shown([AdminPage::class, 'show']);
        has('src="https://kontor.example/woocommerce?kontor_token=', $page);
        lacks('notice-warning', $page);
        \Kontor\Queue::add('kontor.cart', 'a', []);
        kontor_answers(0);
        \Kontor\Sender::run();
        has('Kontor does not answer just now', shown([AdminPage::class, 'show']));
        $GLOBALS['user'] = 7;
        ends([AdminPage::class, 'show']);
    },
    'without WooCommerce it says what it needs' => static function (): void {
        $GLOBALS['user'] = 1;
        has('Kontor needs WooCommerce', shown([AdminPage::class, 'needsWooCommerce']));
    },
];
