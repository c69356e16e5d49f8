<?php

declare(strict_types=1);

namespace KontorTests;

use Kontor\Queue;
use Kontor\Sender;

return [
    'nothing is kept for a Kontor that nobody knows' => static function (): void {
        Queue::add('kontor.cart', 'a', ['id' => 'a']);
        same([], waiting());
    },
    'news of a subject takes the place of what waits about it' => static function (): void {
        connect();
        Queue::add('kontor.cart', 'a', ['total' => '1']);
        Queue::add('kontor.cart', 'b', ['total' => '2']);
        Queue::add('kontor.cart', 'a', ['total' => '3']);
        same(['2', '3'], array_column(array_column(waiting(), 1), 'total'));
    },
    'what is sent is signed over the very bytes, with its topic inside' => static function (): void {
        connect();
        Queue::add('kontor.cart', 'a', ['name' => 'Kännchen/"1"']);
        $heard = kontor_answers(200);
        Sender::run();
        same(TOLD['door'], $heard[0]['url']);
        same(0, $heard[0]['redirection']);
        $signed = base64_encode(hash_hmac('sha256', $heard[0]['body'], SECRET, true));
        same($signed, $heard[0]['headers']['X-WC-Webhook-Signature']);
        same('kontor.cart', $heard[0]['headers']['X-WC-Webhook-Topic']);
        same('kontor.cart', json_decode($heard[0]['body'], true)['topic']);
        same([], waiting());
    },
    'while Kontor is down it is tried once, then rested, longer each time, and nothing is lost' => static function (): void {
        connect();
        foreach (['a', 'b', 'c'] as $subject) {
            Queue::add('kontor.cart', $subject, []);
        }
        $rests = [];
        foreach ([0, 500, 401, 302, 0, 0, 0, 0, 0] as $status) {
            $heard = kontor_answers($status);
            Sender::run();
            same(1, count($heard));
            $state = get_option('kontor_sending');
            $rests[] = (int) round(($state['rests_until'] - time()) / 60);
            Sender::run();
            same(1, count($heard));
            update_option('kontor_sending', ['rests_until' => 0] + $state);
        }
        same([1, 2, 4, 8, 16, 32, 60, 60, 60], $rests);
        same(3, Queue::count());
        same('no answer', Sender::trouble());
        $heard = kontor_answers(200, 200, 200);
        Sender::run();
        same([3, 0, ''], [count($heard), Queue::count(), Sender::trouble()]);
    },
    'what waits is sent when the rest is over' => static function (): void {
        connect();
        Queue::add('kontor.cart', 'a', []);
        kontor_answers(0);
        run_what_is_due();
        same(0, run_what_is_due());
        $heard = kontor_answers(200);
        update_option('kontor_sending', ['rests_until' => 0] + get_option('kontor_sending'));
        run_what_is_due(61);
        same([1, 0], [count($heard), Queue::count()]);
    },
    'what Kontor will never take is dropped and counted' => static function (): void {
        connect();
        Queue::add('kontor.cart', 'a', []);
        Queue::add('kontor.cart', 'b', []);
        kontor_answers(413, 200);
        Sender::run();
        same([0, 1], [Queue::count(), Sender::dropped()]);
    },
    'no more than a thousand wait, and the oldest go first' => static function (): void {
        connect();
        for ($number = 1; $number <= Queue::MOST + 5; $number++) {
            Queue::add('kontor.cart', (string) $number, ['number' => $number]);
        }
        same([Queue::MOST, 5], [Queue::count(), Sender::dropped()]);
        same(6, waiting()[0][1]['number']);
    },
    'after three days it is given up' => static function (): void {
        global $wpdb;
        connect();
        Queue::add('kontor.cart', 'old', []);
        $wpdb->query('UPDATE wp_kontor_queue SET added_at = added_at - ' . (Queue::GIVEN_UP_AFTER + 60));
        Queue::add('kontor.cart', 'new', []);
        do_action('kontor_tidy');
        same([1, 1], [Queue::count(), Sender::dropped()]);
        has('were dropped', implode($GLOBALS['logged']));
    },
    'a lost action is made good by the hourly look' => static function (): void {
        connect();
        Queue::add('kontor.cart', 'a', []);
        wp_clear_scheduled_hook('kontor_send');
        do_action('kontor_tidy');
        same(true, wp_next_scheduled('kontor_send') !== false);
    },
    'one thing to do later is enough, and one that runs already is not trusted with more' => static function (): void {
        global $wpdb;
        connect();
        Queue::add('kontor.cart', 'a', []);
        Queue::add('kontor.cart', 'b', []);
        $counted = "SELECT COUNT(*) FROM later WHERE hook = 'kontor_send'";
        same(1, (int) $wpdb->get_var($counted));
        $GLOBALS['is_running'] = true;
        Queue::add('kontor.cart', 'c', []);
        same(2, (int) $wpdb->get_var($counted));
    },
    'a broken database breaks nothing of the shop' => static function (): void {
        global $wpdb;
        connect();
        WC()->cart->add_to_cart(11);
        agrees('eve@example.test');
        $wpdb->broken = true;
        WC()->cart->add_to_cart(12);
        page_ends();
        Sender::run();
        $wpdb->broken = false;
        same(['kontor.consent', 'kontor.cart'], topics());
    },
];
